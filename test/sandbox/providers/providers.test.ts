import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import net from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import * as grpc from "@grpc/grpc-js";
import type plugin from "@pulumi/pulumi/proto/plugin_pb.js";
import services from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import rpc from "@pulumi/pulumi/proto/provider_pb.js";
import test from "ava";
import empty from "google-protobuf/google/protobuf/empty_pb.js";
import { Faults } from "../../../sandbox/faults.ts";
import { encode } from "../../../sandbox/providers/protocol/wire.ts";
import { Providers } from "../../../sandbox/providers/providers.ts";
import { ACCOUNT, REGIONS } from "./engine.ts";

const start = () => Providers.start({ faults: new Faults(), regions: REGIONS, accountId: ACCOUNT });
const connect = (port: number, unique: number) =>
  new services.ResourceProviderClient(`127.0.0.1:${port}`, grpc.credentials.createInsecure(), {
    "grpc.use_local_subchannel_pool": 1,
    "grpc.unique": unique,
  });

test("each provider answers the version of the SDK that the program uses", async (t) => {
  const providers = await start();
  try {
    for (const name of ["aws", "kubernetes", "cloudflare"] as const) {
      const client = connect(providers.ports[name], 0);
      const info = await new Promise<plugin.PluginInfo>((resolve, reject) => {
        client.getPluginInfo(new empty.Empty(), (error, answer) => (error ? reject(error) : resolve(answer)));
      });
      const manifest = createRequire(import.meta.url).resolve(`@pulumi/${name}/package.json`);
      t.is(info.getVersion(), (JSON.parse(await readFile(manifest, "utf8")) as { version: string }).version);
      client.close();
    }
  } finally {
    await providers.close();
  }
});

test("PULUMI_DEBUG_PROVIDERS names all three, and closing frees their ports", async (t) => {
  const providers = await start();
  const { aws, kubernetes, cloudflare } = providers.ports;
  t.is(providers.debugProviders, `aws:${aws},kubernetes:${kubernetes},cloudflare:${cloudflare}`);

  await providers.close();

  for (const port of [aws, kubernetes, cloudflare]) {
    const refused = await new Promise((resolve) => {
      net.connect(port, "127.0.0.1").once("error", resolve).once("connect", resolve);
    });
    t.is((refused as NodeJS.ErrnoException).code, "ECONNREFUSED");
  }
});

test("two connections are two providers: each keeps the region it was configured with", async (t) => {
  const providers = await start();
  const regions = ["us-east-1", "us-west-2"];
  try {
    const clients = regions.map((_, n) => connect(providers.ports.aws, n));
    const call = <I, O>(
      act: (request: I, callback: (error: Error | null, answer: O) => void) => unknown,
      request: I,
    ) =>
      new Promise<O>((resolve, reject) => {
        act(request, (error, answer) => (error ? reject(error) : resolve(answer)));
      });
    for (const [n, client] of clients.entries()) {
      const configure = new rpc.ConfigureRequest().setArgs(encode({ region: regions[n] ?? "" }));
      await call<rpc.ConfigureRequest, rpc.ConfigureResponse>(client.configure.bind(client), configure);
    }
    const arns = await Promise.all(
      clients.map(async (client) => {
        const create = new rpc.CreateRequest()
          .setUrn("urn:pulumi:t::p::aws:sns/topic:Topic::fills")
          .setProperties(encode({ name: "fills" }));
        const made = await call<rpc.CreateRequest, rpc.CreateResponse>(client.create.bind(client), create);
        client.close();
        return made.getId();
      }),
    );
    t.deepEqual(arns, [
      "arn:aws:sns:us-east-1:123456789012:fills",
      "arn:aws:sns:us-west-2:123456789012:fills",
    ]);
  } finally {
    await providers.close();
  }
});

test("a cancelled deployment gives up its own requests and nobody else's", async (t) => {
  const faults = new Faults();
  const providers = await Providers.start({ faults, regions: REGIONS, accountId: ACCOUNT });
  const [mine, other] = [connect(providers.ports.aws, 0), connect(providers.ports.aws, 1)] as const;
  const create = (client: typeof mine) =>
    new Promise<string>((resolve) => {
      const request = new rpc.CreateRequest()
        .setUrn("urn:pulumi:t::p::aws:sns/topic:Topic::fills")
        .setProperties(encode({ name: "fills", region: "us-east-1" }));
      client.create(request, (error, answer) => resolve(error ? error.details : answer.getId()));
    });
  try {
    faults.setPlace("us-east-1", "blackhole");
    const [cancelled, waiting] = [create(mine), create(other)];
    // Both are on their way before one of them is cancelled.
    await sleep(200);
    await new Promise((resolve) => mine.cancel(new empty.Empty(), resolve));

    t.is(await cancelled, "the deployment was cancelled");
    faults.heal();
    t.is(await waiting, "arn:aws:sns:us-east-1:123456789012:fills");
  } finally {
    mine.close();
    other.close();
    await providers.close();
  }
});
