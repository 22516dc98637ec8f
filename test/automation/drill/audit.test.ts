import test, { type ExecutionContext } from "ava";
import fc from "fast-check";
import { type RecordItem, recordHash } from "../../../automation/drill/audit/items.ts";
import { orderKey } from "../../../automation/drill/audit/second-fold.ts";
import { type Audit, audit, type Testimony } from "../../../automation/drill/audit.ts";
import type { Attempt } from "../../../automation/drill/client-log.ts";
import type { Integrity } from "../../../automation/report/evidence.ts";
import { judge } from "../../../automation/report/verdict.ts";
import { attemptOf, FENCED, history, IMPACT, judged, PRIMARY, testimony, withoutRow } from "./history.ts";
import { measurements, PROMISED } from "./measurements.ts";

const CLEAN: Integrity = {
  checksumsEqual: true,
  splitBrainWrites: 0,
  duplicates: 0,
  resurrected: 0,
  phantom: 0,
  staleAnswers: 0,
  brokenLinks: 0,
};

/** The verdict on a drill in which all else went well. */
const verdictOn = ({ rpo, integrity }: Audit) => {
  const good = measurements();
  return judge({ ...good, rpo: { ...good.rpo, ...rpo, acknowledged: 2_500 }, integrity }, PROMISED).verdict;
};

const kinds = ({ defects }: Audit): string[] => [...new Set(defects.map(({ kind }) => kind))].sort();

function caught(
  t: ExecutionContext,
  result: Audit,
  expected: { lost?: number; integrity?: Partial<Integrity>; verdict: string },
): void {
  t.deepEqual(
    { lost: result.rpo.lost, integrity: result.integrity, verdict: verdictOn(result) },
    {
      lost: expected.lost ?? 0,
      integrity: { ...CLEAN, ...expected.integrity },
      verdict: expected.verdict,
    },
    JSON.stringify(result.defects, null, 1),
  );
}

/** The last acknowledged order that nothing happened to later, so that one change is one defect. */
function untouched(given: Testimony): Attempt {
  const found = given.clients.attempts.findLast(
    ({ outcome, kind, client, clientOrderId, order }) =>
      kind === "place" &&
      outcome === "accepted" &&
      given.api.get(orderKey(client, clientOrderId))?.state?.remaining === order?.quantity,
  );
  if (found === undefined) throw new Error("the seed has no such order");
  return found;
}

const keyOf = ({ client, clientOrderId }: Attempt): string => orderKey(client, clientOrderId);

const replaced = (given: Testimony, attempt: Attempt, change: Partial<Attempt>): Testimony => ({
  ...given,
  clients: {
    ...given.clients,
    attempts: given.clients.attempts.map((one) => (one === attempt ? { ...one, ...change } : one)),
  },
});

test("any correct history is without defect, and everything in it is counted", (t) => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 31 }), (seed) => {
      const result = judged(history(seed));
      t.deepEqual(result.defects, [], `seed ${seed}`);
      t.deepEqual(result.integrity, CLEAN);
      t.is(result.rpo.lost, 0);
      t.deepEqual(result.coverage, { gapsAtSeal: 4, orphans: 4 });
      t.is(verdictOn(result), "met");
    }),
    { numRuns: 200 },
  );
});

test("acknowledged, unknown and recovered writes are counted apart", (t) => {
  const made = history(3);
  const writes = made.attempts.filter(({ kind }) => kind !== "read");
  const accepted = writes.filter(({ outcome }) => outcome === "accepted");
  const recovered = accepted.filter(({ attempt }) => attempt === 2);
  const unknown = writes.filter(({ outcome }) => outcome === "unknown").length - recovered.length;
  t.true(recovered.length > 0 && unknown > 0);
  const { rpo } = judged(made);
  t.deepEqual(rpo, {
    acknowledged: accepted.length,
    lost: 0,
    unknown,
    unknownRecovered: recovered.length,
  });
});

