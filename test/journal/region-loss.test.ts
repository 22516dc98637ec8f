/**
 * The journal by the AWS SDK on the sandbox's strongly consistent table, whose region dies with puts in
 * flight: some are gone, some applied without an answer, some land seconds later. The simulation covers far
 * more days than these three.
 */
import { setTimeout as sleep } from "node:timers/promises";
import test from "ava";
import {
  type Acknowledgement,
  FencedError,
  fence,
  openDynamoJournal,
  openWriter,
  readValid,
} from "../../journal/index.ts";
import { JOURNAL, startDynamo } from "../sandbox/aws/fixtures.ts";

const EAST = "us-east-1" as const;
const WEST = "us-west-2" as const;

for (const seed of [1, 2, 3]) {
  test(`what the dead region acknowledged is in the log that the other one goes on with, seed ${seed}`, async (t) => {
    const { dynamo, faults, client, close } = await startDynamo(seed, "published");
    t.teardown(close);
    const open = (region: typeof EAST | typeof WEST) =>
      openDynamoJournal({
        client: client(region, 500),
        table: JOURNAL.name,
        primary: EAST,
        attemptMilliseconds: 500,
      });

    const old = await openWriter({ store: open(EAST), shard: 0, region: EAST, writer: "east" });
    t.teardown(() => old.close());
    const acknowledged: Acknowledgement[] = [];
    let isSending = true;
    const sending = (async () => {
      while (isSending) {
        await old.room();
        old.append(`["order ${acknowledged.length}"]`, 1).then(
          (ack) => acknowledged.push(ack),
          () => {},
        );
        await sleep(1);
      }
    })();
    while (acknowledged.length < 40) await sleep(5);
    faults.setPlace(EAST, "blackhole");
    dynamo.loseRegion(EAST);
    isSending = false;

    const store = open(WEST);
    const decision = await store.bumpRegionItem({ generation: 1, active: WEST, runId: "run" });
    const { generation } = decision;
    await fence(store, 0, { region: WEST, generation, reason: "failover", sealer: "run" });
    const writer = await openWriter({ store, shard: 0, region: WEST, writer: "west" });
    acknowledged.push(await writer.append('["first in the west"]', 1));

    faults.setPlace(EAST, "open");
    await t.throwsAsync(old.confirm(), { instanceOf: FencedError });
    await sending;
    const log = new Map<number, string>();
    for await (const { record } of readValid(store, 0)) log.set(record.seq, record.hash);
    for (const { seq, hash } of acknowledged) t.is(log.get(seq), hash);
    t.is(new Set(acknowledged.map(({ seq }) => seq)).size, acknowledged.length);
  });
}
