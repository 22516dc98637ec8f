/** What clients may send, and to which shard it goes. */
import { crc32 } from "node:zlib";
import type { CancelOrder, PlaceOrder } from "./engine/events.ts";

/** Ticks and lots; keeps every sum well inside the exact integers. */
export const MAX_PRICE = 1_000_000_000;
export const MAX_QUANTITY = 1_000_000_000;

const RESERVED = /^SMOKE-(\d{1,4})$/;

/** Instruments on which a region may be tried before it takes traffic: `SMOKE-<shard>`. */
export const isReserved = (instrument: string): boolean => RESERVED.test(instrument);
export const reservedInstrument = (shard: number): string => `SMOKE-${shard}`;

/** Never changes for a given number of shards: an order's shard is where its past lies. */
export function shardOf(instrument: string, shards: number): number {
  const reserved = RESERVED.exec(instrument)?.[1];
  return (reserved === undefined ? crc32(instrument) : Number(reserved)) % shards;
}

/** The instrument that a client order id names: everything before its first colon, empty without one. */
export const instrumentOf = (clientOrderId: string): string =>
  clientOrderId.slice(0, Math.max(0, clientOrderId.indexOf(":")));

/** The request as it stands cannot be understood; `problems` has one line per field. */
export class MalformedError extends Error {
  override readonly name = "MalformedError";
  readonly problems: readonly string[];
  constructor(problems: readonly string[], options?: ErrorOptions) {
    super(problems.join("; "), options);
    this.problems = problems;
  }
}

interface Check {
  readonly allowed: string;
  readonly test: (value: unknown) => boolean;
}

const matching = (pattern: RegExp): Check => ({
  allowed: `a string that matches ${pattern.source}`,
  test: (value) => typeof value === "string" && pattern.test(value),
});
const count = (max: number): Check => ({
  allowed: `an integer from 1 to ${max}`,
  test: (value) => Number.isInteger(value) && Number(value) >= 1 && Number(value) <= max,
});

// Neither contains a space or "|": keys and checksum lines are built with those.
const CLIENT = matching(/^[A-Za-z0-9._-]{1,32}$/);
const CLIENT_ORDER_ID = matching(/^[A-Za-z0-9._-]{1,32}:[A-Za-z0-9._:-]{1,64}$/);

const PLACE: Readonly<Record<keyof Omit<PlaceOrder, "type">, Check>> = {
  client: CLIENT,
  clientOrderId: CLIENT_ORDER_ID,
  instrument: matching(/^[A-Za-z0-9._-]{1,32}$/),
  side: { allowed: '"buy" or "sell"', test: (value) => value === "buy" || value === "sell" },
  price: count(MAX_PRICE),
  quantity: count(MAX_QUANTITY),
};
const ORDER_ID = { client: CLIENT, clientOrderId: CLIENT_ORDER_ID };

/** Throws `MalformedError` with every problem. */
export function parsePlace(body: string): PlaceOrder {
  const fields = jsonObject(body);
  const problems = problemsOf(fields, PLACE);
  const { client, clientOrderId, instrument, side, price, quantity } = fields as unknown as PlaceOrder;
  if (problems.length === 0 && instrumentOf(clientOrderId) !== instrument) {
    problems.push(`clientOrderId: must start with "${instrument}:", got ${JSON.stringify(clientOrderId)}`);
  }
  if (problems.length > 0) throw new MalformedError(problems);
  return { type: "place", client, clientOrderId, instrument, side, price, quantity };
}

/** Names the order of a cancel or a read. Throws `MalformedError` with every problem. */
export function parseOrderId(client: string | null, clientOrderId: string): Omit<CancelOrder, "type"> {
  const problems = problemsOf({ client, clientOrderId }, ORDER_ID);
  if (client === null || problems.length > 0) throw new MalformedError(problems);
  return { client, clientOrderId };
}

function problemsOf(
  fields: Readonly<Record<string, unknown>>,
  checks: Readonly<Record<string, Check>>,
): string[] {
  const wrong = Object.entries(checks)
    .filter(([name, check]) => !check.test(fields[name]))
    .map(([name, check]) => `${name}: must be ${check.allowed}, got ${shown(fields[name])}`);
  const unknown = Object.keys(fields)
    .filter((name) => !Object.hasOwn(checks, name))
    .map((name) => `${name.slice(0, 32)}: unknown field, allowed are ${Object.keys(checks).join(", ")}`);
  return [...wrong, ...unknown];
}

const shown = (value: unknown): string => (JSON.stringify(value) ?? "nothing").slice(0, 80);

function jsonObject(body: string): Readonly<Record<string, unknown>> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch (cause) {
    throw new MalformedError(["body: must be JSON"], { cause });
  }
  if (typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)) return { ...parsed };
  throw new MalformedError([`body: must be a JSON object, got ${shown(parsed)}`]);
}
