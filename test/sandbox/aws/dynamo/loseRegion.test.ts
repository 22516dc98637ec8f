import { setTimeout as sleep } from "node:timers/promises";
import { PutItemCommand, QueryCommand } from "@aws-sdk/client-dynamodb";
import test, { type ExecutionContext } from "ava";
import { type DynamoFixture, startDynamo } from "../fixtures.ts";

const IN_FLIGHT = 48;
const CLIENT_TIMEOUT_MILLISECONDS = 3_000;

const put = (sk: number, writer: string) =>
  new PutItemCommand({
    TableName: "journal",
    Item: { pk: { S: "0#1" }, sk: { N: String(sk) }, writer: { S: writer } },
    ConditionExpression: "attribute_not_exists(pk)",
  });

/** Who wrote each position, read in us-west-2. */
async function writers({ client }: DynamoFixture): Promise<ReadonlyMap<number, string>> {
  const { Items = [] } = await client("us-west-2").send(
    new QueryCommand({
      TableName: "journal",
      ConsistentRead: true,
      KeyConditionExpression: "pk = :pk",
      ExpressionAttributeValues: { ":pk": { S: "0#1" } },
    }),
  );
  return new Map(Items.map((item) => [Number(item["sk"]?.N), item["writer"]?.S ?? ""]));
}

/** Kills us-east-1 with `IN_FLIGHT` puts on their way; resolves once none of their callers can hear any more. */
async function killMidFlight(
  t: ExecutionContext,
  seed: number,
  how: "cut" | "blackhole",
): Promise<DynamoFixture & { readonly sent: readonly Promise<string>[] }> {
  const fixture = await startDynamo(seed, "published");
  t.teardown(() => fixture.close());
  const { faults, dynamo, client } = fixture;
  // Slow enough that all of them are on their way at once.
  for (const other of ["us-east-2", "us-west-2"] as const) faults.setLink("us-east-1", other, 1_500);
  const east = client("us-east-1", CLIENT_TIMEOUT_MILLISECONDS);
  const begun = performance.now();
  // By the time it took: the SDK calls a reset connection a TimeoutError, too.
  const failed = () => (performance.now() - begun < CLIENT_TIMEOUT_MILLISECONDS ? "reset" : "no answer");
  const sent = Array.from({ length: IN_FLIGHT }, (_, sk) =>
    east.send(put(sk, "old")).then(() => "acknowledged", failed),
  );
  for (let wait = 0; wait < 500 && dynamo.inFlight("us-east-1") < IN_FLIGHT; wait++) await sleep(2);
  faults.heal();
  faults.setPlace("us-east-1", how);
  dynamo.loseRegion("us-east-1");
  return { ...fixture, sent };
}

for (const how of ["cut", "blackhole"] as const) {
  test(`writes in flight when a region dies (${how}) are dropped, applied unanswered, or land later`, async (t) => {
    const fixture = await killMidFlight(t, 11, how);
    t.deepEqual([...new Set(await Promise.all(fixture.sent))], [how === "cut" ? "reset" : "no answer"]);
    const { inFlightAtKill, lostAnswers, dropped, latePending, lateLandings } = fixture.dynamo.coverage();
    t.is(inFlightAtKill, IN_FLIGHT);
    t.is(dropped + lostAnswers + latePending + lateLandings, IN_FLIGHT);
    t.deepEqual([dropped, lostAnswers], [16, 16]);
    const present = await writers(fixture);
    // A late one may land between the two looks.
    t.true(present.size >= lostAnswers + lateLandings, `${present.size} present`);
    t.true(present.size <= lostAnswers + fixture.dynamo.coverage().lateLandings, `${present.size} present`);
    const highest = Math.max(...present.keys());
    t.true(highest >= present.size, "there are gaps below the highest position");
  });
}

test("late writes land in the middle of a rival's seals and after them, and cannot replace any", async (t) => {
  const fixture = await killMidFlight(t, 12, "cut");
  await Promise.all(fixture.sent);
  const before = await writers(fixture);
  const west = fixture.client("us-west-2");
  const seals = await Promise.allSettled(
    Array.from({ length: IN_FLIGHT }, (_, sk) => west.send(put(sk, "seal"))),
  );
  const sealed = seals.flatMap(({ status }, sk) => (status === "fulfilled" ? [sk] : []));
  await sleep(5_500);
  const { lateLandings, lateRefused, latePending } = fixture.dynamo.coverage();
  t.is(latePending, 0);
  t.true(lateLandings >= 10, `${lateLandings} landed late`);
  t.true(lateRefused >= 5, `${lateRefused} of them found a seal`);
  const after = await writers(fixture);
  for (const sk of sealed) t.is(after.get(sk), "seal", `position ${sk}`);
  t.is([...after.values()].filter((writer) => writer === "old").length >= before.size, true);
});

test("the same seed gives the same fates", async (t) => {
  const fates = async () => {
    const { dynamo, close } = await startDynamo(13, "published");
    const calls = Array.from({ length: 30 }, (_, sk) =>
      dynamo
        .call("us-east-1", "PutItem", put(sk, "old").input as unknown as Record<string, unknown>)
        .catch(() => 0),
    );
    dynamo.loseRegion("us-east-1");
    const present = await Promise.all(
      Array.from({ length: 30 }, (_, sk) =>
        dynamo.call("us-west-2", "GetItem", {
          TableName: "journal",
          Key: { pk: { S: "0#1" }, sk: { N: String(sk) } },
        }),
      ),
    );
    await Promise.all(calls);
    await close();
    return present.map(({ Item }) => Item !== undefined);
  };
  t.deepEqual(await fates(), await fates());
});

test("a dead region's writes do not disturb the survivors', and it serves again when it returns", async (t) => {
  const fixture = await killMidFlight(t, 14, "cut");
  await Promise.all(fixture.sent);
  await fixture.client("us-west-2").send(put(1_000, "west"));
  fixture.faults.setPlace("us-east-1", "open");
  await fixture.client("us-east-1").send(put(1_001, "east"));
  t.is((await writers(fixture)).get(1_001), "east");
});

test("the writes of a struggling region pile up and land out of order", async (t) => {
  const fixture = await startDynamo(3, "none");
  t.teardown(() => fixture.close());
  const { dynamo, client } = fixture;
  dynamo.struggle("us-east-1");
  const landed: number[] = [];
  const east = client("us-east-1", 5_000);
  const puts = Array.from({ length: 12 }, (_, sk) => east.send(put(sk, "east")).then(() => landed.push(sk)));
  for (let wait = 0; wait < 100 && dynamo.inFlight("us-east-1") < 12; wait++) await sleep(2);
  t.true(dynamo.inFlight("us-east-1") >= 10, `${dynamo.inFlight("us-east-1")} are on their way at once`);
  await Promise.all(puts);
  t.notDeepEqual(
    landed,
    landed.toSorted((a, b) => a - b),
  );
});
