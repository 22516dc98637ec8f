/** Quarantine files, and sending them again to a platform that answers as ours does. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import test, { type ExecutionContext } from "ava";
import {
  type Quarantined,
  quarantinedFrom,
  quarantinedOf,
  readQuarantine,
  writeQuarantine,
} from "../../../automation/corruption/quarantine.ts";
import { resubmit } from "../../../automation/corruption/resubmit.ts";
import { type JournalRecord, openWriter } from "../../../journal/index.ts";
import { MemoryTable, memoryJournal } from "../../journal/memory.ts";
import { place } from "../../workload/engine/run.ts";
import { openShard } from "../../workload/projector/database.ts";

const entryOf = (command: ReturnType<typeof place>, trades = 0) => ({
  command,
  events: [{ ...command, type: "placed" }, ...Array.from({ length: trades }, () => ({ type: "traded" }))],
});
const entries = [
  entryOf(place("GOLD:1", "buy", 100, 1), 2),
  entryOf(place("GOLD:2", "buy", 100, 2, "bob")),
  { command: { type: "cancel", client: "bob", clientOrderId: "GOLD:2" }, events: [{ type: "cancelled" }] },
];
const record = {
  ...{ kind: "record", shard: 0, epoch: 3, seq: 12, writer: "w", ts: 1_000, prevHash: "p", hash: "h" },
  ...{ events: 5, body: JSON.stringify(entries) },
} as const satisfies JournalRecord;

const all = quarantinedOf({ record, from: 0, upTo: 5 }, () => "it came after the cut");

test("each command is a line, with its events, its place and the reason", (t) => {
  t.deepEqual(
    all.map(({ entry, events, partial }) => [entry, events.map(({ index }) => index), partial]),
    [
      [0, [0, 1, 2], false],
      [1, [3], false],
      [2, [4], false],
    ],
  );
  t.deepEqual(all[1], {
    ...{ shard: 0, epoch: 3, seq: 12, entry: 1, ts: 1_000, hash: "h", partial: false },
    command: { ...place("GOLD:2", "buy", 100, 2, "bob") },
    events: [{ index: 3, event: { ...place("GOLD:2", "buy", 100, 2, "bob"), type: "placed" } }],
    reason: "it came after the cut",
  });
});

test("a command that a cut splits is partial; one that stands is not there", (t) => {
  const split = quarantinedOf({ record, from: 2, upTo: 4 }, () => "cut");
  t.deepEqual(
    split.map(({ entry, events, partial }) => [entry, events.map(({ index }) => index), partial]),
    [
      [0, [2], true],
      [1, [3], false],
    ],
  );
  const filtered = quarantinedOf({ record, from: 0, upTo: 5 }, (index) =>
    index === 3 ? "left out: x" : undefined,
  );
  t.deepEqual(
    filtered.map(({ entry, reason }) => [entry, reason]),
    [[1, "left out: x"]],
  );
});

test("behind a chain that was given up everything is set aside, over epochs, what cannot be read as it is", async (t) => {
  const table = new MemoryTable();
  const store = memoryJournal(table);
  const first = await openShard(store, 0);
  for (let n = 1; n <= 3; n++) await first.send([place(`GOLD:${n}`, "buy", 100, n)]);
  const next = await openWriter({ store, shard: 0, region: "us-east-1", writer: "next" });
  await next.append(JSON.stringify([entryOf(place("GOLD:9", "buy", 100, 9))]), 1);
  const second = table.log(0, 1).get(2);
  if (second?.kind !== "record") return t.fail();
  table.log(0, 1).set(2, { ...second, body: "what" });
  const aside = await Array.fromAsync(quarantinedFrom(store, 0, { epoch: 1, seq: 2 }));
  t.deepEqual(
    aside.map(({ epoch, command }) => [epoch, "clientOrderId" in command ? command.clientOrderId : command]),
    [
      [1, { type: "unreadable", body: "what" }],
      [1, "GOLD:3"],
      [2, "GOLD:9"],
    ],
  );
  t.is(aside[0]?.reason, "it is at or behind 0:1:2, from where the chain was given up");
});

interface Platform {
  readonly url: string;
  /** Method, path and body of what arrived. */
  readonly requests: string[];
  /** Answers of which status, in turn; then 201. */
  readonly statuses: number[];
}

const BODIES: Readonly<Record<number, string>> = {
  200: '{"status":"cancelled","quantity":1}',
  201: '{"status":"accepted"}',
  // Of somebody else, on the way there.
  404: "<html>not here</html>",
  409: '{"status":"conflict","reason":"other content"}',
  503: '{"status":"maintenance","reason":"halted"}',
};

