import test from "ava";
import type { Attempt, ClientLine } from "../../../../automation/drill/client-log.ts";
import type { RoundSeen } from "../../../../automation/drill/drill.ts";
import { outagesOf, roundOf } from "../../../../automation/drill/zones/figures.ts";
import { attemptOf } from "../history.ts";
import { zoneRound } from "./rounds.ts";

const LOST_AT = 100_000;
const seen = (): RoundSeen => {
  const {
    lostAt: _1,
    watchedSeconds: _2,
    errorsEndSeconds: _3,
    nameLeftSeconds: _4,
    perSecond: _5,
    ...rest
  } = zoneRound();
  return { ...rest, lostAt: LOST_AT, watchedUntil: LOST_AT + 80_000, address: "127.1.10.11" };
};
const client = (name: string, pinned = false): ClientLine => ({
  ...{ type: "client", client: name, pinned, persistent: false },
});
let operation = 0;
const sent = (name: string, after: number, change: Partial<Attempt> = {}): Attempt => {
  const at = LOST_AT + after;
  return attemptOf({ client: name, operation: ++operation, sent: at, answered: at + 10, ...change });
};
const failed = (name: string, after: number, change: Partial<Attempt> = {}): Attempt =>
  sent(name, after, { outcome: "unknown", status: null, answered: LOST_AT + after + 3_000, ...change });
const log = (...attempts: readonly Attempt[]) => ({
  clients: [client("a"), client("b"), client("pinned", true)],
  attempts,
});

test("errors end with the last failed operation's end; what a client still asks again does not count twice", (t) => {
  const attempts = [
    failed("a", -5_000),
    failed("a", 1_000),
    sent("a", 2_000),
    failed("b", 40_000),
    failed("b", 60_000, { attempt: 2 }),
    sent("b", 70_000),
  ];
  const round = roundOf(seen(), log(...attempts), []);
  t.is(round.errorsEndSeconds, 43);
  t.deepEqual(outagesOf(seen(), log(...attempts)), [4, 43]);
  t.is(round.perSecond.length, 80);
  t.deepEqual(round.perSecond[1], { sent: 1, failed: 1 });
  t.deepEqual(round.perSecond[2], { sent: 1, failed: 0 });
});

test("a refusal is service; who ignores the TTL for ever fails with its zone and is left out", (t) => {
  const attempts = [
    sent("a", 1_000, { outcome: "refused", status: 422 }),
    failed("pinned", 75_000),
    failed("fresh-7", 500, { fresh: true }),
  ];
  t.is(roundOf(seen(), log(...attempts), []).errorsEndSeconds, 3.5);
});

test("errors within the last ten seconds of the watch have not ended", (t) => {
  t.is(roundOf(seen(), log(failed("a", 68_000)), []).errorsEndSeconds, null);
  t.is(roundOf(seen(), log(failed("a", 66_900)), []).errorsEndSeconds, 69.9);
});

test("nobody failed: errors ended at once", (t) => {
  t.is(roundOf(seen(), log(sent("a", 1_000)), []).errorsEndSeconds, 0);
});

test("the zone's address leaves the name with its last answer, which another address' answers may interrupt", (t) => {
  const answers = [
    { at: LOST_AT - 100, addresses: ["127.1.10.12"] },
    { at: LOST_AT + 5_000, addresses: ["127.1.10.11"] },
    { at: LOST_AT + 5_250, addresses: ["127.1.10.13"] },
    { at: LOST_AT + 30_000, addresses: ["127.1.10.11"] },
    { at: LOST_AT + 30_500, addresses: ["127.1.10.12"] },
  ];
  t.is(roundOf(seen(), log(), answers).nameLeftSeconds, 30.5);
  t.is(roundOf(seen(), log(), answers.slice(0, 1)).nameLeftSeconds, 0);
  const returned = { at: seen().watchedUntil + 9_000, addresses: ["127.1.10.11"] };
  t.is(
    roundOf(seen(), log(), [...answers, returned]).nameLeftSeconds,
    30.5,
    "back with its zone, it is no answer of the loss",
  );
});
