import test from "ava";
import type { Region } from "../../../../components/model.ts";
import type { Behaviour, Placement, Properties } from "../../../../sandbox/cloud/behaviour.ts";
import { startDynamo } from "../fixtures.ts";

const TABLE = "aws:dynamodb/table:Table";
const ITEM = "aws:dynamodb/tableItem:TableItem";
const GET_ITEM = "aws:dynamodb/getTableItem:getTableItem";

const at = (type: string, region: Region = "us-east-1"): Placement => ({
  region,
  type,
  urn: `urn:pulumi:prod::trading-platform::${type}::it`,
});

/** As the program declares the journal. */
const inputs: Properties = {
  name: "exchange-journal",
  attributes: [
    { name: "pk", type: "S" },
    { name: "sk", type: "N" },
  ],
  hashKey: "pk",
  rangeKey: "sk",
  billingMode: "PAY_PER_REQUEST",
  deletionProtectionEnabled: true,
  replicas: [{ regionName: "us-west-2", consistencyMode: "STRONG" }],
  globalTableWitness: { regionName: "us-east-2" },
};
const item = (traffic: string): string =>
  JSON.stringify({ pk: { S: "control#us-east-1" }, sk: { N: "0" }, traffic: { S: traffic } });
const itemInputs = (traffic: string): Properties => ({
  tableName: "exchange-journal",
  hashKey: "pk",
  rangeKey: "sk",
  item: item(traffic),
});

async function start() {
  const { dynamo, close } = await startDynamo(1);
  const of = (type: string): Required<Behaviour> => dynamo.behaviours[type] as Required<Behaviour>;
  const getItem = async (key: object, region: Region = "us-west-2", tableName = "exchange-journal") =>
    await dynamo.invocations?.[GET_ITEM]?.({ tableName, key: JSON.stringify(key) }, region);
  return { dynamo, close, table: of(TABLE), tableItem: of(ITEM), getItem };
}

test("a table lives in its replicas' regions under one name, is protected, and is gone after deletion", async (t) => {
  const { dynamo, close, table } = await start();
  t.teardown(close);
  const created = await table.create(inputs, at(TABLE));
  t.deepEqual(created, {
    id: "exchange-journal",
    arn: "arn:aws:dynamodb:us-east-1:111122223333:table/exchange-journal",
  });
  t.deepEqual(await dynamo.call("us-west-2", "ListTables", {}), {
    TableNames: ["exchange-journal", "journal"],
  });
  await t.throwsAsync(table.create(inputs, at(TABLE)), { message: "Table already exists: exchange-journal" });
  await t.throwsAsync(table.delete("exchange-journal", inputs, at(TABLE)), {
    message:
      "Resource cannot be deleted as it is currently protected against deletion. " +
      "Disable deletion protection first: exchange-journal",
  });
  const open = { ...inputs, deletionProtectionEnabled: false };
  await table.update("exchange-journal", inputs, open, at(TABLE));
  await table.delete("exchange-journal", open, at(TABLE));
  t.is(await table.read("exchange-journal", open, at(TABLE)), undefined);
});

test("what multi-Region strong consistency does not allow is refused", async (t) => {
  const { close, table } = await start();
  t.teardown(close);
  const { globalTableWitness: _, ...alone } = inputs;
  const cases: readonly (readonly [Properties, string])[] = [
    [
      alone,
      "A global table with multi-Region strong consistency needs exactly three Regions: three replicas, or two " +
        "replicas and a witness. Got us-east-1, us-west-2.",
    ],
    [
      { ...inputs, globalTableWitness: { regionName: "eu-west-1" } },
      "Regions of different Region sets cannot form one strongly consistent table: us-east-1, us-west-2, eu-west-1.",
    ],
    [
      { ...inputs, localSecondaryIndexes: [{ name: "by-time" }] },
      "Local secondary indexes are not supported on tables with multi-Region strong consistency.",
    ],
    [
      { ...inputs, ttl: { enabled: true, attributeName: "expires" } },
      "Time to Live is not supported on tables with multi-Region strong consistency.",
    ],
    [
      { ...inputs, replicas: [{ regionName: "us-west-2" }] },
      "The sandbox has global tables with multi-Region strong consistency only: consistencyMode STRONG.",
    ],
  ];
  for (const [wrong, message] of cases) await t.throwsAsync(table.create(wrong, at(TABLE)), { message });
  await table.create(inputs, at(TABLE));
  await t.throwsAsync(table.update("exchange-journal", inputs, { ...inputs, replicas: [] }, at(TABLE)), {
    message: "The consistency mode of a global table cannot be changed after it was created.",
  });
});

test("an item is created only if absent, updated in place, read back, and deleted", async (t) => {
  const { close, table, tableItem, getItem } = await start();
  t.teardown(close);
  await table.create(inputs, at(TABLE));
  const created = await tableItem.create(itemInputs("off"), at(ITEM));
  t.is(created.id, "exchange-journal|pk|control#us-east-1|0");
  await t.throwsAsync(tableItem.create(itemInputs("on"), at(ITEM)), {
    message:
      "creating DynamoDB Table Item: operation error DynamoDB: ConditionalCheckFailedException: " +
      "The conditional request failed",
  });
  const id = String(created.id);
  await tableItem.update(id, itemInputs("off"), itemInputs("on"), at(ITEM));
  const key = { pk: { S: "control#us-east-1" }, sk: { N: "0" } };
  t.deepEqual(JSON.parse(String((await getItem(key))?.["item"])), JSON.parse(item("on")));
  t.is(
    (await tableItem.read(id, itemInputs("on"), at(ITEM)))?.["item"],
    item("on"),
    "unchanged: as it was written",
  );
  t.deepEqual(
    JSON.parse(String((await tableItem.read(id, itemInputs("off"), at(ITEM)))?.["item"])),
    JSON.parse(item("on")),
    "changed behind Pulumi's back: as it is",
  );
  await tableItem.delete(id, itemInputs("on"), at(ITEM));
  t.is(await tableItem.read(id, itemInputs("on"), at(ITEM)), undefined);
});

test("the data source fails differently for a missing item and a missing table", async (t) => {
  const { close, table, getItem } = await start();
  t.teardown(close);
  await table.create(inputs, at(TABLE));
  const key = { pk: { S: "region" }, sk: { N: "0" } };
  await t.throwsAsync(getItem(key), {
    message: "reading DynamoDB Table Item (exchange-journal|region|0): empty result",
  });
  await t.throwsAsync(getItem(key, "us-west-2", "other"), {
    message: "reading DynamoDB Table Item (other|region|0): couldn't find resource",
  });
  await t.throwsAsync(getItem(key, "us-east-2"), {
    message: "reading DynamoDB Table Item (exchange-journal|region|0): couldn't find resource",
  });
});
