/** Every write of the clients against journal, API and projection: acknowledged means there, refused means not. */
import type { Acknowledged } from "../client-log.ts";
import type { Defect } from "./defect.ts";
import type { Operation } from "./operations.ts";
import { ORDER_COLUMNS, type Projection, type Row } from "./projection.ts";
import { type Folded, type FoldedOrder, orderKey, type Place } from "./second-fold.ts";

/** What the new region's API said of an order; `status` null: it gave no answer. */
export interface ApiAnswer {
  readonly status: number | null;
  readonly ack?: Acknowledged;
  readonly state?: { readonly status: string; readonly remaining: number };
}

export interface Record {
  readonly folded: Folded;
  /** Hashes of the valid log by `placeOf`. */
  readonly places: ReadonlyMap<string, string>;
  /** By order key. */
  readonly rows: ReadonlyMap<string, Row> | null;
  readonly api: ReadonlyMap<string, ApiAnswer>;
}

export const placeOf = ({ shard, epoch, seq }: Omit<Place, "hash">): string => `${shard}/${epoch}/${seq}`;

const same = (a: Acknowledged, b: Place): boolean =>
  a.shard === b.shard && a.epoch === b.epoch && a.seq === b.seq && a.hash === b.hash;

const textOf = ({ shard, epoch, seq, hash }: Acknowledged): string =>
  `shard ${shard} epoch ${epoch} seq ${seq} hash ${hash.slice(0, 8)}`;

export function rowsByKey(projection: Projection): Map<string, Row> {
  return new Map(projection.orders.map((row) => [orderKey(String(row[0]), String(row[1])), row]));
}

export function writeDefects(operation: Operation, record: Record): Defect[] {
  const order = record.folded.orders.get(operation.key);
  const at = operation.kind === "place" ? order?.placedAt : order?.cancelledAt;
  const name = operation.kind === "place" ? "order" : "cancel of";
  const subject = `${operation.client} ${operation.clientOrderId}`;
  const about = (kind: Defect["kind"], detail: string): Defect => ({
    kind,
    // An order and its cancel are two writes, but one order that came to life again or ran twice.
    subject: kind === "duplicate" || kind === "resurrected" ? subject : `${operation.kind} ${subject}`,
    detail: `${name} ${operation.clientOrderId} of ${operation.client}: ${detail}`,
  });

  if (operation.fate === "refused" || operation.fate === "never-appended") {
    return at ? [about("phantom", `answered "${operation.fate}", and it is in the journal`)] : [];
  }
  if (operation.fate === "unknown") return [];
  return [
    ...operation.acks.flatMap((ack) => {
      if (record.places.get(placeOf(ack)) !== ack.hash) {
        const why = `acknowledged at ${textOf(ack)}, which is not in the valid log`;
        return [about("split-brain", why), about("lost", why)];
      }
      if (!at) return [about("lost", `acknowledged at ${textOf(ack)}, but that record does not hold it`)];
      return same(ack, at) ? [] : [about("duplicate", `acknowledged again, at ${textOf(ack)}`)];
    }),
    ...(order === undefined ? [] : stateDefects(operation, order, record, about)),
  ];
}

type About = (kind: Defect["kind"], detail: string) => Defect;

function stateDefects(operation: Operation, order: FoldedOrder, record: Record, about: About): Defect[] {
  return operation.kind === "place"
    ? [
        ...contentDefects(operation, order, about),
        ...placedRowDefects(operation, order, record, about),
        ...apiDefects(order, record.api.get(operation.key), about),
      ]
    : cancelDefects(operation, record, about);
}

function contentDefects({ order: asked }: Operation, { content }: FoldedOrder, about: About): Defect[] {
  const fields = ["instrument", "side", "price", "quantity"] as const;
  return fields
    .filter((field) => asked !== undefined && asked[field] !== content[field])
    .map((field) => about("lost", `${field} ${asked?.[field]} became ${content[field]} in the journal`));
}

/** Columns that the placement fixes for ever; the rest is compared by checksum. */
const FIXED = ["shard", "instrument", "side", "price", "quantity", "epoch", "seq"] as const;

function placedRowDefects(
  { key }: Operation,
  { content, placedAt }: FoldedOrder,
  { rows }: Record,
  about: About,
): Defect[] {
  if (rows === null) return [];
  const row = rows.get(key);
  if (row === undefined) return [about("lost", "not in the projection")];
  const should = { ...content, ...placedAt };
  return FIXED.filter((column) => row[ORDER_COLUMNS.indexOf(column)] !== should[column]).map((column) =>
    about("lost", `${column} is ${row[ORDER_COLUMNS.indexOf(column)]} in the projection`),
  );
}

function cancelDefects({ key }: Operation, { folded, rows, api }: Record, about: About): Defect[] {
  const stillThere: [string, string | undefined][] = [
    ["projection", rows?.get(key)?.[ORDER_COLUMNS.indexOf("status")]?.toString()],
    ["API", api.get(key)?.state?.status],
  ];
  return [
    ...(folded.resurrected.has(key) ? [about("resurrected", "it traded afterwards")] : []),
    ...stillThere
      .filter(([, status]) => status !== undefined && status !== "cancelled")
      .map(([where, status]) => about("resurrected", `acknowledged, and ${status} in the ${where}`)),
  ];
}

function apiDefects(order: FoldedOrder, answer: ApiAnswer | undefined, about: About): Defect[] {
  if (answer === undefined) return [];
  if (answer.status !== 200) return [about("lost", `the API answers ${answer.status ?? "nothing"}`)];
  if (answer.ack === undefined || !same(answer.ack, order.placedAt)) {
    return [about("lost", `the API places it at ${answer.ack ? textOf(answer.ack) : "no place"}`)];
  }
  const { status, remaining } = answer.state ?? { status: "nothing", remaining: 0 };
  if (status === order.status && remaining === order.remaining) return [];
  const should = `${order.status} with ${order.remaining}`;
  return [about("stale", `the API says ${status} with ${remaining} open, the journal ${should}`)];
}
