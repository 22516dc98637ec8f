/** A forger who can write the journal's table and knows how it is chained: what he leaves verifies by itself. */
import { DynamoDBClient, UpdateItemCommand } from "@aws-sdk/client-dynamodb";
import { hashRecord } from "../../../journal/hash.ts";
import { type JournalRecord, logKey } from "../../../journal/model.ts";
import { readJournalTable, type TableSource } from "../witness/journal-table.ts";

/** Older than what the archive may still lack. */
const AGE_MILLISECONDS = 15_000;
const MOST_LOOKS = 60;
const PUTS_IN_FLIGHT = 64;
const SHARD = 0;

/** Makes the price of one order tenfold, in the newest epoch, and all that chains to it fit again. */
export async function forgeJournal(source: TableSource, pause: () => Promise<void>): Promise<void> {
  const records = await oldEnough(source, pause);
  let prevHash = records[0]?.prevHash ?? "";
  const forged = records.map((record, n) => {
    const body = n === 0 ? tenfold(record.body) : record.body;
    const content = { ...record, prevHash, body };
    const hash = hashRecord(content);
    prevHash = hash;
    return { ...content, hash };
  });
  const client = new DynamoDBClient({ ...source, maxAttempts: 5 });
  try {
    // From the head down: whoever reads meanwhile sees the break late.
    for (let end = forged.length; end > 0; end -= PUTS_IN_FLIGHT) {
      const some = forged.slice(Math.max(0, end - PUTS_IN_FLIGHT), end);
      await Promise.all(some.map((record) => overwrite(client, source.table, record)));
    }
  } finally {
    client.destroy();
  }
}

/** The records from an archived one with an order on, up to the head. */
async function oldEnough(source: TableSource, pause: () => Promise<void>): Promise<readonly JournalRecord[]> {
  for (let look = 0; look < MOST_LOOKS; look += 1) {
    const items = (await readJournalTable(source)).filter(({ shard }) => shard === SHARD);
    const newest = Math.max(...items.map(({ epoch }) => epoch));
    const records = items
      .filter((item): item is JournalRecord => item.kind === "record" && item.epoch === newest)
      .sort((a, b) => a.seq - b.seq);
    const before = Date.now() - AGE_MILLISECONDS;
    const first = records.findLastIndex(({ ts, body }) => ts < before && tenfold(body) !== body);
    if (first >= 0) return records.slice(first);
    await pause();
  }
  throw new Error(`no order of shard ${SHARD} is old enough to be archived`);
}

const tenfold = (body: string): string =>
  body.replaceAll(/"price":(\d+)/g, (_whole, price: string) => `"price":${Number(price) * 10}`);

async function overwrite(
  client: DynamoDBClient,
  TableName: string,
  { shard, epoch, seq, prevHash, hash, body }: JournalRecord,
): Promise<void> {
  await client.send(
    new UpdateItemCommand({
      TableName,
      Key: { pk: { S: logKey(shard, epoch) }, sk: { N: String(seq) } },
      UpdateExpression: "SET #body = :body, #prevHash = :prevHash, #hash = :hash",
      ExpressionAttributeNames: { "#body": "body", "#prevHash": "prevHash", "#hash": "hash" },
      ExpressionAttributeValues: {
        ":body": { S: body },
        ":prevHash": { S: prevHash },
        ":hash": { S: hash },
      },
    }),
  );
}
