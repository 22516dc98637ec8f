/** Reads the whole journal table strongly, through the surviving region, with nothing of the journal's own code. */
import { type AttributeValue, DynamoDBClient, ScanCommand } from "@aws-sdk/client-dynamodb";
import { z } from "zod";
import type { TableItem } from "../audit/items.ts";

export interface TableSource {
  /** Absent: AWS' own, and the machine's credentials. */
  readonly endpoint?: string;
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
  readonly region: string;
  readonly table: string;
}

/** Partition key of a shard's epoch: `<shard>#<epoch>`. Other items of the table are not log. */
const LOG_KEY = /^(\d+)#(\d+)$/;

const string = z.strictObject({ S: z.string() }).transform(({ S }) => S);
const integer = z.strictObject({ N: z.string().regex(/^-?\d+$/) }).transform(({ N }) => Number(N));

const common = { pk: string, sk: integer, ts: integer, prevHash: string, hash: string };
const stored = z.union([
  z.strictObject({
    ...common,
    kind: z.strictObject({ S: z.literal("record") }),
    writer: string,
    events: integer,
    body: string,
  }),
  z.strictObject({
    ...common,
    kind: z.strictObject({ S: z.literal("seal") }),
    baseEpoch: integer,
    baseSeq: integer,
    baseIndex: integer.optional(),
    region: string,
    writer: string.optional(),
    generation: integer,
    reason: string,
    sealer: string,
  }),
]);

/** Every item of every shard's log, orphans included, in no order. */
export async function readJournalTable({ table, ...source }: TableSource): Promise<TableItem[]> {
  const client = new DynamoDBClient({ ...source, maxAttempts: 5 });
  try {
    const items: TableItem[] = [];
    let from: Record<string, AttributeValue> | undefined;
    do {
      const start = from === undefined ? {} : { ExclusiveStartKey: from };
      const page = await client.send(new ScanCommand({ TableName: table, ConsistentRead: true, ...start }));
      for (const attributes of page.Items ?? []) {
        const item = itemOf(attributes);
        if (item !== undefined) items.push(item);
      }
      from = page.LastEvaluatedKey;
    } while (from !== undefined);
    return items;
  } finally {
    client.destroy();
  }
}

/** Undefined: not an item of a log. Throws when it should be one and is not. */
export function itemOf(attributes: Record<string, AttributeValue>): TableItem | undefined {
  const key = LOG_KEY.exec(attributes["pk"]?.S ?? "");
  if (key === null) return undefined;
  const parsed = stored.safeParse(attributes);
  if (!parsed.success) {
    const where = `${attributes["pk"]?.S} ${attributes["sk"]?.N}`;
    throw new Error(`journal item ${where} is neither a record nor a seal: ${parsed.error.message}`);
  }
  const { ts, prevHash, hash, sk: seq } = parsed.data;
  const head = { shard: Number(key[1]), epoch: Number(key[2]), seq, ts, prevHash, hash };
  if ("body" in parsed.data) {
    const { writer, events, body } = parsed.data;
    return { kind: "record", ...head, writer, events, body };
  }
  const { baseEpoch, baseSeq, baseIndex, region, writer, generation, reason, sealer } = parsed.data;
  const base = { epoch: baseEpoch, seq: baseSeq, index: baseIndex ?? null };
  return { kind: "seal", ...head, base, region, writer: writer ?? null, generation, reason, sealer };
}
