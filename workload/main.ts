/**
 * `node workload/main.ts gateway|engine|projector|archiver|replay`: one image, the argument says which program. With
 * `compile` the image is built.
 */
import { createLog, type Log } from "./log.ts";
import { EXIT_STOPPED, fatal, runProgram } from "./process.ts";
import { PROGRAMS, type Program, parseSettings, SettingsError, type SettingsOf } from "./settings.ts";

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
  // A service that was told to stop has done all it should; of a job, 0 says that its work is done.
  const stoppedHard = program === "replay" ? EXIT_STOPPED : 0;
  return runProgram((signal) => run(settings, log, signal), log, stoppedHard);
}

/** Loads all that a program may need: what runs beside it then keeps it compiled (`NODE_COMPILE_CACHE`). */
async function compile(): Promise<void> {
  await Promise.all(Object.values(LOAD).map((load) => load()));
  await Promise.all([import("@aws-sdk/client-s3"), import("prom-client")]);
}

const words = process.argv.slice(2);
if (words.length === 1 && words[0] === "compile") {
  await compile();
  process.exit(0);
}
const program = PROGRAMS.find((one) => one === words[0]);
if (program === undefined || words.length > 1) {
  fatal(new SettingsError(`usage: node workload/main.ts ${PROGRAMS.join("|")}, got "${words.join(" ")}"`));
}
await start(program).catch(fatal);
