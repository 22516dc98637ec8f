/** The strongly consistent global table: a DynamoDB endpoint in each of three regions over one store. */
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Region } from "../../../components/model.ts";
import type { Service } from "../../cloud/behaviour.ts";
import type { Faults } from "../../faults.ts";
import type { Snapshot } from "../backup.ts";
import { type AwsRequest, type AwsResponse, type AwsService, NoAnswer } from "../protocol.ts";
import { Random } from "../random.ts";
import {
  type Attributes,
  DynamoError,
  type Operation,
  type Payload,
  READS,
  Store,
  WRITES,
} from "./dynalite.ts";
import { type Latency, Quorum } from "./quorum.ts";
import { tableBehaviours } from "./resources.ts";
import { snapshotOf } from "./snapshot.ts";
import { continuousBackups, tableOf, updated } from "./tableCalls.ts";
import { type Table, Tables, voters } from "./tables.ts";
import { Views } from "./views.ts";
import { type InFlightCoverage, Writes } from "./writes.ts";

export interface DynamoOptions {
  readonly faults: Faults;
  readonly accountId: string;
  readonly seed: number;
  readonly latency: Latency;
}

export interface Dynamo extends Service {
  readonly aws: AwsService;
  /** A request as the SDK would send it to `region`. Rejects with `DynamoError`. */
  call(region: Region, operation: string, body: Payload): Promise<Payload>;
  /** For what exists before any deployment. Throws `DynamoError`. */
  createTable(table: Table): void;
  /** The region's writes slow down and pile up, as before many a loss; ends with `loseRegion`. */
  struggle(region: Region): void;
  /** Decides by seeded draw what becomes of every write in flight from `region`. Call after `faults.setPlace`. */
  loseRegion(region: Region): void;
  /** Writes from `region` that have not been answered: a drill may wait for some before it kills. */
  inFlight(region: Region): number;
  coverage(): InFlightCoverage;
  /** Of a table as it is now. Rejects with `DynamoError`. */
  snapshot(region: Region, table: string): Promise<Snapshot>;
}

const isOneOf = <T extends string>(names: readonly T[], name: string): name is T =>
  (names as readonly string[]).includes(name);

export async function createDynamo(options: DynamoOptions): Promise<Dynamo> {
  const endpoint = new Endpoint(options);
  return {
    ...tableBehaviours(endpoint, options.accountId),
    aws: {
      name: "dynamodb",
      operation: ({ headers }) => headers["x-amz-target"]?.split(".")[1] ?? "unknown",
      handle: (request) => answer(endpoint, request),
    },
    call: (region, operation, body) => endpoint.call(region, operation, body),
    createTable: (table) => endpoint.createTable(table),
    struggle: (region) => endpoint.writes.struggle(region),
    loseRegion: (region) => endpoint.writes.lose(region),
    inFlight: (region) => endpoint.writes.inFlight(region),
    coverage: () => endpoint.writes.coverage(),
    snapshot: (region, table) => snapshotOf(endpoint, region, table),
    async close() {
      endpoint.close();
    },
  };
}

export class Endpoint {
  readonly tables = new Tables();
  readonly writes: Writes;
  readonly #store = new Store();
  readonly #quorum: Quorum;
  readonly #random: Random;
  readonly #views: Views;

