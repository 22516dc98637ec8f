/**
 * `SEED=7` replays one bad day, `SEEDS=100000` lives through as many; by default 1,000. What it does not
 * prove: that DynamoDB is as strong as documented, and anything of the engine in `workload/`.
 */
import test from "ava";
import { SABOTAGE } from "./sabotage.ts";
import { simulate } from "./simulate.ts";

const SEEDS = Number(process.env["SEEDS"] ?? 1_000);
const SEED = process.env["SEED"];
const seeds = SEED === undefined ? Array.from({ length: SEEDS }, (_, index) => index + 1) : [Number(SEED)];
const REPLAY = "SEED=%d npx ava test/journal/simulation/simulation.test.ts";

test(`no promise is broken on ${seeds.length} bad days`, async (t) => {
  t.timeout(Math.max(120_000, seeds.length * 500));
  const coverage = new Map<string, number>();
  for (const seed of seeds) {
    const outcome = await simulate(seed);
    for (const [what, count] of Object.entries(outcome.coverage)) {
      coverage.set(what, (coverage.get(what) ?? 0) + count);
    }
    if (outcome.violations.length > 0) {
      t.log(`seed ${seed}: ${outcome.incidents.join(", ")}`, ...outcome.violations);
      t.fail(REPLAY.replace("%d", String(seed)));
      return;
    }
  }
  t.log([...coverage].map(([what, count]) => `${what} ${count}`).join(", "));
  if (SEED === undefined) for (const [what, count] of coverage) t.true(count > 0, `${what}: none was met`);
  t.pass();
});

test("the same seed is the same day", async (t) => {
  t.deepEqual(await simulate(42), await simulate(42));
});

for (const [name, variant] of Object.entries(SABOTAGE)) {
  test(`sabotage is found: ${name}`, async (t) => {
    for (let seed = 1; seed <= 1_000; seed += 1) {
      const { violations } = await simulate(seed, variant);
      if (violations.length === 0) continue;
      t.log(`seed ${seed}: ${violations[0]}`);
      t.pass();
      return;
    }
    t.fail("1,000 seeds did not find it");
  });
}
