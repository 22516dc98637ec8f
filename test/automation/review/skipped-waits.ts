/**
 * Preloaded into a step: from when the file SKIP_WAITS is there, `dr calendar` sleeps a tenth of a second where it would
 * sleep one, and its own clock goes on as if it had. What it starts keeps real time, and so do its time limits.
 */
import { existsSync } from "node:fs";
import { systemClock } from "../../../automation/runbook/clock.ts";

const LONGEST_MILLISECONDS = 100;

if (process.argv[2] === "calendar") {
  const file = process.env["SKIP_WAITS"] ?? "";
  const { monotonic, sleep } = systemClock;
  let skipped = 0;
  Object.assign(systemClock, {
    monotonic: () => monotonic() + skipped,
    async sleep(milliseconds: number, signal: AbortSignal) {
      if (!existsSync(file)) return await sleep(milliseconds, signal);
      const slept = Math.min(milliseconds, LONGEST_MILLISECONDS);
      await sleep(slept, signal);
      skipped += milliseconds - slept;
    },
  });
}
