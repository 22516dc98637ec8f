/** Serves a `Provider` to Pulumi engines over gRPC: protobuf in and out, sessions by connection, errors. */
import * as grpc from "@grpc/grpc-js";
import plugin from "@pulumi/pulumi/proto/plugin_pb.js";
import services from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import rpc from "@pulumi/pulumi/proto/provider_pb.js";
import empty from "google-protobuf/google/protobuf/empty_pb.js";
import { toServiceError } from "./errors.ts";
import type { Call, ChangeKind, DiffResult, Failure, PropertyChange, Provider, Session } from "./provider.ts";
import type { Value, Values } from "./value.ts";
import { isRecord } from "./value.ts";
import { decode, encode } from "./wire.ts";

export interface Endpoint {
  /** On 127.0.0.1, the only host that PULUMI_DEBUG_PROVIDERS can name. */
  readonly port: number;
  close(): Promise<void>;
}

type Unary<I, O> = (request: I, call: Call) => O | Promise<O>;

export async function serve(provider: Provider): Promise<Endpoint> {
  const server = new grpc.Server({ "grpc.max_receive_message_length": 400 * 1024 * 1024 });
  /** No request names its provider resource, but each has a connection of its own, which it configures first. */
  const sessions = new Map<string, Session>();
  const running = new Map<AbortController, Session>();
  /** One deployment's, or everything when the server closes: other engines' calls go on. */
  const cancel = (of?: Session) => {
    for (const [controller, session] of running) {
      if (of === undefined || of === session) controller.abort(new Error("the deployment was cancelled"));
    }
  };

  const unary =
    <I, O>(handler: Unary<I, O>): grpc.handleUnaryCall<I, O> =>
    (call, callback) => {
      const peer = call.getPeer();
      const session = sessions.get(peer) ?? { config: undefined };
      sessions.set(peer, session);
      const controller = new AbortController();
      running.set(controller, session);
      call.on("cancelled", () => controller.abort(new Error("the engine gave the call up")));
      const answer = async () => handler(call.request, { session, signal: controller.signal });
      answer()
        .then(
          (response) => callback(null, response),
          (error: unknown) => callback(toServiceError(error)),
        )
        .finally(() => running.delete(controller));
    };

  const info = () => new plugin.PluginInfo().setVersion(provider.version);
  server.addService(services.ResourceProviderService, {
    handshake: unary((_: rpc.ProviderHandshakeRequest) =>
      new rpc.ProviderHandshakeResponse().setAcceptSecrets(true).setSupportsAutonamingConfiguration(true),
    ),
    attach: unary(() => new empty.Empty()),
    getPluginInfo: unary(info),
    cancel: unary((_: empty.Empty, { session }) => {
      cancel(session);
      return new empty.Empty();
    }),
    checkConfig: unary((request: rpc.CheckRequest) => checked(provider.checkConfig(checkRequest(request)))),
    diffConfig: unary((request: rpc.DiffRequest) => diffed(provider.diffConfig(diffRequest(request)))),
    configure: unary(async (request: rpc.ConfigureRequest, call) => {
      call.session.config = decode(request.getArgs());
      await provider.configure(call.session.config, call);
      return new rpc.ConfigureResponse()
        .setAcceptsecrets(true)
        .setSupportspreview(true)
        .setSupportsAutonamingConfiguration(true);
    }),
    check: unary(async (request: rpc.CheckRequest, call) =>
      checked(await provider.check(checkRequest(request), call)),
    ),
    diff: unary(async (request: rpc.DiffRequest, call) =>
      diffed(await provider.diff(diffRequest(request), call)),
    ),
    create: unary(async (request: rpc.CreateRequest, call) => {
      const { id, outputs } = await provider.create(
        {
          ...identity(request),
          inputs: decode(request.getProperties()),
          timeoutSeconds: request.getTimeout(),
          preview: request.getPreview(),
        },
        call,
      );
      return new rpc.CreateResponse().setId(id).setProperties(encode(outputs));
    }),
    read: unary(async (request: rpc.ReadRequest, call) => {
      const properties = decode(request.getProperties());
      const inputs = decode(request.getInputs());
      const state = await provider.read(
        { ...identity(request), id: request.getId(), properties, inputs },
        call,
      );
      if (state === undefined) return new rpc.ReadResponse();
      return new rpc.ReadResponse()
        .setId(state.id)
        .setProperties(encode(state.outputs))
        .setInputs(encode(state.inputs));
    }),
    update: unary(async (request: rpc.UpdateRequest, call) => {
      const timeoutSeconds = request.getTimeout();
      const preview = request.getPreview();
      const outputs = await provider.update({ ...diffRequest(request), timeoutSeconds, preview }, call);
      return new rpc.UpdateResponse().setProperties(encode(outputs));
    }),
    delete: unary(async (request: rpc.DeleteRequest, call) => {
      const properties = decode(request.getProperties());
      const timeoutSeconds = request.getTimeout();
      await provider.delete({ ...identity(request), id: request.getId(), properties, timeoutSeconds }, call);
      return new empty.Empty();
    }),
    invoke: unary(async (request: rpc.InvokeRequest, call) => {
      const result = await provider.invoke(request.getTok(), decode(request.getArgs()), call);
      return new rpc.InvokeResponse().setReturn(encode(asRecord(result, request.getTok())));
    }),
  });

  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  return {
    port,
    close: async () => {
      cancel();
      server.forceShutdown();
    },
  };
}

