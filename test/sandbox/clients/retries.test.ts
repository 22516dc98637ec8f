import test from "ava";
import type { Attempt, Outcome } from "../../../automation/drill/client-log.ts";
import type { Operation } from "../../../sandbox/clients/caller.ts";
import { Retries } from "../../../sandbox/clients/retries.ts";
import { FakeClock } from "./world.ts";

const write = (operation: number): Operation => ({
  ...{ client: "c", operation, kind: "place", fresh: false, clientOrderId: `A:${operation}`, intended: 0 },
  order: { instrument: "A", side: "buy", price: 1, quantity: 1 },
});

/** Answers as the list says, and notes what was asked when. */
function lane(outcomes: readonly Outcome[]) {
  const clock = new FakeClock();
  const begin = clock.now();
  const asked: string[] = [];
  const retries = new Retries(clock, async ({ operation }, number) => {
    const outcome = outcomes[asked.length] ?? "accepted";
    asked.push(`${operation}.${number} at ${clock.now() - begin}`);
    return { outcome } as Attempt;
  });
  const pass = async (milliseconds: number): Promise<void> => {
    for (let passed = 0; passed < milliseconds; passed += 10) {
      clock.pass(10);
      await Promise.resolve();
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  return { retries, asked, pass };
}

test("a write is asked again after 1 s, then ever later up to 4 s, until it is settled", async (t) => {
  const { retries, asked, pass } = lane(["unknown", "never-appended", "unsent", "unknown", "refused"]);
  retries.add(write(1), 1);
  await pass(20_000);
  t.deepEqual(asked, ["1.2 at 1000", "1.3 at 2000", "1.4 at 4000", "1.5 at 8000", "1.6 at 12000"]);
  t.is(retries.open, 0);
});

test("one at a time, in order; after a success the others follow quickly", async (t) => {
  const { retries, asked, pass } = lane(["unknown"]);
  for (const operation of [1, 2, 3]) retries.add(write(operation), 1);
  await pass(1_500);
  t.deepEqual(asked, ["1.2 at 1000"]);
  t.is(retries.open, 3);
  await pass(600);
  t.deepEqual(asked.slice(1), ["1.3 at 2000", "2.2 at 2020", "3.2 at 2040"]);
  t.is(retries.open, 0);
});

test("nothing is asked after stop, and what was open stays so", async (t) => {
  const { retries, asked, pass } = lane([]);
  retries.add(write(1), 1);
  retries.stop();
  retries.add(write(2), 1);
  await pass(5_000);
  t.deepEqual(asked, []);
  t.is(retries.open, 2);
});
