/** The clients' own logs: what a client asked, when, of whom, and what it was told. The only witness a judge trusts. */
import { createReadStream } from "node:fs";
import { createInterface } from "node:readline/promises";
import { z } from "zod";

const acknowledgement = z.strictObject({
  shard: z.int(),
  epoch: z.int(),
  seq: z.int(),
  hash: z.string(),
});

/**
 * - `accepted`: 200 or 201 with an acknowledgement
 * - `read`: 200 with the state of an order
 * - `absent`: a read answered 404
 * - `refused`: 400, 404, 409, 422
 * - `never-appended`: 503, nothing came of it
 * - `unsent`: no address or no connection, so that nothing can have come of it
 * - `unknown`: sent, and no answer that settles it
 */
export const OUTCOMES = [
  "accepted",
  "read",
  "absent",
  "refused",
  "never-appended",
  "unsent",
  "unknown",
] as const;

const attempt = z.strictObject({
  type: z.literal("attempt"),
  client: z.string(),
  /** Counts the client's operations; retries share it. */
  operation: z.int(),
  /** From 1. */
  attempt: z.int().min(1),
  kind: z.enum(["place", "cancel", "read"]),
  /** By a client without connections and with nothing but its resolver's answer. */
  fresh: z.boolean(),
  clientOrderId: z.string(),
  order: z
    .strictObject({
      instrument: z.string(),
      side: z.enum(["buy", "sell"]),
      price: z.int(),
      quantity: z.int(),
    })
    .optional(),
  /** Milliseconds since 1970: when the schedule wanted it, when it left, when it was settled (answer or given up). */
  intended: z.number(),
  sent: z.number(),
  answered: z.number(),
  /** `host:port` that was asked; null when there was none. */
  address: z.string().nullable(),
  region: z.string().nullable(),
  pod: z.string().nullable(),
  status: z.int().nullable(),
  outcome: z.enum(OUTCOMES),
  ack: acknowledgement.nullable(),
  /** What a read saw, or what a cancel took out. */
  state: z.strictObject({ status: z.string(), remaining: z.int().optional() }).optional(),
  /** Why there was no usable answer. */
  error: z.string().optional(),
});

const client = z.strictObject({
  type: z.literal("client"),
  client: z.string(),
  /** Ignores the TTL and keeps its first address for ever. */
  pinned: z.boolean(),
  /** Tries the other addresses of an answer. */
  persistent: z.boolean(),
});

const line = z.discriminatedUnion("type", [attempt, client]);

export type Acknowledged = z.infer<typeof acknowledgement>;
export type Outcome = (typeof OUTCOMES)[number];
export type Attempt = z.infer<typeof attempt>;
export type ClientLine = z.infer<typeof client>;
export type LogLine = z.infer<typeof line>;

/** What the clients' process says while it works, on its standard output. */
export type ClientEvent =
  | {
      readonly type: "second";
      readonly at: number;
      readonly sent: number;
      readonly ok: number;
      readonly failed: number;
      readonly pending: number;
      /** Answers per region in that second. */
      readonly regions: Readonly<Record<string, number>>;
    }
  /** A fresh client's write was settled. */
  | {
      readonly type: "fresh";
      readonly sent: number;
      readonly at: number;
      readonly ok: boolean;
      readonly resolver: number;
      readonly region: string | null;
    }
  /** The authoritative answer for the public name is no longer what it was. */
  | { readonly type: "name"; readonly at: number; readonly addresses: readonly string[] };

export interface ClientLog {
  readonly clients: readonly ClientLine[];
  readonly attempts: readonly Attempt[];
}

/** Reads a log whole. A torn last line (the process was killed) is left out; any other bad line is an error. */
export async function readClientLog(path: string): Promise<ClientLog> {
  const clients: ClientLine[] = [];
  const attempts: Attempt[] = [];
  let number = 0;
  let bad: Error | undefined;
  for await (const text of createInterface({ input: createReadStream(path), crlfDelay: Infinity })) {
    if (bad) throw bad;
    number++;
    const parsed = parse(text);
    if (parsed instanceof Error) {
      bad = new Error(`${path}:${number} is not a line of a client log: ${parsed.message}`, {
        cause: parsed,
      });
    } else if (parsed.type === "client") clients.push(parsed);
    else attempts.push(parsed);
  }
  return { clients, attempts };
}

function parse(text: string): LogLine | Error {
  try {
    return line.parse(JSON.parse(text));
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}
