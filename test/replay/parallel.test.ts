import { setTimeout as sleep } from "node:timers/promises";
import test from "ava";
import { inParallel } from "../../replay/parallel.ts";

test("results come in the order of the items, and no more are under way than workers", async (t) => {
  let [running, most] = [0, 0];
  const results = await inParallel([30, 20, 10, 0], 2, undefined, async (milliseconds) => {
    most = Math.max(most, ++running);
    await sleep(milliseconds);
    running--;
    return milliseconds;
  });
  t.deepEqual(results, [30, 20, 10, 0]);
  t.is(most, 2);
});

test("the first failure in time is told, not what those say that it stopped", async (t) => {
  const work = async (name: string, stop: AbortSignal) => {
    if (name === "broken") throw new Error("the chain is broken");
    await sleep(10_000, undefined, { signal: stop });
  };
  await t.throwsAsync(inParallel(["whole", "broken"], 2, undefined, work), {
    message: "the chain is broken",
  });
});

test("told to stop, it stops with that reason", async (t) => {
  const stop = new AbortController();
  const working = inParallel([0], 1, stop.signal, (_, signal) => sleep(10_000, undefined, { signal }));
  stop.abort(new Error("interrupted"));
  await t.throwsAsync(working);
});
