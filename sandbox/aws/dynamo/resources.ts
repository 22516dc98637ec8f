/** `aws:dynamodb` resources and the data source, in the Terraform provider's own words where it would complain. */
import { isRegion, type Region } from "../../../components/model.ts";
import type { Behaviour, Invocations, Json, Placement, Properties, Service } from "../../cloud/behaviour.ts";
import { objects } from "../../cloud/lists.ts";
import { type Attributes, DynamoError } from "./dynalite.ts";
import type { Endpoint } from "./dynamo.ts";
import type { Table } from "./tables.ts";

export function tableBehaviours(
  endpoint: Endpoint,
  accountId: string,
): Pick<Service, "behaviours"> & { readonly invocations: Invocations } {
  return {
    behaviours: {
      "aws:dynamodb/table:Table": tables(endpoint, accountId),
      "aws:dynamodb/tableItem:TableItem": tableItems(endpoint),
    },
    invocations: {
      "aws:dynamodb/getTableItem:getTableItem": (args, region) => getTableItem(endpoint, args, region),
    },
  };
}

const text = (value: Json | undefined): string => (typeof value === "string" ? value : "");
const object = (value: Json | undefined): Properties =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Properties) : {};

function regionOf(value: Json | undefined): Region {
  if (isRegion(value)) return value;
  throw new DynamoError("ValidationException", `${JSON.stringify(value)} is not a Region of a global table`);
}

function homeOf({ region, type }: Placement): Region {
  if (region !== "global") return region;
  throw new Error(`${type} lives in a region, not globally`);
}

/** `regions…` of the inputs as DynamoDB takes them. */
function parseTable(inputs: Properties, home: Region): Table {
  const replicas = objects(inputs["replicas"]);
  const modes = new Set(replicas.map((replica) => text(replica["consistencyMode"]) || "EVENTUAL"));
  if (modes.size > 1) {
    throw new DynamoError(
      "ValidationException",
      "All replicas of a global table need the same consistencyMode.",
    );
  }
  const witness = object(inputs["globalTableWitness"])["regionName"];
  const range = text(inputs["rangeKey"]);
  return {
    name: text(inputs["name"]),
    home,
    replicas: [home, ...replicas.map((replica) => regionOf(replica["regionName"]))],
    witness: witness === undefined ? undefined : regionOf(witness),
    consistency: modes.has("STRONG") ? "STRONG" : undefined,
    deletionProtection: inputs["deletionProtectionEnabled"] === true,
    hasLocalIndexes: objects(inputs["localSecondaryIndexes"]).length > 0,
    hasTimeToLive: object(inputs["ttl"])["enabled"] === true,
    KeySchema: [
      { AttributeName: text(inputs["hashKey"]), KeyType: "HASH" },
      ...(range === "" ? [] : [{ AttributeName: range, KeyType: "RANGE" } as const]),
    ],
    AttributeDefinitions: objects(inputs["attributes"]).map((attribute) => ({
      AttributeName: text(attribute["name"]),
      AttributeType: text(attribute["type"]),
    })),
  };
}

function tables(endpoint: Endpoint, accountId: string): Behaviour {
  const identify = (name: string, region: Region) => ({
    id: name,
    arn: `arn:aws:dynamodb:${region}:${accountId}:table/${name}`,
  });
  return {
    async create(inputs, at) {
      const table = parseTable(inputs, homeOf(at));
      endpoint.createTable(table);
      return identify(table.name, table.home);
    },
    async update(_id, _olds, news, at) {
      endpoint.tables.change(parseTable(news, homeOf(at)));
      return {};
    },
    async delete(id, _olds, at) {
      endpoint.deleteTable(homeOf(at), id);
    },
    async read(id, _last, at) {
      return await found(async () => {
        const table = endpoint.tables.at(homeOf(at), id);
        return { ...identify(id, table.home), deletionProtectionEnabled: table.deletionProtection };
      });
    },
  };
}

