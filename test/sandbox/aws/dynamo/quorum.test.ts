import { setTimeout as sleep } from "node:timers/promises";
import { GetItemCommand, PutItemCommand } from "@aws-sdk/client-dynamodb";
import test, { type ExecutionContext } from "ava";
import type { Region } from "../../../../components/model.ts";
import { type DynamoFixture, startDynamo } from "../fixtures.ts";

const put = (sk: number) =>
  new PutItemCommand({
    TableName: "journal",
    Item: { pk: { S: "p" }, sk: { N: String(sk) }, n: { N: "1" } },
  });
const get = (sk: number, ConsistentRead: boolean) =>
  new GetItemCommand({
    TableName: "journal",
    Key: { pk: { S: "p" }, sk: { N: String(sk) } },
    ConsistentRead,
  });

async function start(t: ExecutionContext, seed: number, latency?: "published"): Promise<DynamoFixture> {
  const fixture = await startDynamo(seed, latency);
  t.teardown(() => fixture.close());
  return fixture;
}

function cut(faults: DynamoFixture["faults"], a: Region, b: Region): void {
  faults.setLink(a, b, "cut");
  faults.setLink(b, a, "cut");
}

test("a region that reaches only the witness writes and reads strongly", async (t) => {
  const { faults, client } = await start(t, 1);
  cut(faults, "us-east-1", "us-west-2");
  await client("us-east-1").send(put(1));
  t.truthy((await client("us-west-2").send(get(1, true))).Item);
});

test("a region that reaches neither of the others can do neither, and reads eventually what it last knew", async (t) => {
  const { faults, client } = await start(t, 2);
  const [east, west] = [client("us-east-1"), client("us-west-2")];
  await east.send(put(1));
  await sleep(250);
  cut(faults, "us-west-2", "us-east-1");
  cut(faults, "us-west-2", "us-east-2");
  await east.send(put(2));
  const refused = { name: "InternalServerError", message: "Internal server error" };
  await Promise.all([
    t.throwsAsync(west.send(put(3)), refused),
    t.throwsAsync(west.send(get(1, true)), refused),
  ]);
  t.truthy((await west.send(get(1, false))).Item, "known before the isolation");
  t.is((await west.send(get(2, false))).Item, undefined, "written elsewhere during the isolation");
  t.truthy((await east.send(get(2, true))).Item, "the two others go on");

  faults.heal();
  t.truthy((await west.send(get(2, true))).Item);
  await sleep(250);
  t.truthy((await west.send(get(2, false))).Item, "the replica has caught up");
});

test("of an isolated region's failed writes some appear after all once it is connected again", async (t) => {
  const { faults, client } = await start(t, 3);
  cut(faults, "us-west-2", "us-east-1");
  cut(faults, "us-west-2", "us-east-2");
  const west = client("us-west-2");
  const sent = await Promise.allSettled(Array.from({ length: 24 }, (_, sk) => west.send(put(sk))));
  t.true(sent.every(({ status }) => status === "rejected"));
  const east = client("us-east-1");
  const present = async () => {
    const items = await Promise.all(Array.from({ length: 24 }, (_, sk) => east.send(get(sk, true))));
    return items.filter(({ Item }) => Item).length;
  };
  t.is(await present(), 0);
  faults.heal();
  await sleep(2_200);
  const landed = await present();
  t.true(landed > 0 && landed < 24, `${landed} of 24 landed`);
});

test("when only the way back is cut, writes take effect and are answered with errors", async (t) => {
  const { faults, client } = await start(t, 4);
  faults.setLink("us-east-2", "us-east-1", "cut");
  faults.setLink("us-west-2", "us-east-1", "cut");
  await t.throwsAsync(client("us-east-1").send(put(1)), { name: "InternalServerError" });
  t.truthy((await client("us-west-2").send(get(1, true))).Item);
});

test("a strong operation takes a round trip to the nearest other region", async (t) => {
  const { faults, client } = await start(t, 5, "published");
  const median = async (region: Region) => {
    const times: number[] = [];
    for (let sk = 0; sk < 9; sk++) {
      const begun = performance.now();
      await client(region).send(put(sk));
      times.push(performance.now() - begun);
    }
    return times.sort((a, b) => a - b)[4] ?? 0;
  };
  const [east, west] = [await median("us-east-1"), await median("us-west-2")];
  t.true(east >= 15 && east < 50, `us-east-1: ${east} ms`);
  t.true(west >= 50 && west < 90, `us-west-2: ${west} ms`);
  for (const other of ["us-east-2", "us-west-2"] as const) faults.setLink("us-east-1", other, 100);
  t.true((await median("us-east-1")) >= 115, "an injected delay of both links is paid");
});
