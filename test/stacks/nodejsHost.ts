#!/usr/bin/env node
/**
 * Pulumi's nodejs language host, as far as a deployment needs it, for machines that have the CLI alone. The real one,
 * a Go program that comes with the CLI's own distribution, does for `Run` what this does: it hands the SDK's own
 * `cmd/run` the engine's addresses and config and reports its exit code.
 * https://github.com/pulumi/pulumi/blob/master/sdk/nodejs/cmd/pulumi-language-nodejs/main.go
 */
import { spawn } from "node:child_process";
import path from "node:path";
import * as grpc from "@grpc/grpc-js";
import services from "@pulumi/pulumi/proto/language_grpc_pb.js";
import rpc from "@pulumi/pulumi/proto/language_pb.js";
import plugin from "@pulumi/pulumi/proto/plugin_pb.js";

const RUN = path.join(import.meta.dirname, "../../node_modules/@pulumi/pulumi/cmd/run");
/** The program failed and has said why: the engine adds nothing. */
const ALREADY_SAID = 32;

const engine = process.argv.slice(2).find((word) => !word.startsWith("-")) ?? "";

const run: grpc.handleUnaryCall<rpc.RunRequest, rpc.RunResponse> = ({ request }, callback) => {
  const info = request.getInfo();
  const flags = {
    monitor: request.getMonitorAddress(),
    engine,
    organization: request.getOrganization(),
    project: request.getProject(),
    stack: request.getStack(),
    pwd: request.getPwd(),
    parallel: String(request.getParallel()),
    "root-directory": info?.getRootDirectory() ?? "",
  };
  const words = Object.entries(flags).flatMap(([name, value]) => (value === "" ? [] : [`--${name}`, value]));
  if (request.getDryrun()) words.push("--dry-run");
  const program = path.join(info?.getProgramDirectory() ?? "", info?.getEntryPoint() ?? "");
  const child = spawn(process.execPath, [RUN, ...words, program], {
    env: {
      ...process.env,
      PULUMI_CONFIG: JSON.stringify(Object.fromEntries(request.getConfigMap().entries())),
      PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(request.getConfigsecretkeysList()),
    },
    stdio: ["ignore", "inherit", "inherit"],
  });
  child.once("error", (error) => callback(error));
  child.once("close", (code, signal) => {
    const response = new rpc.RunResponse();
    if (code === ALREADY_SAID) response.setBail(true);
    else if (code !== 0) response.setError(`the program ended with ${signal ?? `exit code ${code}`}`);
    callback(null, response);
  });
};

const server = new grpc.Server();
server.addService(services.LanguageRuntimeService, {
  handshake: answer(() => new rpc.LanguageHandshakeResponse()),
  getPluginInfo: answer(() => new plugin.PluginInfo().setVersion("3.0.0")),
  getRequiredPlugins: answer(() => new rpc.GetRequiredPluginsResponse()),
  getRequiredPackages: answer(() => new rpc.GetRequiredPackagesResponse()),
  about: answer(() => new rpc.AboutResponse()),
  getProgramDependencies: answer(() => new rpc.GetProgramDependenciesResponse()),
  runtimeOptionsPrompts: answer(() => new rpc.RuntimeOptionsResponse()),
  run,
} as unknown as grpc.UntypedServiceImplementation);

function answer<O>(make: () => O): grpc.handleUnaryCall<unknown, O> {
  return (_, callback) => callback(null, make());
}

server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
  if (error !== null) throw error;
  process.stdout.write(`${port}\n`);
});