function tableItems(endpoint: Endpoint): Behaviour {
  const keyOf = (item: Attributes, { hashKey, rangeKey }: Properties): Attributes =>
    Object.fromEntries(
      [text(hashKey), text(rangeKey)]
        .filter((name) => name !== "")
        .map((name) => {
          const value = item[name];
          if (!value)
            throw new Error(`the item has no attribute "${name}", its key: ${JSON.stringify(item)}`);
          return [name, value];
        }),
    );
  const idOf = (item: Attributes, inputs: Properties): string => {
    const values = Object.values(keyOf(item, inputs)).map((value) => String(Object.values(value)[0]));
    return [text(inputs["tableName"]), text(inputs["hashKey"]), ...values].join("|");
  };
  return {
    async create(inputs, at) {
      const item = parseItem(inputs["item"]);
      await explained("creating DynamoDB Table Item", () =>
        endpoint.call(homeOf(at), "PutItem", {
          TableName: inputs["tableName"],
          Item: item,
          // As the provider does: it explodes if the item exists, "we didn't create it".
          ConditionExpression: "attribute_not_exists(#hk)",
          ExpressionAttributeNames: { "#hk": inputs["hashKey"] },
        }),
      );
      return { id: idOf(item, inputs) };
    },
    async update(id, olds, news, at) {
      const [before, after] = [parseItem(olds["item"]), parseItem(news["item"])];
      const TableName = news["tableName"];
      const [oldKey, newKey] = [keyOf(before, news), keyOf(after, news)];
      const AttributeUpdates = Object.fromEntries([
        ...Object.keys(before).map((name) => [name, { Action: "DELETE" }]),
        ...Object.entries(after).map(([name, Value]) => [name, { Action: "PUT", Value }]),
      ]);
      for (const name of Object.keys(newKey)) delete AttributeUpdates[name];
      await explained(`updating DynamoDB Table Item (${id})`, async () => {
        await endpoint.call(homeOf(at), "UpdateItem", { TableName, Key: newKey, AttributeUpdates });
        if (canonical(oldKey) !== canonical(newKey)) {
          await endpoint.call(homeOf(at), "DeleteItem", { TableName, Key: oldKey });
        }
      });
      return { id: idOf(after, news) };
    },
    async delete(id, olds, at) {
      await explained(`deleting DynamoDB Table Item (${id})`, () =>
        endpoint.call(homeOf(at), "DeleteItem", {
          TableName: olds["tableName"],
          Key: keyOf(parseItem(olds["item"]), olds),
        }),
      );
    },
    async read(id, last, at) {
      const expected = parseItem(last["item"]);
      const Key = keyOf(expected, last);
      return await found(async () => {
        const { Item } = await explained(`reading DynamoDB Table Item (${id})`, () =>
          endpoint.call(homeOf(at), "GetItem", { TableName: last["tableName"], Key, ConsistentRead: true }),
        );
        if (!Item) return undefined;
        const item = Item as Attributes;
        return { id, item: canonical(item) === canonical(expected) ? text(last["item"]) : canonical(item) };
      });
    },
  };
}

/** https://github.com/hashicorp/terraform-provider-aws/blob/main/internal/service/dynamodb/table_item_data_source.go */
async function getTableItem(endpoint: Endpoint, args: Properties, region: Region): Promise<Properties> {
  const tableName = text(args["tableName"]);
  const key = parseItem(args["key"]);
  const id = [tableName, ...Object.values(key).map((value) => String(Object.values(value)[0]))].join("|");
  const names = object(args["expressionAttributeNames"]);
  const reading = `reading DynamoDB Table Item (${id})`;
  const { Item } = await explained(reading, () =>
    endpoint.call(region, "GetItem", {
      TableName: tableName,
      Key: key,
      ConsistentRead: true,
      ...(Object.keys(names).length > 0 && { ExpressionAttributeNames: names }),
      ...(args["projectionExpression"] !== undefined && {
        ProjectionExpression: args["projectionExpression"],
      }),
    }),
  );
  if (!Item) throw new Error(`${reading}: empty result`);
  return { ...args, id, region, tableName, item: canonical(Item as Attributes) };
}

/** The provider's item documents: a JSON object of attribute name to typed value. */
function parseItem(document: Json | undefined): Attributes {
  const value: unknown = JSON.parse(text(document) || "null");
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Attributes;
  throw new Error(`Invalid format of "item": ${JSON.stringify(document)} is not a JSON object of attributes`);
}

/** Attribute names sorted, as Go marshals maps. */
const canonical = (item: Attributes): string =>
  JSON.stringify(Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1))));

/** The provider tells a missing table as "couldn't find resource", without its cause. */
async function explained<T>(doing: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof DynamoError)) throw error;
    const isMissing = error.type === "ResourceNotFoundException" && doing.startsWith("reading");
    const why = isMissing
      ? "couldn't find resource"
      : `operation error DynamoDB: ${error.type}: ${error.message}`;
    throw new Error(`${doing}: ${why}`, { cause: error });
  }
}

async function found<T>(look: () => Promise<T>): Promise<T | undefined> {
  try {
    return await look();
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof DynamoError ? error.cause : error;
    if (cause instanceof DynamoError && cause.type === "ResourceNotFoundException") return undefined;
    throw error;
  }
}
