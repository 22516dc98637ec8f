/**
 * A fresh journal table as the program declares it, made beside the present one by API.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/V2globaltables.tutorial.html
 */
import {
  CreateTableCommand,
  DescribeTableCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  ResourceInUseException,
  ResourceNotFoundException,
  type TableDescription,
  UpdateContinuousBackupsCommand,
  UpdateTableCommand,
} from "@aws-sdk/client-dynamodb";
import { HASH_KEY, RANGE_KEY } from "../../components/journal.ts";
import type { Region, RegionTriple } from "../../components/model.ts";
import { controlKey, REGION_KEY } from "../../journal/model.ts";

/** What the program declares of the table, which a fresh one must be given again. */
export interface TableShape {
  readonly keyArn: string;
  readonly replicaKeyArn: string;
  readonly tags: Readonly<Record<string, string>>;
}

export interface JournalTableOptions {
  readonly regions: RegionTriple;
  readonly clients: Readonly<Record<Region, { readonly dynamodb: DynamoDBClient }>>;
  readonly shape: TableShape;
  readonly from: string;
  readonly into: string;
}

export class JournalTable {
  readonly #options: JournalTableOptions;

  constructor(options: JournalTableOptions) {
    this.#options = options;
  }

  /** One step further each time; undefined: it can be used, else what it waits for. */
  async provide(): Promise<string | undefined> {
    const { regions, into } = this.#options;
    const { primary, secondary } = regions;
    const table = await this.#describe(primary, into);
    if (table === undefined) {
      await this.#create();
      return "being created";
    }
    if (table.TableStatus !== "ACTIVE") return `${table.TableStatus} in ${primary}`;
    const replicas = (table.Replicas ?? []).filter(({ RegionName }) => RegionName !== primary);
    if (replicas.length === 0) {
      await this.#replicate();
      return `its replica in ${secondary}`;
    }
    const unready = [
      ...replicas.map(({ RegionName, ReplicaStatus }) => [RegionName, ReplicaStatus]),
      ...(table.GlobalTableWitnesses ?? []).map(({ RegionName, WitnessStatus }) => [
        RegionName,
        WitnessStatus,
      ]),
    ].find(([, status]) => status !== "ACTIVE");
    if (unready !== undefined) return `${unready[0]} is ${unready[1]}`;
    if (table.MultiRegionConsistency !== "STRONG")
      throw new Error(
        `${into} is ${table.MultiRegionConsistency ?? "not"} consistent over regions, not STRONG`,
      );
    await this.#protect();
    return undefined;
  }

  /** Items that are no log: the region item, and each region's control item. Again = the same. */
  async copyControls(): Promise<void> {
    const { regions, from, into } = this.#options;
    const { dynamodb } = this.#options.clients[regions.primary];
    for (const pk of [REGION_KEY, controlKey(regions.primary), controlKey(regions.secondary)]) {
      const Key = { [HASH_KEY]: { S: pk }, [RANGE_KEY]: { N: "0" } };
      const { Item } = await dynamodb.send(
        new GetItemCommand({ TableName: from, Key, ConsistentRead: true }),
      );
      if (Item !== undefined) await dynamodb.send(new PutItemCommand({ TableName: into, Item }));
    }
  }

  async #create(): Promise<void> {
    const { regions, clients, shape, into } = this.#options;
    try {
      await clients[regions.primary].dynamodb.send(
        new CreateTableCommand({
          TableName: into,
          BillingMode: "PAY_PER_REQUEST",
          KeySchema: [
            { AttributeName: HASH_KEY, KeyType: "HASH" },
            { AttributeName: RANGE_KEY, KeyType: "RANGE" },
          ],
          AttributeDefinitions: [
            { AttributeName: HASH_KEY, AttributeType: "S" },
            { AttributeName: RANGE_KEY, AttributeType: "N" },
          ],
          SSESpecification: { Enabled: true, SSEType: "KMS", KMSMasterKeyId: shape.keyArn },
          DeletionProtectionEnabled: true,
          Tags: Object.entries(shape.tags).map(([Key, Value]) => ({ Key, Value })),
        }),
      );
    } catch (error) {
      // The SDK repeats a call whose answer it did not get; what the first one made is then in the second one's way.
      if (!(error instanceof ResourceInUseException)) throw error;
    }
  }

  /** The mode is fixed by this, and only while the table is empty. */
  async #replicate(): Promise<void> {
    const { regions, clients, shape, into } = this.#options;
    await clients[regions.primary].dynamodb.send(
      new UpdateTableCommand({
        TableName: into,
        MultiRegionConsistency: "STRONG",
        ReplicaUpdates: [{ Create: { RegionName: regions.secondary, KMSMasterKeyId: shape.replicaKeyArn } }],
        GlobalTableWitnessUpdates: [{ Create: { RegionName: regions.witness } }],
      }),
    );
  }

  /** Backups and deletion protection are each replica's own. */
  async #protect(): Promise<void> {
    const { regions, clients, into: TableName } = this.#options;
    const { primary, secondary } = regions;
    if ((await this.#describe(secondary, TableName))?.DeletionProtectionEnabled !== true) {
      await clients[secondary].dynamodb.send(
        new UpdateTableCommand({ TableName, DeletionProtectionEnabled: true }),
      );
    }
    for (const region of [primary, secondary]) {
      await clients[region].dynamodb.send(
        new UpdateContinuousBackupsCommand({
          TableName,
          PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
        }),
      );
    }
  }

  #describe(region: Region, name: string): Promise<TableDescription | undefined> {
    return describeTable(this.#options.clients[region].dynamodb, name);
  }
}

/** Undefined: there is no such table. */
export async function describeTable(
  dynamodb: DynamoDBClient,
  TableName: string,
): Promise<TableDescription | undefined> {
  try {
    return (await dynamodb.send(new DescribeTableCommand({ TableName }))).Table;
  } catch (error) {
    if (error instanceof ResourceNotFoundException) return undefined;
    throw error;
  }
}
