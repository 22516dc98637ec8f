/**
 * Correct histories of a lost region, made up from a seed: a journal with orphans beyond the seal, clients' logs,
 * projection and API answers that agree with it. Defects are made by changing one of them.
 */

import {
  epochStartHash,
  genesisHash,
  NO_RECORD,
  type RecordItem,
  recordHash,
  type SealItem,
  sealHash,
  type TableItem,
} from "../../../automation/drill/audit/items.ts";
import { expect, type Projection, type Row } from "../../../automation/drill/audit/projection.ts";
import { orderKey, secondFold } from "../../../automation/drill/audit/second-fold.ts";
import { validLog } from "../../../automation/drill/audit/valid-log.ts";
import type { ApiAnswer } from "../../../automation/drill/audit/writes.ts";
import { type Audit, audit, type Testimony } from "../../../automation/drill/audit.ts";
import type { Attempt, ClientLine } from "../../../automation/drill/client-log.ts";
import { type Random, random } from "../../../sandbox/clients/random.ts";

export const PRIMARY = "us-east-1";
export const SECONDARY = "us-west-2";
export const IMPACT = 1_000_000;
export const FENCED = IMPACT + 20_000;
export const INSTRUMENTS = ["AAA", "BBB"] as const;

interface Open {
  readonly client: string;
  readonly id: string;
  readonly side: "buy" | "sell";
  readonly price: number;
  readonly quantity: number;
  remaining: number;
}

/** Writes one shard's log as an engine would: matching orders, record by record, epoch by epoch. */
export class Shard {
  readonly items: TableItem[] = [];
  readonly shard: number;
  #book: Open[] = [];
  #epoch = 0;
  #seq = 1;
  #opening: string;
  #expected = "";
  #last: { epoch: number; seq: number; hash: string } = { epoch: 0, seq: 0, hash: NO_RECORD };
  #ts = IMPACT - 60_000;

  constructor(shard: number) {
    this.shard = shard;
    this.#opening = genesisHash(shard, PRIMARY);
    this.seal(PRIMARY, "start");
  }

  /** Position that the next record takes. */
  get next(): number {
    return this.#seq;
  }

