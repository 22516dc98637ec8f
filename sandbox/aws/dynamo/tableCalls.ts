/** Tables by API, as far as a strongly consistent one is made that way: created in one region, then given its replica and witness while it is empty. */
import { isRegion, type Region } from "../../../components/model.ts";
import { DynamoError, type KeySchema, type Payload } from "./dynalite.ts";
import type { Table } from "./tables.ts";

const invalid = (message: string): DynamoError => new DynamoError("ValidationException", message);

export const tableOf = (body: Payload, home: Region): Table => ({
  name: String(body["TableName"]),
  home,
  replicas: [home],
  witness: undefined,
  consistency: undefined,
  deletionProtection: body["DeletionProtectionEnabled"] === true,
  hasLocalIndexes: Array.isArray(body["LocalSecondaryIndexes"]),
  hasTimeToLive: false,
  KeySchema: body["KeySchema"] as KeySchema["KeySchema"],
  AttributeDefinitions: body["AttributeDefinitions"] as KeySchema["AttributeDefinitions"],
});

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTable.html */
export function updated(table: Table, body: Payload, isEmpty: boolean): Table {
  const deletionProtection =
    typeof body["DeletionProtectionEnabled"] === "boolean"
      ? body["DeletionProtectionEnabled"]
      : table.deletionProtection;
  const replicas = created(body["ReplicaUpdates"]);
  const [witness] = created(body["GlobalTableWitnessUpdates"]);
  if (replicas.length === 0 && witness === undefined) return { ...table, deletionProtection };
  if (table.replicas.length > 1 || table.witness !== undefined)
    throw invalid("The sandbox adds replicas to a table in one Region only.");
  if (!isEmpty) throw invalid("A table must be empty to become one with multi-Region strong consistency.");
  const consistency = body["MultiRegionConsistency"] === "STRONG" ? "STRONG" : undefined;
  return { ...table, deletionProtection, replicas: [table.home, ...replicas], witness, consistency };
}

function created(updates: unknown): readonly Region[] {
  return ((updates ?? []) as readonly Payload[]).map(({ Create }) => {
    const region = (Create as Payload | undefined)?.["RegionName"];
    if (isRegion(region)) return region;
    throw invalid(
      `The sandbox creates replicas only, in a Region of a global table: ${JSON.stringify(Create)}`,
    );
  });
}

/** Accepted and not kept: the sandbox restores no table. */
export const continuousBackups = ({ PointInTimeRecoverySpecification }: Payload): Payload => {
  const isOn = (PointInTimeRecoverySpecification as Payload)["PointInTimeRecoveryEnabled"] === true;
  const status = isOn ? "ENABLED" : "DISABLED";
  return {
    ContinuousBackupsDescription: {
      ContinuousBackupsStatus: "ENABLED",
      PointInTimeRecoveryDescription: { PointInTimeRecoveryStatus: status },
    },
  };
};
