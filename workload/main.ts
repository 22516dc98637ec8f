/** `node workload/main.ts gateway|engine|projector|archiver`: one image, the argument says which program. */
import { createLog } from "./log.ts";
import { fatal, runProgram } from "./process.ts";
import { PROGRAMS, type Program, parseSettings, SettingsError } from "./settings.ts";

/** Each is loaded alone: a gateway has no use for PostgreSQL's client. */
const RUN: { readonly [P in Program]: (signal: AbortSignal) => Promise<void> } = {
  async gateway(signal) {
    const settings = parseSettings("gateway", process.env);
    const { runGateway } = await import("./gateway/main.ts");
    await runGateway(settings, logOf(settings), signal);
  },
  async engine(signal) {
    const settings = parseSettings("engine", process.env);
    const { runEngine } = await import("./engine/main.ts");
    await runEngine(settings, logOf(settings), signal);
  },
  async projector(signal) {
    const settings = parseSettings("projector", process.env);
    const { runProjector } = await import("./projector/main.ts");
    await runProjector(settings, logOf(settings), signal);
  },
  async archiver(signal) {
    const settings = parseSettings("archiver", process.env);
    const { runArchiver } = await import("./archiver/main.ts");
    await runArchiver(settings, logOf(settings), signal);
  },
};

const logOf = ({ program, podName, region }: { program: Program; podName: string; region: string }) =>
  createLog({ program, pod: podName, region });

const [name, ...rest] = process.argv.slice(2);
const program = PROGRAMS.find((one) => one === name);
if (program === undefined || rest.length > 0) {
  fatal(
    new SettingsError(
      `usage: node workload/main.ts ${PROGRAMS.join("|")}, got "${process.argv.slice(2).join(" ")}"`,
    ),
  );
}
await runProgram(RUN[program], createLog({ program }));