test("an acknowledgement that the journal does not have is lost, and a split-brain write", (t) => {
  const made = history(1);
  const ack = { shard: 0, epoch: 1, seq: 999, hash: "ab".repeat(32) };
  const clientOrderId = "AAA:nowhere";
  made.attempts.push(
    attemptOf({ client: "client-0", operation: 1_000, clientOrderId, ack, region: PRIMARY }),
  );
  caught(t, judged(made), { lost: 1, integrity: { splitBrainWrites: 1 }, verdict: "rpo-missed" });
});

test("an acknowledgement with another hash than the journal's is lost", (t) => {
  const given = testimony(history(1));
  const attempt = untouched(given);
  const ack = { shard: 0, epoch: 1, seq: 1, ...attempt.ack, hash: "cd".repeat(32) };
  caught(t, audit(replaced(given, attempt, { ack })), {
    lost: 1,
    integrity: { splitBrainWrites: 1 },
    verdict: "rpo-missed",
  });
});

test("an acknowledgement that landed beyond the seal is a split-brain write: orphans are not log", (t) => {
  const made = history(1);
  const orphan = made.shards[0]?.items.find((item) => item.kind === "record" && item.body === "[]");
  t.truthy(orphan);
  const { shard, epoch, seq, hash } = orphan ?? { shard: 0, epoch: 0, seq: 0, hash: "" };
  const ack = { shard, epoch, seq, hash };
  made.attempts.push(attemptOf({ client: "client-0", operation: 1_000, clientOrderId: "AAA:late", ack }));
  caught(t, judged(made), { lost: 1, integrity: { splitBrainWrites: 1 }, verdict: "rpo-missed" });
});

test("an acknowledgement of a record that does not hold the order is lost", (t) => {
  const given = testimony(history(1));
  const attempt = untouched(given);
  const stranger = attemptOf({
    client: "client-0",
    operation: 1_000,
    clientOrderId: "AAA:other",
    ack: attempt.ack,
  });
  const attempts = [...given.clients.attempts, stranger];
  caught(t, audit({ ...given, clients: { ...given.clients, attempts } }), { lost: 1, verdict: "rpo-missed" });
});

test("an order that became another in the journal is lost", (t) => {
  const given = testimony(history(1));
  const attempt = untouched(given);
  const order = { instrument: "AAA", side: "buy" as const, quantity: 1, ...attempt.order, price: 4_711 };
  caught(t, audit(replaced(given, attempt, { order })), { lost: 1, verdict: "rpo-missed" });
});

test("an acknowledged order missing from the projection is lost, though the checksums were equal", (t) => {
  const given = testimony(history(1));
  const projection = withoutRow(given.projection, keyOf(untouched(given)));
  caught(t, audit({ ...given, projection }), { lost: 1, verdict: "rpo-missed" });
});

test("an acknowledged order that the new region's API does not know is lost", (t) => {
  for (const status of [404, 503, null]) {
    const given = testimony(history(1));
    const api = new Map(given.api).set(keyOf(untouched(given)), { status });
    caught(t, audit({ ...given, api }), { lost: 1, verdict: "rpo-missed" });
  }
});

test("an acknowledged order that the API places elsewhere is lost", (t) => {
  const given = testimony(history(1));
  const key = keyOf(untouched(given));
  const ack = { shard: 0, epoch: 2, seq: 1, hash: "ef".repeat(32) };
  const api = new Map(given.api).set(key, { status: 200, ack, state: { status: "open", remaining: 1 } });
  caught(t, audit({ ...given, api }), { lost: 1, verdict: "rpo-missed" });
});

test("an order that was placed twice is a duplicate", (t) => {
  const made = history(1);
  const first = untouched(testimony(made));
  const instrument = first.order?.instrument ?? "AAA";
  const order = { side: "buy" as const, price: 95, quantity: 1, ...first.order };
  const shard = made.shards[instrument === "AAA" ? 0 : 1];
  shard?.place({ client: first.client, id: first.clientOrderId, ...order }, instrument);
  const result = judged(made);
  t.is(result.integrity.duplicates, 1);
  t.is(result.rpo.lost, 0);
  t.is(verdictOn(result), "failed");
});