  #seal(region: string, reason: string, seq: number): SealItem {
    const base =
      seq === this.#seq
        ? { epoch: this.#last.epoch, seq: this.#last.seq, index: null }
        : { epoch: this.#epoch, seq: seq - 1, index: null };
    const draft = {
      ...{ shard: this.shard, epoch: this.#epoch, seq, base, region, writer: "writer", generation: 0 },
      ...{ reason, sealer: "sealer", ts: this.#ts, prevHash: this.#opening },
    };
    return { kind: "seal", ...draft, hash: sealHash(draft) };
  }

  /** @param orphans positions beyond the seal at which a record landed; the other `width` are seals */
  seal(region: string, reason: string, orphans: readonly number[] = [], width = 0): void {
    const seal = this.#seal(region, reason, this.#seq);
    this.items.push(seal);
    for (let offset = 1; offset <= width; offset++) {
      const seq = this.#seq + offset;
      if (orphans.includes(offset)) this.items.push(this.#orphan(seq));
      else this.items.push(this.#seal(region, reason, seq));
    }
    this.#opening = seal.hash;
    this.#expected = epochStartHash(seal.hash, seal.base, this.#last.hash);
    this.#epoch++;
  }

  #orphan(seq: number): RecordItem {
    const draft = {
      ...{ shard: this.shard, epoch: this.#epoch, seq, writer: "writer", ts: this.#ts },
      ...{ prevHash: "unknown to us", events: 0, body: "[]" },
    };
    return { kind: "record", ...draft, hash: recordHash(draft) };
  }

  append(command: object, events: readonly object[]) {
    this.#ts += 10;
    const draft = {
      ...{ shard: this.shard, epoch: this.#epoch, seq: this.#seq, writer: "writer", ts: this.#ts },
      ...{ prevHash: this.#expected, events: events.length, body: JSON.stringify([{ command, events }]) },
    };
    const item: RecordItem = { kind: "record", ...draft, hash: recordHash(draft) };
    this.items.push(item);
    this.#expected = item.hash;
    this.#last = item;
    this.#seq++;
    return { shard: this.shard, epoch: item.epoch, seq: item.seq, hash: item.hash };
  }

  place(order: Omit<Open, "remaining">, instrument: string) {
    const { client, id: clientOrderId, side, price, quantity } = order;
    const content = { client, clientOrderId, instrument, side, price, quantity };
    const mine: Open = { ...order, remaining: quantity };
    const events: object[] = [{ type: "placed", ...content }];
    for (const other of this.#book) {
      const crosses = side === "buy" ? other.price <= price : other.price >= price;
      if (mine.remaining === 0 || other.side === side || !crosses) continue;
      if (!other.id.startsWith(`${instrument}:`)) continue;
      const traded = Math.min(mine.remaining, other.remaining);
      mine.remaining -= traded;
      other.remaining -= traded;
      const [buy, sell] = side === "buy" ? [mine, other] : [other, mine];
      events.push({
        ...{ type: "traded", instrument, price: other.price, quantity: traded },
        ...{ buyClient: buy.client, buyOrderId: buy.id, sellClient: sell.client, sellOrderId: sell.id },
      });
    }
    this.#book = [...this.#book, mine].filter(({ remaining }) => remaining > 0);
    return this.append({ type: "place", ...content }, events);
  }

  /** Undefined: it is not open. */
  cancel(client: string, id: string) {
    const open = this.#book.find((order) => order.client === client && order.id === id);
    if (open === undefined) return undefined;
    this.#book = this.#book.filter((order) => order !== open);
    const quantity = open.remaining;
    const events = [{ type: "cancelled", client, clientOrderId: id, quantity }];
    return { quantity, ack: this.append({ type: "cancel", client, clientOrderId: id }, events) };
  }

  remaining(client: string, id: string): number | undefined {
    return this.#book.find((order) => order.client === client && order.id === id)?.remaining;
  }
}

/** Everything a judge is given, changeable. */
export interface History {
  readonly shards: readonly Shard[];
  readonly attempts: Attempt[];
  readonly clients: ClientLine[];
  fencedAt: number | null;
}

export const attemptOf = (partial: Partial<Attempt> & Pick<Attempt, "client" | "operation">): Attempt => ({
  type: "attempt",
  attempt: 1,
  kind: "place",
  fresh: false,
  clientOrderId: "AAA:1",
  intended: IMPACT,
  sent: IMPACT,
  answered: IMPACT + 10,
  address: "127.0.0.1:8443",
  region: SECONDARY,
  pod: "pod",
  status: 201,
  outcome: "accepted",
  ack: null,
  ...partial,
});

export function history(seed: number, operations = 60): History {
  const source = random(seed);
  const shards = INSTRUMENTS.map((_, shard) => new Shard(shard));
  const attempts: Attempt[] = [];
  const placed: { readonly client: string; readonly id: string; readonly shard: number }[] = [];
  const half = Math.floor(operations / 2);
  for (let operation = 1; operation <= operations; operation++) {
    if (operation === half) for (const shard of shards) shard.seal(SECONDARY, "failover", [2, 3], 4);
    const before = operation < half;
    const at = before ? IMPACT - 1_000 * (half - operation) : FENCED + 1_000 * (operation - half + 1);
    const client = `client-${source.integer(0, 4)}`;
    const base = {
      ...{ client, operation, intended: at, sent: at, answered: at + 10 },
      region: before ? PRIMARY : SECONDARY,
    };
    attempts.push(...operate(source, shards, placed, base));
  }
  const clients = [0, 1, 2, 3, 4].map(
    (number): ClientLine => ({
      ...{ type: "client", client: `client-${number}`, pinned: number === 4, persistent: false },
    }),
  );
  return { shards, attempts, clients, fencedAt: FENCED };
}

function operate(
  source: Random,
  shards: readonly Shard[],
  placed: { readonly client: string; readonly id: string; readonly shard: number }[],
  base: Partial<Attempt> & Pick<Attempt, "client" | "operation" | "sent">,
): Attempt[] {
  const draw = source.next();
  const own = placed.filter(({ client }) => client === base.client);
  const target = own.length > 0 ? source.pick(own) : undefined;
  if (target !== undefined && draw < 0.2) {
    const shard = shards[target.shard];
    const cancelled = shard?.cancel(target.client, target.id);
    placed.splice(placed.indexOf(target), 1);
    const about = { ...base, kind: "cancel" as const, clientOrderId: target.id };
    return cancelled
      ? [attemptOf({ ...about, status: 200, ack: cancelled.ack })]
      : [attemptOf({ ...about, status: 422, outcome: "refused" })];
  }
  const side = source.pick(["buy", "sell"] as const);
  const shard = source.integer(0, shards.length - 1);
  const instrument = INSTRUMENTS[shard] ?? "AAA";
  const id = `${instrument}:${source.token()}`;
  const order = { side, price: source.integer(95, 105), quantity: source.integer(1, 9) };
  const about = { ...base, clientOrderId: id, order: { instrument, ...order } };
  if (draw < 0.3) return [attemptOf({ ...about, status: 503, outcome: "never-appended", ack: null })];
  if (draw < 0.35) return [attemptOf({ ...about, status: null, outcome: "unknown", ack: null })];
  const ack = shards[shard]?.place({ client: base.client, id, ...order }, instrument) ?? null;
  placed.push({ client: base.client, id, shard });
  const accepted = attemptOf({ ...about, ack });
  if (draw < 0.45) {
    const unknown = attemptOf({ ...about, status: null, outcome: "unknown", ack: null });
    return [
      unknown,
      { ...accepted, attempt: 2, sent: base.sent + 50, answered: base.sent + 60, status: 200 },
    ];
  }
  return [accepted];
}

/** A projection and API that agree with the journal. */
export function testimony({ shards, attempts, clients, fencedAt }: History): Testimony {
  const items = shards.flatMap((shard) => shard.items);
  const logs = shards.map(({ shard }) => validLog(items, shard, PRIMARY));
  const watermarks = logs.flatMap(({ shard, records }) => {
    const last = records.at(-1)?.item;
    return last ? [{ shard, epoch: last.epoch, seq: last.seq, hash: last.hash }] : [];
  });
  const { orders, checksums } = expect(logs, watermarks);
  const folded = secondFold({ records: logs.flatMap(({ records }) => records) });
  const api = new Map<string, ApiAnswer>(
    [...folded.orders].map(([key, { placedAt, status, remaining }]) => [
      key,
      { status: 200, ack: placedAt, state: { status, remaining } },
    ]),
  );
  return {
    ...{ clients: { clients, attempts }, items, shards: shards.length },
    ...{
      primary: PRIMARY,
      lost: PRIMARY,
      fencedAt,
      projection: { watermarks, orders, checksums },
      api,
      replica: watermarks,
    },
  };
}

export const judged = (history: History): Audit => audit(testimony(history));

export const withoutRow = (projection: Projection | null, key: string): Projection | null =>
  projection && {
    ...projection,
    orders: projection.orders.filter((row: Row) => orderKey(String(row[0]), String(row[1])) !== key),
  };
