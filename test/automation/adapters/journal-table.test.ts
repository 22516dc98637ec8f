import { DeleteTableCommand, GetItemCommand, PutItemCommand, ScanCommand } from "@aws-sdk/client-dynamodb";
import test from "ava";
import { describeTable, JournalTable } from "../../../automation/adapters/journal-table.ts";
import { openDynamoJournal } from "../../../journal/index.ts";
import { REGIONS, startDynamo } from "../../sandbox/aws/fixtures.ts";

async function start() {
  const fixture = await startDynamo(1);
  const of = (region: (typeof REGIONS)["primary"]) => ({ dynamodb: fixture.client(region) });
  const clients = {
    "us-east-1": of("us-east-1"),
    "us-east-2": of("us-east-2"),
    "us-west-2": of("us-west-2"),
  };
  const all = new Proxy(clients, {}) as unknown as ConstructorParameters<typeof JournalTable>[0]["clients"];
  const shape = { keyArn: "arn:key", replicaKeyArn: "arn:replica-key", tags: { platform: "exchange" } };
  const names = { from: "journal", into: "journal-r1" };
  const table = new JournalTable({ regions: REGIONS, clients: all, shape, ...names });
  return { ...fixture, clients, table };
}

test("step by step a strongly consistent table over both regions and the witness, protected; then nothing more", async (t) => {
  const { close, table, clients } = await start();
  t.teardown(close);
  t.deepEqual(
    [await table.provide(), await table.provide(), await table.provide(), await table.provide()],
    ["being created", "its replica in us-west-2", undefined, undefined],
  );
  for (const region of ["us-east-1", "us-west-2"] as const) {
    t.like(await describeTable(clients[region].dynamodb, "journal-r1"), {
      TableStatus: "ACTIVE",
      MultiRegionConsistency: "STRONG",
      DeletionProtectionEnabled: true,
      GlobalTableWitnesses: [{ RegionName: "us-east-2", WitnessStatus: "ACTIVE" }],
    });
  }
  t.is(await describeTable(clients["us-east-1"].dynamodb, "journal-r2"), undefined);
});

test("the decision and what pods obey are copied as they are, and nothing else", async (t) => {
  const { close, table, clients } = await start();
  t.teardown(close);
  while ((await table.provide()) !== undefined);
  const { dynamodb } = clients["us-east-1"];
  const store = openDynamoJournal({ client: dynamodb, table: "journal", primary: "us-east-1" });
  await store.bumpRegionItem({ generation: 1, active: "us-west-2", runId: "run-1" });
  await store.announceEngine({ shard: 0, epoch: 1, region: "us-west-2", url: "http://10.0.0.1" });
  const control = {
    ...{ pk: { S: "control#us-west-2" }, sk: { N: "0" } },
    ...{ traffic: { S: "on" }, maintenance: { S: "on" } },
  };
  await dynamodb.send(new PutItemCommand({ TableName: "journal", Item: control }));
  await table.copyControls();
  await table.copyControls();
  const { Items = [] } = await dynamodb.send(
    new ScanCommand({ TableName: "journal-r1", ConsistentRead: true }),
  );
  t.deepEqual(Items.map(({ pk }) => pk?.S).sort(), ["control#us-west-2", "region"]);
  const { Item } = await clients["us-west-2"].dynamodb.send(
    new GetItemCommand({
      ...{ TableName: "journal-r1", ConsistentRead: true },
      Key: { pk: { S: "control#us-west-2" }, sk: { N: "0" } },
    }),
  );
  t.deepEqual(Item, control);
});

test("a table that holds something, or is not to be deleted, stays as it is", async (t) => {
  const { close, dynamo, table, clients } = await start();
  t.teardown(close);
  await table.provide();
  const { dynamodb } = clients["us-east-1"];
  await dynamodb.send(
    new PutItemCommand({ TableName: "journal-r1", Item: { pk: { S: "a" }, sk: { N: "0" } } }),
  );
  await t.throwsAsync(table.provide(), {
    name: "ValidationException",
    message: "A table must be empty to become one with multi-Region strong consistency.",
  });
  await t.throwsAsync(dynamodb.send(new DeleteTableCommand({ TableName: "journal-r1" })), {
    name: "ValidationException",
  });
  t.deepEqual(await dynamo.call("us-east-1", "ListTables", {}), { TableNames: ["journal", "journal-r1"] });
});