test("one order acknowledged at two places is a duplicate, both being in the journal", (t) => {
  const made = history(1);
  const given = testimony(made);
  const first = untouched(given);
  const other = given.clients.attempts.find(
    ({ ack, outcome }) => outcome === "accepted" && ack !== first.ack,
  );
  made.attempts.push({ ...first, attempt: 2, ack: other?.ack ?? null });
  caught(t, judged(made), { integrity: { duplicates: 1 }, verdict: "failed" });
});

test("an order executed for more than its quantity is a duplicate", (t) => {
  const made = history(1);
  const shard = made.shards[0];
  shard?.place({ client: "client-0", id: "AAA:over", side: "buy", price: 1, quantity: 5 }, "AAA");
  shard?.place({ client: "client-1", id: "AAA:sell", side: "sell", price: 900, quantity: 9 }, "AAA");
  shard?.append({ type: "heartbeat" }, [
    {
      ...{ type: "traded", instrument: "AAA", price: 1, quantity: 9 },
      ...{ buyClient: "client-0", buyOrderId: "AAA:over" },
      ...{ sellClient: "client-2", sellOrderId: "AAA:nobody" },
    },
  ]);
  const result = judged(made);
  t.is(result.integrity.duplicates, 1);
  t.is(verdictOn(result), "failed");
});

/** Places and cancels one order that rests, acknowledged both times. */
function withCancel(made = history(1)) {
  const shard = made.shards[0];
  const order = { side: "buy" as const, price: 1, quantity: 3 };
  const id = "AAA:rests";
  const about = { client: "client-0", clientOrderId: id, order: { instrument: "AAA", ...order } };
  const ack = shard?.place({ client: "client-0", id, ...order }, "AAA") ?? null;
  const sent = FENCED + 900_000;
  made.attempts.push(attemptOf({ ...about, operation: 2_000, ack, sent, answered: sent + 5 }));
  const cancelled = shard?.cancel("client-0", id);
  made.attempts.push(
    attemptOf({
      ...{ client: "client-0", clientOrderId: id, operation: 2_001, kind: "cancel", status: 200 },
      ...{ ack: cancelled?.ack ?? null, sent: sent + 10, answered: sent + 15 },
    }),
  );
  return { made, shard, key: orderKey("client-0", id), ack, sent };
}

test("a cancel that is acknowledged and holds is no defect", (t) => {
  caught(t, judged(withCancel().made), { verdict: "met" });
});

test("an acknowledged cancel is undone when the order trades afterwards", (t) => {
  const { made, shard } = withCancel();
  shard?.append({ type: "heartbeat" }, [
    {
      ...{ type: "traded", instrument: "AAA", price: 1, quantity: 1 },
      ...{ buyClient: "client-0", buyOrderId: "AAA:rests", sellClient: "client-9", sellOrderId: "AAA:none" },
    },
  ]);
  const result = judged(made);
  t.is(result.integrity.resurrected, 1);
  t.is(verdictOn(result), "failed");
});

test("an acknowledged cancel is undone when API or projection show the order open", (t) => {
  const { made, key, ack } = withCancel();
  const given = testimony(made);
  const state = { status: "open", remaining: 3 };
  const api = new Map(given.api).set(key, { status: 200, ...(ack && { ack }), state });
  const throughApi = audit({ ...given, api });
  t.is(throughApi.integrity.resurrected, 1);
  t.is(verdictOn(throughApi), "failed");

  const orders = given.projection?.orders.map((row) =>
    row[1] === "AAA:rests" ? row.map((value) => (value === "cancelled" ? "open" : value)) : row,
  );
  const inTable = audit({
    ...given,
    projection: given.projection && { ...given.projection, orders: orders ?? [] },
  });
  caught(t, inTable, { integrity: { resurrected: 1 }, verdict: "failed" });
});

