/** A table's items as they are, and a table made of them to see that they can be read again. */
import { isDeepStrictEqual } from "node:util";
import type { Region } from "../../../components/model.ts";
import type { Snapshot } from "../backup.ts";
import type { Attributes, Payload } from "./dynalite.ts";
import type { Endpoint } from "./dynamo.ts";

export async function snapshotOf(endpoint: Endpoint, region: Region, TableName: string): Promise<Snapshot> {
  const { KeySchema, AttributeDefinitions } = endpoint.tables.at(region, TableName);
  const items = await itemsOf(endpoint, region, TableName);
  return {
    async restore() {
      const test = `${TableName}-restore-test`;
      await endpoint.call(region, "CreateTable", { TableName: test, KeySchema, AttributeDefinitions });
      try {
        endpoint.fill(test, items);
        const restored = await itemsOf(endpoint, region, test);
        if (!isDeepStrictEqual(restored, items))
          throw new Error(`of ${items.length} items not all are as they were`);
      } finally {
        endpoint.deleteTable(region, test);
      }
    },
  };
}

async function itemsOf(
  endpoint: Endpoint,
  region: Region,
  TableName: string,
): Promise<readonly Attributes[]> {
  const items: Attributes[] = [];
  let from: Payload = {};
  for (;;) {
    const page = await endpoint.call(region, "Scan", { TableName, ConsistentRead: true, ...from });
    items.push(...((page["Items"] ?? []) as readonly Attributes[]));
    if (page["LastEvaluatedKey"] === undefined) return items;
    from = { ExclusiveStartKey: page["LastEvaluatedKey"] };
  }
}
