/** `node workload/main.ts gateway|engine|projector|archiver|replay`: one image, the argument says which program. */
import { enableCompileCache } from "node:module";
import { createLog, type Log } from "./log.ts";
import { fatal, runProgram } from "./process.ts";
import { PROGRAMS, type Program, parseSettings, SettingsError, type SettingsOf } from "./settings.ts";

// A failover waits for these starts: with compiled code at hand they take less than half the time.
enableCompileCache();

type Run<P extends Program> = (settings: SettingsOf<P>, log: Log, signal: AbortSignal) => Promise<void>;

/** Each is loaded alone: a gateway has no use for PostgreSQL's client. */
const LOAD: { readonly [P in Program]: () => Promise<Run<P>> } = {
  gateway: async () => (await import("./gateway/main.ts")).runGateway,
  engine: async () => (await import("./engine/main.ts")).runEngine,
  projector: async () => (await import("./projector/main.ts")).runProjector,
  archiver: async () => (await import("./archiver/main.ts")).runArchiver,
  replay: async () => (await import("./projector/replay.ts")).runReplay,
};

async function start<P extends Program>(program: P): Promise<never> {
  const settings = parseSettings(program, process.env);
  const log = createLog({ program, pod: settings.podName, region: settings.region });
  const run = await LOAD[program]();
  return runProgram((signal) => run(settings, log, signal), log);
}

const words = process.argv.slice(2);
const program = PROGRAMS.find((one) => one === words[0]);
if (program === undefined || words.length > 1) {
  fatal(new SettingsError(`usage: node workload/main.ts ${PROGRAMS.join("|")}, got "${words.join(" ")}"`));
}
await start(program).catch(fatal);
