import {
  BatchGetItemCommand,
  DeleteItemCommand,
  DescribeTableCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  type QueryCommandOutput,
  TransactWriteItemsCommand,
  UpdateItemCommand,
  UpdateTimeToLiveCommand,
} from "@aws-sdk/client-dynamodb";
import test, { type ExecutionContext } from "ava";
import { type DynamoFixture, startDynamo } from "../fixtures.ts";

const put = (sk: number, body = "") =>
  new PutItemCommand({
    TableName: "journal",
    Item: { pk: { S: "0#1" }, sk: { N: String(sk) }, body: { S: body } },
    ConditionExpression: "attribute_not_exists(pk)",
  });
const get = (sk: number, ConsistentRead = true) =>
  new GetItemCommand({
    TableName: "journal",
    Key: { pk: { S: "0#1" }, sk: { N: String(sk) } },
    ConsistentRead,
  });

async function start(t: ExecutionContext, seed: number): Promise<DynamoFixture> {
  const fixture = await startDynamo(seed);
  t.teardown(() => fixture.close());
  return fixture;
}

async function nameOf(sent: Promise<unknown>): Promise<string> {
  return await sent.then(
    () => "no error",
    (error: Error) => error.name,
  );
}

test("a write in one region is seen by the other's next strong read", async (t) => {
  const { client } = await start(t, 1);
  await client("us-east-1").send(put(1, "hello"));
  const { Item } = await client("us-west-2").send(get(1));
  t.deepEqual(Item, { pk: { S: "0#1" }, sk: { N: "1" }, body: { S: "hello" } });
});

test("a condition is judged by the latest version of all regions, and the stored item comes back on request", async (t) => {
  const { client } = await start(t, 2);
  await client("us-east-1").send(put(1, "first"));
  const second = new PutItemCommand({
    ...put(1, "second").input,
    ReturnValuesOnConditionCheckFailure: "ALL_OLD",
  });
  const error = await t.throwsAsync(client("us-west-2").send(second), {
    name: "ConditionalCheckFailedException",
    message: "The conditional request failed",
  });
  t.like(error, { Item: { body: { S: "first" } } });
});

test("update, delete and batch read work as in DynamoDB", async (t) => {
  const { client } = await start(t, 3);
  const east = client("us-east-1");
  await east.send(put(1, "a"));
  const { Attributes } = await east.send(
    new UpdateItemCommand({
      TableName: "journal",
      Key: { pk: { S: "0#1" }, sk: { N: "1" } },
      UpdateExpression: "SET body = :b",
      ExpressionAttributeValues: { ":b": { S: "b" } },
      ReturnValues: "ALL_NEW",
    }),
  );
  t.deepEqual(Attributes?.["body"], { S: "b" });
  const Keys = [{ pk: { S: "0#1" }, sk: { N: "1" } }];
  const { Responses } = await east.send(new BatchGetItemCommand({ RequestItems: { journal: { Keys } } }));
  t.is(Responses?.["journal"]?.length, 1);
  await east.send(new DeleteItemCommand({ TableName: "journal", Key: { pk: { S: "0#1" }, sk: { N: "1" } } }));
  t.is((await east.send(get(1))).Item, undefined);
});

test("a strong query of 3,000 items of 1 KB comes in 1 MB pages, in order, each item once", async (t) => {
  const { client, dynamo } = await start(t, 4);
  const count = 3_000;
  const body = { S: "x".repeat(1_000) };
  const writes = Array.from({ length: count }, (_, sk) =>
    dynamo.call("us-east-1", "PutItem", {
      TableName: "journal",
      Item: { pk: { S: "0#1" }, sk: { N: String(sk) }, body },
    }),
  );
  await Promise.all(writes);
  const pages = await queryAll(client("us-west-2"));
  const numbers = pages.flatMap(({ Items }) => Items ?? []).map((item) => Number(item["sk"]?.N));
  t.deepEqual(
    numbers,
    [...numbers].sort((a, b) => a - b),
  );
  t.is(new Set(numbers).size, count);
  t.is(pages.length, 3);
});

async function queryAll(client: DynamoDBClient): Promise<readonly QueryCommandOutput[]> {
  const pages: QueryCommandOutput[] = [];
  do {
    const ExclusiveStartKey = pages.at(-1)?.LastEvaluatedKey;
    pages.push(
      await client.send(
        new QueryCommand({
          TableName: "journal",
          ConsistentRead: true,
          KeyConditionExpression: "pk = :pk",
          ExpressionAttributeValues: { ":pk": { S: "0#1" } },
          ...(ExclusiveStartKey && { ExclusiveStartKey }),
        }),
      ),
    );
  } while (pages.at(-1)?.LastEvaluatedKey && pages.length < 100);
  return pages;
}

