/**
 * Stands in for Pulumi's nodejs host, which cannot be had from a registry: starts the SDK's own runner on the project's
 * module, in a process of its own, as that host does. What it leaves out: plugins, dependencies, debugging.
 * https://github.com/pulumi/pulumi/blob/v3.230.0/sdk/nodejs/cmd/pulumi-language-nodejs/main.go (`execNodejs`)
 */
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { promisify } from "node:util";
import * as grpc from "@grpc/grpc-js";
import services from "@pulumi/pulumi/proto/language_grpc_pb.js";
import language from "@pulumi/pulumi/proto/language_pb.js";
import plugin from "@pulumi/pulumi/proto/plugin_pb.js";

const RUNNER = createRequire(import.meta.url).resolve("@pulumi/pulumi/cmd/run");

export interface NodejsHost {
  /** For the CLI's `--client`. */
  readonly address: string;
  /** Times that a program was run. */
  readonly runs: number;
  close(): void;
}

/** Resolves with what went wrong, if anything did. */
function runProgram(request: language.RunRequest, module: string): Promise<string> {
  const [engine = ""] = request.getArgsList();
  const given: Record<string, string> = {
    monitor: request.getMonitorAddress(),
    engine,
    project: request.getProject(),
    stack: request.getStack(),
    organization: request.getOrganization(),
    parallel: String(request.getParallel()),
    pwd: request.getPwd(),
  };
  const flags = Object.entries(given).map(([name, value]) => `--${name}=${value}`);
  const child = spawn(
    process.execPath,
    [RUNNER, ...flags, ...(request.getDryrun() ? ["--dry-run"] : []), module],
    {
      env: {
        ...process.env,
        PULUMI_CONFIG: JSON.stringify(Object.fromEntries(request.getConfigMap().entries())),
        PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(request.getConfigsecretkeysList()),
        PULUMI_NODEJS_TYPESCRIPT: "false",
      },
      stdio: ["ignore", "ignore", "pipe"],
    },
  );
  let complaint = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (complaint += text));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve(code === 0 ? "" : `the program ended with ${code}: ${complaint}`));
  });
}

/** @param module absolute path of the program */
export async function serveNodejsHost(module: string): Promise<NodejsHost> {
  let runs = 0;
  const server = new grpc.Server();
  server.addService(services.LanguageRuntimeService, {
    getPluginInfo: (_: unknown, answer: grpc.sendUnaryData<plugin.PluginInfo>) =>
      answer(null, new plugin.PluginInfo().setVersion("1.0.0")),
    getRequiredPlugins: (_: unknown, answer: grpc.sendUnaryData<language.GetRequiredPluginsResponse>) =>
      answer(null, new language.GetRequiredPluginsResponse()),
    getRequiredPackages: (_: unknown, answer: grpc.sendUnaryData<language.GetRequiredPackagesResponse>) =>
      answer(null, new language.GetRequiredPackagesResponse()),
    run: (
      { request }: { request: language.RunRequest },
      answer: grpc.sendUnaryData<language.RunResponse>,
    ) => {
      runs += 1;
      runProgram(request, module).then(
        (error) => answer(null, new language.RunResponse().setError(error)),
        (error: Error) => answer(error),
      );
    },
  });
  const bind = promisify(server.bindAsync.bind(server));
  const port = await bind("127.0.0.1:0", grpc.ServerCredentials.createInsecure());
  return {
    address: `127.0.0.1:${port}`,
    get runs() {
      return runs;
    },
    close: () => server.forceShutdown(),
  };
}