for (const outcome of ["refused", "never-appended"] as const) {
  test(`an order that was answered "${outcome}" and exists is a phantom`, (t) => {
    const given = testimony(history(1));
    const attempt = untouched(given);
    caught(t, audit(replaced(given, attempt, { outcome, ack: null })), {
      integrity: { phantom: 1 },
      verdict: "failed",
    });
  });
}

test("an order in a client's name that it never asked for is a phantom", (t) => {
  const made = history(1);
  made.shards[0]?.place({ client: "client-0", id: "AAA:ghost", side: "buy", price: 1, quantity: 1 }, "AAA");
  caught(t, judged(made), { integrity: { phantom: 1 }, verdict: "failed" });
});

test("a write without an answer that exists after all is no phantom, whatever a retry was told", (t) => {
  const given = testimony(history(1));
  const attempt = untouched(given);
  const doubtful = replaced(given, attempt, { outcome: "unknown", ack: null, status: null });
  const retry = { ...attempt, attempt: attempt.attempt + 1, outcome: "never-appended" as const, ack: null };
  const attempts = [...doubtful.clients.attempts, retry];
  const result = audit({ ...doubtful, clients: { ...doubtful.clients, attempts } });
  caught(t, result, { verdict: "met" });
  t.is(result.rpo.unknown, audit(given).rpo.unknown + 1);
});

for (const [what, change] of [
  ["an acknowledgement", {}],
  ["a read", { kind: "read", outcome: "read", state: { status: "open", remaining: 3 } }],
  ["a refusal that depends on state", { kind: "cancel", outcome: "refused", ack: null, status: 422 }],
] as const) {
  test(`${what} of the lost region for a request sent after the fence is stale`, (t) => {
    const { made, ack } = withCancel();
    const sent = FENCED + 1;
    const client = "client-3";
    const stale = {
      client,
      operation: 3_000,
      clientOrderId: "AAA:x",
      region: PRIMARY,
      sent,
      answered: sent + 1,
      ack,
    };
    made.attempts.push(attemptOf({ ...stale, ...change }));
    const result = judged(made);
    t.true(result.integrity.staleAnswers >= 1);
    t.not(verdictOn(result), "met");
  });
}

test("a 503 of the lost region after the fence is as it should be", (t) => {
  const made = history(1);
  const late = { client: "client-4", operation: 3_000, clientOrderId: "AAA:x", region: PRIMARY };
  made.attempts.push(attemptOf({ ...late, sent: FENCED + 1, outcome: "never-appended", status: 503 }));
  caught(t, judged(made), { verdict: "met" });
});

test("an answer of the lost region before the fence is as it should be, though it is after the impact", (t) => {
  const made = history(1);
  const about = { client: "client-4", operation: 3_000, clientOrderId: "AAA:x", region: PRIMARY };
  made.attempts.push(
    attemptOf({ ...about, sent: IMPACT + 1, kind: "cancel", outcome: "refused", status: 422 }),
  );
  caught(t, judged(made), { verdict: "met" });
});

for (const [what, state] of [
  ["open", { status: "open", remaining: 3 }],
  ["filled", { status: "filled", remaining: 0 }],
] as const) {
  test(`a cancelled order that is read as ${what} afterwards is a stale answer`, (t) => {
    const { made, ack, sent } = withCancel();
    const read = { client: "client-0", operation: 2_002, clientOrderId: "AAA:rests", kind: "read" as const };
    const times = { sent: sent + 20, answered: sent + 25 };
    made.attempts.push(attemptOf({ ...read, ...times, status: 200, outcome: "read", ack, state }));
    caught(t, judged(made), { integrity: { staleAnswers: 1 }, verdict: "failed" });
  });
}

test("a read that was under way while the order was cancelled may see either", (t) => {
  const { made, ack, sent } = withCancel();
  const read = { client: "client-0", operation: 2_002, clientOrderId: "AAA:rests", kind: "read" as const };
  const state = { status: "open", remaining: 3 };
  made.attempts.push(
    attemptOf({ ...read, sent: sent + 12, answered: sent + 40, status: 200, outcome: "read", ack, state }),
  );
  caught(t, judged(made), { verdict: "met" });
});

