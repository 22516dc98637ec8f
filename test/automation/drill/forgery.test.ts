import test from "ava";
import { forgeJournal } from "../../../automation/drill/corruption/forgery.ts";
import {
  findTampered,
  openArchive,
  openDynamoJournal,
  openWriter,
  readValid,
  surveyLog,
  systemClock,
} from "../../../journal/index.ts";
import { memoryObjects } from "../../journal/memory.ts";
import { CREDENTIALS, startDynamo } from "../../sandbox/aws/fixtures.ts";

const order = (n: number) =>
  JSON.stringify([{ command: { n }, events: [{ type: "placed", price: 100 + n }] }]);
const HOUR = 3_600_000;

test("what the forger leaves verifies by itself; the archive convicts it, and a record behind it acquits what it only chained anew", async (t) => {
  const { close, client, edges } = await startDynamo(1);
  t.teardown(close);
  let now = Date.now() - HOUR;
  const clock = { ...systemClock, now: () => now };
  const options = { client: client("us-east-1"), table: "journal", primary: "us-east-1", clock } as const;
  const store = openDynamoJournal(options);
  const writer = await openWriter({ store, shard: 0, region: "us-east-1", writer: "w" });
  for (const n of [1, 2, 3]) await writer.append(order(n), 1);
  const archive = openArchive(memoryObjects());
  const records = await Array.fromAsync(readValid(store, 0), ({ record }) => record);
  await archive.saveSegment(0, records);
  now += HOUR;
  await writer.append(order(4), 1);

  const { host, port } = edges.address("us-east-1");
  const source = { endpoint: `http://${host}:${port}`, credentials: CREDENTIALS, region: "us-east-1" };
  await forgeJournal({ ...source, table: "journal" }, async () => t.fail("nothing was old enough"));
  const bodies = await Array.fromAsync(readValid(store, 0), ({ record }) => record.body);
  t.deepEqual(bodies, [order(1), order(2), order(3).replaceAll("103", "1030"), order(4)]);
  t.is((await findTampered(store, archive, 0))?.archived.seq, records[2]?.seq);
  t.like(await surveyLog({ store, archive, shard: 0 }), {
    ...{ kept: { archive: 3, chain: 0, proof: 0 }, rewritten: 1, refused: 1 },
  });

  await writer.append(order(5), 1);
  await t.throwsAsync(Array.fromAsync(readValid(store, 0)), { name: "TamperedError" });
  t.like(await surveyLog({ store, archive, shard: 0 }), {
    ...{ kept: { archive: 3, chain: 1, proof: 1 }, rewritten: 2, refused: 0, events: 5 },
  });
  writer.close();
});
