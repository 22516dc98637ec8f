import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import test, { type ExecutionContext } from "ava";
import { openBucket } from "../../../automation/adapters/state.ts";
import { readDrills, recordDrill } from "../../../automation/check/drills.ts";
import { type HistoryEntry, keep, readHistory, regressions } from "../../../automation/check/history.ts";
import { render } from "../../../automation/check/report.ts";
import { healthy, NOW } from "./healthy.ts";

async function bucketOf(t: ExecutionContext) {
  const directory = await mkdtemp(path.join(tmpdir(), "dr-history-"));
  t.teardown(() => rm(directory, { recursive: true }));
  return { directory, bucket: openBucket(`file://${directory}`) };
}

const entry = (at: number, statuses: HistoryEntry["statuses"]): HistoryEntry => ({
  at,
  host: "ann@ops",
  statuses,
  predictedSeconds: 90,
});
const result = (id: string, status: "ok" | "warn" | "fail" | "unknown") => ({
  ...{ id, title: id, why: "x", todo: "y" },
  status,
});

test("what was found is kept beside the state, two hundred times", async (t) => {
  const { bucket } = await bucketOf(t);
  t.deepEqual(await readHistory(bucket), []);
  for (let n = 0; n < 3; n++) await keep(bucket, await readHistory(bucket), entry(n, { keys: "ok" }));
  t.deepEqual(
    (await readHistory(bucket)).map(({ at }) => at),
    [0, 1, 2],
  );
  const many = Array.from({ length: 250 }, (_, n) => entry(n, {}));
  await keep(bucket, many, entry(250, {}));
  const kept = await readHistory(bucket);
  t.deepEqual([kept.length, kept[0]?.at, kept.at(-1)?.at], [200, 51, 250]);
});

test("a history that is none is not read as empty", async (t) => {
  const { bucket, directory } = await bucketOf(t);
  await mkdir(path.join(directory, ".dr"));
  await writeFile(path.join(directory, ".dr/checks.json"), "{}");
  await t.throwsAsync(readHistory(bucket), { message: /\.dr\/checks\.json is not a history of checks/ });
});

test("a regression is a check that is worse than it was", (t) => {
  const history = [entry(1, { a: "fail" }), entry(2, { a: "ok", b: "warn", c: "fail", d: "unknown" })];
  const now = [
    result("a", "warn"),
    result("b", "warn"),
    result("c", "ok"),
    result("d", "fail"),
    result("e", "fail"),
  ];
  t.deepEqual(regressions(history, now), [
    { id: "a", was: "ok", is: "warn", at: 2 },
    { id: "d", was: "unknown", is: "fail", at: 2 },
  ]);
  t.deepEqual(regressions([], now), []);
});

test("a regression shows until it is mended, with the last time that it was better", (t) => {
  const history = [
    entry(1, { a: "warn" }),
    entry(2, { a: "ok" }),
    entry(3, { a: "fail" }),
    entry(4, { a: "fail" }),
  ];
  t.deepEqual(regressions(history, [result("a", "fail")]), [{ id: "a", was: "ok", is: "fail", at: 2 }]);
  t.deepEqual(regressions(history, [result("a", "warn")]), [{ id: "a", was: "ok", is: "warn", at: 2 }]);
  t.deepEqual(regressions(history, [result("a", "ok")]), []);
});

test("drills are counted from the same place", async (t) => {
  const { bucket } = await bucketOf(t);
  t.deepEqual(await readDrills(bucket), []);
  await recordDrill(bucket, { at: 5, scenario: "az-loss", verdict: "met" });
  await recordDrill(bucket, { at: 9, scenario: "region-loss", verdict: "failed" });
  t.deepEqual(await readDrills(bucket), [
    { at: 5, scenario: "az-loss", verdict: "met" },
    { at: 9, scenario: "region-loss", verdict: "failed" },
  ]);
});

test("a report says what is wrong, since when, what to do, and what a failover would take", (t) => {
  const report = {
    at: NOW,
    ready: false,
    results: [
      { id: "keys", title: "keys", status: "ok" as const, why: "1 key(s)" },
      {
        id: "quotas",
        title: "quotas",
        status: "fail" as const,
        why: "vCPUs: 32, 72 are needed",
        todo: "ask for more",
      },
    ],
    regressions: [{ id: "quotas", was: "ok" as const, is: "fail" as const, at: NOW }],
    forecast: healthy.forecast,
  };
  t.is(
    render(report, false),
    `✓ keys                1 key(s)
✗ quotas              vCPUs: 32, 72 are needed
                      was ok at 2027-01-15T08:00:00.000Z
                      → ask for more

A failover now, with the go 1 s after the loss: 90.0 s to the first write, 95 of 100 within 110.0 s
    30.0 s  health checks
The database halted and restored now: 2400.0 s from the go until orders are taken again, 95 of 100 within 4100.0 s
   840.0 s  restore: restore
            12000 record(s) to replay, of damage found within 60 min; the cluster as the restore test of 2027-01-05T08:00:00.000Z
The journal halted and rebuilt now: 1200.0 s from the go until orders are taken again, 95 of 100 within 1500.0 s
   600.0 s  rebuild: fill
            250000 record(s) to prove and to put
A zone lost now: errors end after 48.0 s, 95 of 100 within 50.0 s
Orders lost: 0; database behind by 12 event(s) at 300 a second

NOT READY   1 ok, 0 warnings, 1 failed, 0 unknown, 1 worse than before
`,
  );
});