  constructor({ faults, seed, latency }: DynamoOptions) {
    this.#random = new Random(seed);
    this.#quorum = new Quorum(faults, this.#random, latency);
    this.writes = new Writes(faults, this.#quorum, this.#random);
    this.#views = new Views(faults, this.#quorum, this.#random);
  }

  createTable(table: Table): void {
    this.tables.add(table);
    this.#store.createTable(table.name, table);
  }

  close(): void {
    this.writes.close();
    this.#views.close();
  }

  /** Past the API, as AWS restores a table. */
  fill(name: string, items: readonly Attributes[]): void {
    const stored = this.#store.getItemDb(name);
    for (const item of items) stored.put(this.#store.keyOf(name, item), item, () => {});
  }

  deleteTable(region: Region, name: string): void {
    this.tables.remove(region, name);
    this.#store.deleteTable(name);
  }

  async call(region: Region, operation: string, body: Payload): Promise<Payload> {
    if (operation === "ListTables") return { TableNames: this.tables.namesAt(region) };
    if (operation === "CreateTable") {
      this.createTable(tableOf(body, region));
      return { TableDescription: describe(this.tables.at(region, tableNameOf(body))) };
    }
    const table = this.tables.at(region, tableNameOf(body));
    if (operation === "DescribeTable") return { Table: describe(table) };
    if (operation === "UpdateTable") {
      const isEmpty = this.#store.isEmpty(table.name);
      this.tables.convert(updated(table, body, isEmpty));
      return { TableDescription: describe(this.tables.at(region, table.name)) };
    }
    if (operation === "UpdateContinuousBackups") return continuousBackups(body);
    if (isOneOf(WRITES, operation)) return await this.#write(region, table, operation, body);
    if (isOneOf(READS, operation)) return await this.#read(region, table, operation, body);
    const where = table.consistency ? "tables with multi-Region strong consistency" : "the sandbox's tables";
    throw new DynamoError("ValidationException", `${operation} is not supported on ${where}: ${table.name}`);
  }

  async #write(region: Region, table: Table, operation: Operation, body: Payload): Promise<Payload> {
    // Looked at before dynalite's validation, which removes what it does not know.
    const wantsItem = body["ReturnValuesOnConditionCheckFailure"] === "ALL_OLD";
    const data = this.#store.validate(operation, body);
    const key = this.#store.keyOf(table.name, data["Item"] ?? data["Key"]);
    return await this.writes.perform({
      region,
      regions: voters(table),
      item: `${table.name}/${key}`,
      partition: `${table.name}/${key.slice(0, key.indexOf("/", key.indexOf("/") + 1))}`,
      apply: async () => {
        const before = this.#store.peek(table.name, key);
        try {
          const result = await this.#store.run(operation, data);
          this.#views.wrote(table, region, key, before);
          return result;
        } catch (error) {
          throw wantsItem ? withItem(error, before) : error;
        }
      },
    });
  }

  async #read(region: Region, table: Table, operation: Operation, body: Payload): Promise<Payload> {
    const wantsLatest = isStrong(body, table.name);
    const data = this.#store.validate(operation, body);
    const regions = voters(table);
    if (regions.length === 0) return await this.#store.run(operation, data);
    if (!wantsLatest) {
      return this.#views.stale(table, region, await this.#store.run(operation, data), (item) =>
        this.#store.keyOf(table.name, item),
      );
    }
    const total = this.#quorum.milliseconds(region, regions);
    const outward = total * this.#random.next();
    await sleep(outward);
    if (!this.#quorum.confirms(region, regions)) {
      await sleep(this.#random.between(100, 3_000));
      throw new DynamoError("InternalServerError", "Internal server error", 500);
    }
    const result = await this.#store.run(operation, data);
    await sleep(total - outward);
    return result;
  }
}

/** Of the first table that a request names. */
function tableNameOf(body: Payload): string {
  const nested = [body["TransactItems"]].flat().flatMap((item) => Object.values((item ?? {}) as Payload));
  const [first] = [body, ...(nested as Payload[])].flatMap(({ TableName, RequestItems }) => [
    ...(typeof TableName === "string" ? [TableName] : []),
    ...Object.keys((RequestItems ?? {}) as Payload),
  ]);
  if (first !== undefined) return first;
  throw new DynamoError("ValidationException", "The parameter 'TableName' is required but was not present");
}

/** Looked at before dynalite's validation, whose Scan does not know it. A batch says it per table. */
function isStrong(body: Payload, table: string): boolean {
  const perTable = (body["RequestItems"] as Record<string, Payload> | undefined)?.[table];
  return (perTable ?? body)["ConsistentRead"] === true;
}

function withItem(error: unknown, item: Payload | undefined): unknown {
  if (!(error instanceof DynamoError) || error.type !== "ConditionalCheckFailedException") return error;
  return item ? new DynamoError(error.type, error.message, error.status, { Item: item }) : error;
}

const describe = (table: Table): Payload => ({
  TableName: table.name,
  TableStatus: "ACTIVE",
  KeySchema: table.KeySchema,
  AttributeDefinitions: table.AttributeDefinitions,
  BillingModeSummary: { BillingMode: "PAY_PER_REQUEST" },
  DeletionProtectionEnabled: table.deletionProtection,
  ...(table.consistency && {
    MultiRegionConsistency: table.consistency,
    Replicas: table.replicas.map((RegionName) => ({ RegionName, ReplicaStatus: "ACTIVE" })),
    GlobalTableWitnesses: table.witness ? [{ RegionName: table.witness, WitnessStatus: "ACTIVE" }] : [],
  }),
});

async function answer(endpoint: Endpoint, request: AwsRequest): Promise<AwsResponse> {
  const operation = request.headers["x-amz-target"]?.split(".")[1] ?? "unknown";
  const headers = {
    "content-type": "application/x-amz-json-1.0",
    "x-amzn-requestid": randomBytes(26).toString("hex").toUpperCase(),
  };
  try {
    const body = JSON.parse(request.body.toString("utf8")) as Payload;
    return {
      status: 200,
      headers,
      body: JSON.stringify(await endpoint.call(request.region, operation, body)),
    };
  } catch (error) {
    if (error instanceof NoAnswer) throw error;
    if (!(error instanceof DynamoError)) throw error;
    const { type, message, status, detail } = error;
    const body = { __type: `com.amazonaws.dynamodb.v20120810#${type}`, message, ...detail };
    return { status, headers, body: JSON.stringify(body) };
  }
}
