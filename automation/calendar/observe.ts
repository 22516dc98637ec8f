/** Looks every second while something else happens. */
import { messageOf } from "../errors.ts";
import type { Clock } from "../runbook/clock.ts";
import { judge, type Sample } from "../watch/sample.ts";
import type { Observed } from "./exercise.ts";

const LOOK_MILLISECONDS = 1_000;

export function observeWith(
  look: () => Promise<Sample>,
  clock: Clock,
  say: (message: string) => void,
): () => Promise<Observed> {
  const stop = new AbortController();
  let [looks, seen, unknown, longest] = [0, 0, 0, 0];
  let failingSince: number | undefined;
  const loop = async (): Promise<void> => {
    let before = clock.monotonic();
    while (!stop.signal.aborted) {
      const judged = await look().then(judge, (error: unknown) => {
        say(`a look failed: ${messageOf(error)}`);
        return { state: "unknown" as const };
      });
      const now = clock.monotonic();
      looks++;
      if (judged.state !== "unknown") seen++;
      if (judged.state === "good") failingSince = undefined;
      else if (judged.state === "failing") failingSince ??= before;
      else unknown += now - before;
      if (failingSince !== undefined) longest = Math.max(longest, now - failingSince);
      before = now;
      await clock.sleep(LOOK_MILLISECONDS, stop.signal).catch(() => {});
    }
  };
  const running = loop();
  return async () => {
    stop.abort();
    await running;
    return { looks, seen, longestFailingSeconds: longest / 1000, unknownSeconds: unknown / 1000 };
  };
}