test("a scan in small pages meets every item of every partition once", async (t) => {
  const { dynamo } = await start(t, 9);
  const keys = ["0#1", "0#2", "1#1"].flatMap((pk) =>
    [1, 2, 10].map((sk) => ({ pk: { S: pk }, sk: { N: `${sk}` } })),
  );
  for (const Item of keys) await dynamo.call("us-east-1", "PutItem", { TableName: "journal", Item });
  const seen: string[] = [];
  let ExclusiveStartKey: unknown;
  for (let pages = 0; pages < 20; pages++) {
    const { Items, LastEvaluatedKey } = await dynamo.call("us-west-2", "Scan", {
      TableName: "journal",
      ConsistentRead: true,
      Limit: 2,
      ...(ExclusiveStartKey !== undefined && { ExclusiveStartKey }),
    });
    seen.push(...(Items as typeof keys).map(({ pk, sk }) => `${pk.S} ${sk.N}`));
    ExclusiveStartKey = LastEvaluatedKey;
    if (ExclusiveStartKey === undefined) break;
  }
  t.deepEqual(seen.sort(), keys.map(({ pk, sk }) => `${pk.S} ${sk.N}`).sort());
});

test("parallel puts of one client take effect in another order than they were sent", async (t) => {
  const { dynamo } = await start(t, 5);
  const items = async () => {
    const { Items } = await dynamo.call("us-east-1", "Query", {
      TableName: "journal",
      ConsistentRead: true,
      KeyConditionExpression: "pk = :pk",
      ExpressionAttributeValues: { ":pk": { S: "0#1" } },
    });
    return (Items as { sk: { N: string } }[]).map(({ sk }) => Number(sk.N));
  };
  let gaps = 0;
  for (let round = 0; round < 20; round++) {
    const writes = Array.from({ length: 16 }, (_, n) =>
      dynamo.call("us-east-1", "PutItem", {
        TableName: "journal",
        Item: { pk: { S: "0#1" }, sk: { N: String(round * 16 + n) } },
      }),
    );
    const seen = await items();
    if (Math.max(-1, ...seen) + 1 > seen.length) gaps++;
    await Promise.all(writes);
  }
  t.true(gaps >= 5, `a reader saw a gap in ${gaps} of 20 rounds`);
});

test("two regions at one item: at most one wins, and some losers are told of a replicated write conflict", async (t) => {
  const { client } = await start(t, 6);
  const [east, west] = [client("us-east-1"), client("us-west-2")];
  const outcomes = {
    "no error": 0,
    ConditionalCheckFailedException: 0,
    ReplicatedWriteConflictException: 0,
  };
  for (let sk = 0; sk < 60; sk++) {
    const names = await Promise.all([nameOf(east.send(put(sk, "e"))), nameOf(west.send(put(sk, "w")))]);
    const wins = names.filter((name) => name === "no error").length;
    t.true(wins <= 1, `item ${sk}: ${names}`);
    for (const name of names) outcomes[name as keyof typeof outcomes]++;
    // A conflict may be answered to both sides; then nothing was stored.
    t.is((await east.send(get(sk))).Item !== undefined, wins === 1);
  }
  t.true(outcomes.ReplicatedWriteConflictException >= 10, JSON.stringify(outcomes));
  t.true(outcomes.ConditionalCheckFailedException >= 5, JSON.stringify(outcomes));
});

test("transactions, TTL and use in the witness' region are refused", async (t) => {
  const { client } = await start(t, 7);
  const east = client("us-east-1");
  const transaction = new TransactWriteItemsCommand({
    TransactItems: [{ Put: { TableName: "journal", Item: { pk: { S: "a" }, sk: { N: "1" } } } }],
  });
  await t.throwsAsync(east.send(transaction), {
    name: "ValidationException",
    message: "TransactWriteItems is not supported on tables with multi-Region strong consistency: journal",
  });
  const timeToLive = new UpdateTimeToLiveCommand({
    TableName: "journal",
    TimeToLiveSpecification: { Enabled: true, AttributeName: "ttl" },
  });
  await t.throwsAsync(east.send(timeToLive), {
    name: "ValidationException",
    message: "UpdateTimeToLive is not supported on tables with multi-Region strong consistency: journal",
  });
  await t.throwsAsync(client("us-east-2").send(get(1)), {
    name: "ResourceNotFoundException",
    message: "Requested resource not found: Table: journal not found",
  });
});

test("a table describes its replicas, its witness and its consistency", async (t) => {
  const { client } = await start(t, 8);
  const { Table } = await client("us-west-2").send(new DescribeTableCommand({ TableName: "journal" }));
  t.is(Table?.TableStatus, "ACTIVE");
  t.is(Table?.MultiRegionConsistency, "STRONG");
  t.deepEqual(
    Table?.Replicas?.map(({ RegionName }) => RegionName),
    ["us-east-1", "us-west-2"],
  );
  t.deepEqual(
    Table?.GlobalTableWitnesses?.map(({ RegionName }) => RegionName),
    ["us-east-2"],
  );
});

test("a copy of a table makes a table of its own, from either replica, and nothing stays behind", async (t) => {
  const { client, dynamo } = await start(t, 9);
  for (const seq of [1, 2, 3]) await client("us-east-1").send(put(seq, "first"));
  const copy = await dynamo.snapshot("us-west-2", "journal");
  await client("us-east-1").send(put(4, "later"));
  await t.notThrowsAsync(copy.restore());
  t.deepEqual(await dynamo.call("us-west-2", "ListTables", {}), { TableNames: ["journal"] });
  await t.throwsAsync(dynamo.snapshot("us-east-2", "journal"), {
    message: "Requested resource not found: Table: journal not found",
  });
});
