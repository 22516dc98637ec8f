/** The sandbox as the world of a drill: the only place of `automation/` that knows of it. */
import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";
import type { StackName } from "../../components/model.ts";
import { hostPort, url } from "../../sandbox/addresses.ts";
import { fleetOptions } from "../../sandbox/clients/options.ts";
import { startFleet } from "../../sandbox/clients/start.ts";
import { STRUGGLE } from "../../sandbox/parts.ts";
import { Processes } from "../../sandbox/processes.ts";
import { Sandbox, type SandboxOptions } from "../../sandbox/sandbox.ts";
import type { StackOutputs } from "../../stacks/outputs.ts";
import { pulumiStack } from "../adapters/program.ts";
import { changes } from "../adapters/pulumi.ts";
import type { Forecast } from "../check/forecast.ts";
import type { CheckReport } from "../check/report.ts";
import { projectName } from "../deployment.ts";
import type { OpenWorld, World } from "../drill/world.ts";
import { engine } from "../engine.ts";
import { messageOf } from "../errors.ts";
import { isUnknown } from "../fact.ts";
import type { PreviewResult } from "../report/evidence.ts";
import { readSettings } from "../settings.ts";
import { zonalOf } from "./drill-zones.ts";

const MAIN = path.join(import.meta.dirname, "..", "main.ts");
/** What AWS' managed failover takes besides the engine's own promotion, middle of the 60 to 120 s that it publishes. */
const PUBLISHED_PROMOTION_SECONDS = 90;

export const openSandbox: OpenWorld = (...given) => openSandboxWith({}, ...given);

/** With what a test replaces. */
export async function openSandboxWith(
  replaced: Pick<SandboxOptions, "workload">,
  ...[options, progress, signal]: Parameters<OpenWorld>
): Promise<World> {
  const sandbox = await Sandbox.start(
    {
      ...options,
      ...replaced,
      ...(options.latency === "published" && { promotionSeconds: PUBLISHED_PROMOTION_SECONDS }),
    },
    progress,
  );
  try {
    await sandbox.deploy(progress, signal);
    return await worldOf(sandbox);
  } catch (error) {
    await sandbox.stop();
    throw error;
  }
}

async function worldOf(sandbox: Sandbox): Promise<World> {
  const { addresses } = sandbox;
  const environment = sandbox.environment();
  const settings = readSettings({ ...process.env, ...environment }, process.cwd());
  const { command, version } = await engine();
  // Beside the sandbox' directory, which its next owner empties before anyone could read a ledger in it.
  const ledger = `${sandbox.directory}.clients`;
  await Processes.reap(ledger);
  const processes = new Processes(ledger);
  return {
    engine: String(version ?? "unknown"),
    modelled: sandbox.status().modelled,
    environment,
    awsEndpoint: url(addresses.operatorEdge),
    dyingSeconds: STRUGGLE.limitMilliseconds / 1_000,
    outputs: (stack) => outputs(command, stack, settings.projectDirectory, environment),
    loseRegion: (region, loss) => sandbox.loseRegion(region, loss),
    returnRegion: (region) => sandbox.returnRegion(region),
    zonal: zonalOf(sandbox),
    coverage: () => sandbox.coverage(),
    databaseUrl: (region, endpoint) => {
      const writer = new URL(sandbox.databaseUrl(region));
      if (endpoint === "reader") writer.host = hostPort(addresses.auroraReader(region));
      return writer.href;
    },
    dr: (arguments_) => sandbox.run([MAIN, ...arguments_]),
    forecast: () => forecast({ ...process.env, ...environment }),
    preview: (stack) => preview(stack, settings),
    startClients: (load, heard) => startFleet(processes, fleetOptions(load, hostPort(addresses.dns)), heard),
    stop: async () => {
      await processes.close();
      await sandbox.stop();
    },
  };
}

async function forecast(env: Readonly<Record<string, string | undefined>>): Promise<Forecast> {
  const run = promisify(execFile)(process.execPath, [MAIN, "check", "--forecast", "--json"], { env });
  // Not to be ready is an exit code of its own; what was found is on stdout all the same.
  const { stdout } = await run.catch((error: { stdout?: string } & Error) => {
    if (error.stdout) return { stdout: error.stdout };
    throw error;
  });
  const { forecast: found } = JSON.parse(stdout) as CheckReport;
  if (found === null || isUnknown(found)) throw new Error(found?.unknown ?? "it said nothing");
  return found;
}

async function outputs(
  command: string,
  stack: StackName,
  cwd: string,
  environment: Readonly<Record<string, string>>,
): Promise<StackOutputs> {
  const arguments_ = ["stack", "output", "--json", "--stack", stack, "--non-interactive"];
  const { stdout } = await promisify(execFile)(command, arguments_, {
    cwd,
    env: { ...process.env, ...environment },
  });
  return JSON.parse(stdout) as StackOutputs;
}

async function preview(stack: StackName, settings: ReturnType<typeof readSettings>): Promise<PreviewResult> {
  const project = await projectName(settings.projectDirectory);
  try {
    const signal = AbortSignal.timeout(60_000);
    const program = pulumiStack({ stack, project, settings, say: () => {} });
    return changes(await program.preview({ signal })).length;
  } catch (error) {
    return /Refused, nothing was changed/.test(messageOf(error)) ? "refused" : "failed";
  }
}
