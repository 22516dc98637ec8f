/** Watches until it is told to end, or until what was waited for is there. */
import type { Context } from "../commands/command.ts";
import { loadDeployment } from "../deployment.ts";
import { EXIT, type ExitCode } from "../errors.ts";
import type { Clock } from "../runbook/clock.ts";
import { systemClock } from "../runbook/clock.ts";
import { Lookout } from "./look.ts";
import { type End, judge, type Sample, Series, type Wanted } from "./sample.ts";
import { frame, HISTORY_SECONDS, line, type Seen } from "./view.ts";

export interface WatchRequest extends Wanted {
  /** Gives up then; undefined: watches for ever. */
  readonly limitSeconds: number | undefined;
  readonly json: boolean;
}

const LOOK_MILLISECONDS = 1_000;
const CLEAR_LINE = "\u001b[K";

export async function watch(request: WatchRequest, context: Context): Promise<number> {
  const deployment = await loadDeployment(context.settings);
  const lookout = new Lookout(deployment, context.settings);
  return await watchWith(() => lookout.look(), request, context, systemClock);
}

/** Exported for tests. */
export async function watchWith(
  look: () => Promise<Sample>,
  request: WatchRequest,
  { stdout, signal }: Pick<Context, "stdout" | "signal">,
  clock: Clock,
): Promise<ExitCode> {
  const screen = request.json ? undefined : screenOf(stdout);
  const series = new Series();
  const seen: Seen[] = [];
  const began = clock.monotonic();
  for (;;) {
    const looked = clock.monotonic();
    const sample = await look();
    const judged = judge(sample);
    series.add(clock.monotonic(), judged);
    seen.push({ sample, judged });
    if (seen.length > HISTORY_SECONDS) seen.shift();
    const lasted = series.lasted(clock.monotonic());
    if (screen === undefined) stdout.write(`${JSON.stringify({ type: "sample", ...sample, ...judged })}\n`);
    else screen({ sample, judged }, seen, lasted);
    const end = series.end(clock.monotonic(), request);
    if (end !== undefined) return conclude(end, lasted, request, stdout);
    const { limitSeconds } = request;
    if (limitSeconds !== undefined && clock.monotonic() - began >= limitSeconds * 1000) {
      return conclude(undefined, lasted, request, stdout);
    }
    const rest = LOOK_MILLISECONDS - (clock.monotonic() - looked);
    await clock.sleep(Math.max(0, rest), signal).catch(() => {});
    // Ctrl-C ends a watch that waits for nothing, as it should end.
    if (signal.aborted) return waits(request) ? EXIT.interrupted : EXIT.done;
  }
}

const waits = ({ untilStableSeconds, untilFailingSeconds }: Wanted): boolean =>
  untilStableSeconds !== undefined || untilFailingSeconds !== undefined;

function conclude(
  end: End | undefined,
  lastedSeconds: number,
  { json, limitSeconds, ...wanted }: WatchRequest,
  stdout: Context["stdout"],
): ExitCode {
  const missed = waits(wanted) && end === undefined;
  const verdict = end ?? (missed ? "gave-up" : "watched");
  const message = {
    stable: `STABLE: good for ${wanted.untilStableSeconds} s`,
    failing: `FAILING: no good look for ${wanted.untilFailingSeconds} s`,
    "gave-up": `GAVE UP after ${limitSeconds} s; the newest state has lasted ${lastedSeconds.toFixed(0)} s`,
    watched: `watched for ${limitSeconds} s`,
  }[verdict];
  const exitCode = missed ? EXIT.notReady : EXIT.done;
  stdout.write(
    json ? `${JSON.stringify({ type: "verdict", verdict, exitCode, message })}\n` : `${message}\n`,
  );
  return exitCode;
}

type Screen = (newest: Seen, seen: readonly Seen[], lastedSeconds: number) => void;

/** A terminal is drawn over; anything else gets a line a look. */
function screenOf(stdout: Context["stdout"]): Screen {
  if ((stdout as { isTTY?: boolean }).isTTY !== true)
    return (newest) => void stdout.write(`${line(newest)}\n`);
  let height = 0;
  return (_, seen, lasted) => {
    const lines = frame(seen, lasted);
    const blank = Array.from({ length: Math.max(0, height - lines.length) }, () => "");
    const up = height === 0 ? "" : `\u001b[${height}A`;
    height = Math.max(height, lines.length);
    stdout.write(`${up}${[...lines, ...blank].map((each) => `${each}${CLEAR_LINE}\n`).join("")}`);
  };
}