interface Identified {
  getUrn(): string;
  getType(): string;
  getName(): string;
}

const identity = (request: Identified) => {
  const urn = request.getUrn();
  const [, , types = "", ...name] = urn.split("::");
  return {
    urn,
    type: request.getType() || (types.split("$").at(-1) ?? types),
    name: request.getName() || name.join("::"),
  };
};

const AUTONAMING_MODES = ["propose", "enforce", "disable"] as const;

function checkRequest(request: rpc.CheckRequest) {
  const autonaming = request.getAutonaming();
  return {
    ...identity(request),
    olds: decode(request.getOlds()),
    news: decode(request.getNews()),
    randomSeed: request.getRandomseed_asU8(),
    autonaming: autonaming && {
      proposedName: autonaming.getProposedName(),
      mode: AUTONAMING_MODES[autonaming.getMode()] ?? "propose",
    },
  };
}

const diffRequest = (request: rpc.DiffRequest | rpc.UpdateRequest) => ({
  ...identity(request),
  id: request.getId(),
  olds: decode(request.getOlds()),
  oldInputs: decode(request.getOldInputs()),
  news: decode(request.getNews()),
  ignoreChanges: request.getIgnorechangesList(),
});

function checked({ inputs, failures }: { inputs: Values; failures: readonly Failure[] }): rpc.CheckResponse {
  const list = failures.map(({ property, reason }) =>
    new rpc.CheckFailure().setProperty(property).setReason(reason),
  );
  return new rpc.CheckResponse().setInputs(encode(inputs)).setFailuresList(list);
}

const KINDS: Record<ChangeKind, readonly [rpc.PropertyDiff.Kind, rpc.PropertyDiff.Kind]> = {
  add: [rpc.PropertyDiff.Kind.ADD, rpc.PropertyDiff.Kind.ADD_REPLACE],
  delete: [rpc.PropertyDiff.Kind.DELETE, rpc.PropertyDiff.Kind.DELETE_REPLACE],
  update: [rpc.PropertyDiff.Kind.UPDATE, rpc.PropertyDiff.Kind.UPDATE_REPLACE],
};

const topLevel = ({ path }: PropertyChange): string => path.replace(/[.[].*$/s, "");

function diffed({ changes, stables, deleteBeforeReplace }: DiffResult): rpc.DiffResponse {
  const { DIFF_NONE, DIFF_SOME } = rpc.DiffResponse.DiffChanges;
  const replacing = changes.filter(({ replaces }) => replaces);
  const response = new rpc.DiffResponse()
    .setChanges(changes.length === 0 ? DIFF_NONE : DIFF_SOME)
    .setDiffsList([...new Set(changes.map(topLevel))].sort())
    .setReplacesList([...new Set(replacing.map(topLevel))].sort())
    .setStablesList([...stables].sort())
    .setDeletebeforereplace(deleteBeforeReplace && replacing.length > 0)
    .setHasdetaileddiff(true);
  for (const { path, kind, replaces } of changes) {
    const detail = new rpc.PropertyDiff().setKind(KINDS[kind][replaces ? 1 : 0]);
    response.getDetaileddiffMap().set(path, detail);
  }
  return response;
}

function asRecord(value: Value, token: string): Values {
  if (!isRecord(value)) throw new TypeError(`${token} answered no object`);
  return value;
}