async function platform(t: ExecutionContext): Promise<Platform> {
  const requests: string[] = [];
  const statuses: number[] = [];
  const textOf = async (incoming: IncomingMessage) => (await incoming.toArray()).join("");
  const server = createServer(async (incoming, outgoing) => {
    requests.push(`${incoming.method} ${incoming.url} ${await textOf(incoming)}`);
    const status = statuses.shift() ?? 201;
    outgoing.writeHead(status).end(BODIES[status]);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.teardown(() => server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests, statuses };
}

async function fileOf(t: ExecutionContext): Promise<string> {
  const directory = await mkdtemp(path.join(tmpdir(), "quarantine-"));
  t.teardown(() => rm(directory, { recursive: true }));
  const file = path.join(directory, "quarantine.ndjson");
  t.is(await writeQuarantine(file, [all]), 3);
  return file;
}

const sendAll = async () => "send" as const;

test("a quarantine is read back as it was written; a damaged line is named", async (t) => {
  const file = await fileOf(t);
  t.deepEqual(await readQuarantine(file), all);
  await writeFile(file, '{"shard":0}\n');
  await t.throwsAsync(readQuarantine(file), {
    message: `${file}, line 1 is not what was written there: {"shard":0}`,
  });
});

test("commands are sent under their own client order ids, cancels too, in their order", async (t) => {
  const file = await fileOf(t);
  const { url, requests } = await platform(t);
  t.deepEqual(await resubmit({ file, url, decide: sendAll }), {
    accepted: 3,
    refused: 0,
    skipped: 0,
    undecided: 0,
  });
  t.deepEqual(requests, [
    'POST /orders {"client":"ann","clientOrderId":"GOLD:1","instrument":"GOLD","side":"buy","price":100,"quantity":1}',
    'POST /orders {"client":"bob","clientOrderId":"GOLD:2","instrument":"GOLD","side":"buy","price":100,"quantity":2}',
    "DELETE /orders/GOLD%3A2?client=bob ",
  ]);
  t.deepEqual(await resubmit({ file, url, decide: sendAll }), {
    accepted: 0,
    refused: 0,
    skipped: 0,
    undecided: 0,
  });
  t.is(requests.length, 3, "what was decided is not asked or sent again");
});

test("one decision at a time: sent, left for good, left for later, stopped; the next run asks for the rest only", async (t) => {
  const file = await fileOf(t);
  const { url, requests } = await platform(t);
  const asked: Quarantined[] = [];
  const answers = ["skip", "leave", "stop"] as const;
  const first = await resubmit({
    ...{ file, url },
    decide: async (command) => {
      asked.push(command);
      return answers[asked.length - 1] ?? "send";
    },
  });
  t.deepEqual(first, { accepted: 0, refused: 0, skipped: 1, undecided: 2 });
  t.deepEqual(await resubmit({ file, url, decide: sendAll }), {
    accepted: 2,
    refused: 0,
    skipped: 0,
    undecided: 0,
  });
  t.is(requests.length, 2);
  const kept = (await readFile(`${file}.decisions`, "utf8"))
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  t.deepEqual(
    kept.map(({ id, decision, answer }) => [id, decision, answer?.status]),
    [
      ["0:3:12:0", "skipped", undefined],
      ["0:3:12:1", "resubmitted", 201],
      ["0:3:12:2", "resubmitted", 201],
    ],
  );
});

test("a refusal is an answer; without one the run ends there, for what follows may depend on it", async (t) => {
  const file = await fileOf(t);
  const { url, statuses, requests } = await platform(t);
  const unsettled: string[] = [];
  const again = (to: string) =>
    resubmit({ file, url: to, decide: sendAll, onUnsettled: (_, reason) => unsettled.push(reason) });
  statuses.push(409, 503, 404, 503);
  t.deepEqual(await again(url), { accepted: 0, refused: 1, skipped: 0, undecided: 2 });
  t.deepEqual(unsettled, ['503 {"status":"maintenance","reason":"halted"}']);
  t.deepEqual(await again("http://127.0.0.1:9"), { accepted: 0, refused: 0, skipped: 0, undecided: 2 });
  t.is(unsettled.at(-1), "POST http://127.0.0.1:9/orders: ECONNREFUSED");
  t.deepEqual(await again(url), { accepted: 2, refused: 0, skipped: 0, undecided: 0 });
  t.is(requests.length, 6);
});

test("what cannot be read as an order is not sent, and does not hold the others up", async (t) => {
  const file = await fileOf(t);
  const { url, requests } = await platform(t);
  const [first, second] = all;
  if (first === undefined || second === undefined) return t.fail();
  await writeQuarantine(file, [[{ ...first, command: { type: "unreadable", body: "what" } }, second]]);
  const unsettled: string[] = [];
  const result = await resubmit({
    ...{ file, url, decide: sendAll },
    onUnsettled: (_, reason) => unsettled.push(reason),
  });
  t.deepEqual(result, { accepted: 1, refused: 0, skipped: 0, undecided: 1 });
  t.deepEqual(unsettled, ["it names no order that could be placed or cancelled"]);
  t.is(requests.length, 1);
});
