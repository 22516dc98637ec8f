import { setTimeout as sleep } from "node:timers/promises";
import test, { type ExecutionContext } from "ava";
import { Prober } from "../../../sandbox/compute/probes.ts";

const PERIOD_MILLISECONDS = 200;
/** Of a beat, for whatever else this machine does: what is asserted is the best of several attempts. */
const ON_TIME_MILLISECONDS = PERIOD_MILLISECONDS / 4;

/** Milliseconds after the beat at which each attempt began. */
function watch(t: ExecutionContext, check: (attempt: number) => void | Promise<void>) {
  const began = performance.now();
  const late: number[] = [];
  const timing = {
    initialDelaySeconds: 0,
    periodSeconds: PERIOD_MILLISECONDS / 1000,
    failureThreshold: 1,
    successThreshold: 1,
  };
  const attempt = async (): Promise<boolean> => {
    late.push((performance.now() - began) % PERIOD_MILLISECONDS);
    await check(late.length);
    return true;
  };
  const prober = new Prober(timing, true, attempt, () => t.fail("nothing changed"));
  t.teardown(() => prober.stop());
  return late;
}

function stall(milliseconds: number): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}

test("a stall of this process delays one attempt, not all that follow", async (t) => {
  const late = watch(t, () => undefined);
  await sleep(1.2 * PERIOD_MILLISECONDS);
  stall(1.3 * PERIOD_MILLISECONDS);
  await sleep(5 * PERIOD_MILLISECONDS);
  const after = late.slice(3);
  t.true(after.length >= 3, `${late.length} attempts`);
  t.true(Math.min(...after) < ON_TIME_MILLISECONDS, late.join(" "));
});

test("so does an attempt that outlasts its period", async (t) => {
  const late = watch(t, (attempt) => (attempt === 1 ? sleep(2.5 * PERIOD_MILLISECONDS) : undefined));
  await sleep(6 * PERIOD_MILLISECONDS);
  const after = late.slice(1);
  t.true(after.length >= 2, `${late.length} attempts`);
  t.true(Math.min(...after) < ON_TIME_MILLISECONDS, late.join(" "));
});