test("an acknowledged order that is then answered as absent is a stale answer", (t) => {
  const { made, sent } = withCancel();
  const read = { client: "client-0", operation: 2_002, clientOrderId: "AAA:rests", kind: "read" as const };
  const times = { sent: sent + 20, answered: sent + 25 };
  made.attempts.push(attemptOf({ ...read, ...times, status: 404, outcome: "absent" }));
  caught(t, judged(made), { integrity: { staleAnswers: 1 }, verdict: "failed" });
});

test("an order read at a place where the journal does not have it is a stale answer", (t) => {
  const { made, sent } = withCancel();
  const read = { client: "client-0", operation: 2_002, clientOrderId: "AAA:rests", kind: "read" as const };
  const ack = { shard: 0, epoch: 1, seq: 77, hash: "aa".repeat(32) };
  const answer = { status: 200, outcome: "read" as const, ack, state: { status: "cancelled", remaining: 3 } };
  made.attempts.push(attemptOf({ ...read, ...answer, sent: sent + 20, answered: sent + 25 }));
  caught(t, judged(made), { integrity: { staleAnswers: 1 }, verdict: "failed" });
});

test("checksums that differ are told apart by table and shard", (t) => {
  const given = testimony(history(1));
  const { projection } = given;
  const trades = { ...projection?.checksums.trades, 1: { rows: 1, total: 2, digest: "" } };
  const orders = projection?.checksums.orders ?? {};
  const result = audit({
    ...given,
    projection: projection && { ...projection, checksums: { orders, trades } },
  });
  caught(t, result, { integrity: { checksumsEqual: false }, verdict: "failed" });
  t.regex(result.defects[0]?.detail ?? "", /^trades of shard 1: 1 rows, total 2; the journal says \d+, \d+$/);
});

test("a projection whose watermark is not in the valid log is unequal", (t) => {
  const given = testimony(history(1));
  const { projection } = given;
  const watermarks = projection?.watermarks.map((mark) =>
    mark.shard === 0 ? { ...mark, hash: "00" } : mark,
  );
  const result = audit({
    ...given,
    projection: projection && { ...projection, watermarks: watermarks ?? [] },
  });
  caught(t, result, { integrity: { checksumsEqual: false }, verdict: "failed" });
});

test("a projection that could not be read is unequal", (t) => {
  const result = audit({ ...testimony(history(1)), projection: null });
  caught(t, result, { integrity: { checksumsEqual: false }, verdict: "failed" });
  t.deepEqual(kinds(result), ["unequal"]);
});

test("a record whose content was edited breaks the chain", (t) => {
  const given = testimony(history(1));
  const items = given.items.map((item) =>
    item.kind === "record" && item.epoch === 1 && item.seq === 2 ? { ...item, ts: item.ts + 1 } : item,
  );
  const result = audit({ ...given, items });
  t.is(result.integrity.brokenLinks, 2); // one in each shard
  t.is(verdictOn(result), "failed");
});

test("a record that was edited and hashed again breaks the link to the next one", (t) => {
  const given = testimony(history(1));
  const forge = (item: RecordItem): RecordItem => {
    const forged = { ...item, ts: item.ts - 1 };
    return { ...forged, hash: recordHash(forged) };
  };
  const items = given.items.map((item) =>
    item.kind === "record" && item.shard === 0 && item.epoch === 1 && item.seq === 2 ? forge(item) : item,
  );
  const result = audit({ ...given, items });
  t.true(result.integrity.brokenLinks >= 1);
  t.not(verdictOn(result), "met");
});

test("a hole below a seal breaks the log", (t) => {
  const given = testimony(history(1));
  const items = given.items.filter(({ shard, epoch, seq }) => !(shard === 0 && epoch === 1 && seq === 2));
  const result = audit({ ...given, items });
  t.true(result.defects.some(({ kind, detail }) => kind === "broken" && /empty below the seal/.test(detail)));
  t.is(verdictOn(result), "rpo-missed");
});
