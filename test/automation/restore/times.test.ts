import test from "ava";
import { parseRequest } from "../../../automation/commands/restore.ts";
import { UsageError } from "../../../automation/errors.ts";
import { parseCut, parseTime, wholeSecond } from "../../../automation/restore/times.ts";

test("a time is taken with its zone, to the millisecond", (t) => {
  const time = Date.UTC(2026, 10, 23, 12, 0, 0, 123);
  t.is(parseTime("2026-11-23T12:00:00.123Z", "--restore-to"), time);
  t.is(parseTime("2026-11-23T13:30:00.123+01:30", "--restore-to"), time);
  t.is(parseTime("2026-11-23T12:00Z", "--restore-to"), time - 123);
  t.is(wholeSecond(time), time - 123);
});

test("a cut is a time, or the first event that goes of some shards", (t) => {
  t.deepEqual(parseCut([]), { kind: "none" });
  t.deepEqual(parseCut(["2026-11-23T12:00:00Z"]), { kind: "time", time: Date.UTC(2026, 10, 23, 12) });
  t.deepEqual(parseCut(["0:3:302:1", "1:3:9:0"]), {
    kind: "places",
    places: [
      { shard: 0, epoch: 3, seq: 302, index: 1 },
      { shard: 1, epoch: 3, seq: 9, index: 0 },
    ],
  });
});

const EXAMPLE = "2026-11-23T12:00:00.123Z or 2026-11-23T13:00:00.123+01:00";
const bad: readonly [string, () => unknown, string][] = [
  [
    "a time without a zone",
    () => parseTime("2026-11-23T12:00:00", "--restore-to"),
    `--restore-to 2026-11-23T12:00:00: it must be a time with its zone, e.g. ${EXAMPLE}`,
  ],
  [
    "a day that does not exist",
    () => parseTime("2026-11-33T12:00:00Z", "--restore-to"),
    `--restore-to 2026-11-33T12:00:00Z: it must be a time with its zone, e.g. ${EXAMPLE}`,
  ],
  [
    "a cut that is neither",
    () => parseCut(["yesterday"]),
    `--cut yesterday: it must be a time with its zone (e.g. ${EXAMPLE}), or SHARD:EPOCH:SEQ:INDEX of the first event that goes`,
  ],
  [
    "a time beside a place",
    () => parseCut(["2026-11-23T12:00:00Z", "0:1:2:3"]),
    "--cut 2026-11-23T12:00:00Z, 0:1:2:3: it must be one time for all shards, or one SHARD:EPOCH:SEQ:INDEX each",
  ],
  ["a shard twice", () => parseCut(["0:1:2:3", "0:1:9:0"]), "--cut names shard 0 twice: once is enough"],
  [
    "no time",
    () => parseRequest({}, { stdin: process.stdin }),
    "--restore-to is missing: give a time before the damage, e.g. --restore-to 2026-11-23T12:00:00Z",
  ],
  [
    "--yes alone",
    () => parseRequest({ restoreTo: "2026-11-23T12:00:00Z", yes: true }, { stdin: process.stdin }),
    "--yes and --confirm-region REGION go together: nothing was changed",
  ],
];
for (const [title, act, message] of bad) {
  test(`usage: ${title}`, (t) => {
    t.throws(act, { instanceOf: UsageError, message });
  });
}
