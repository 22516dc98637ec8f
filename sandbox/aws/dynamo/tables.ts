/** The tables of the account and the rules for their shape. */
import { REGION_SETS, type Region } from "../../../components/model.ts";
import { DynamoError, type KeySchema, tableNotFound } from "./dynalite.ts";

export interface Table extends KeySchema {
  readonly name: string;
  /** Where it was created. */
  readonly home: Region;
  /** Where it can be read and written, `home` first. */
  readonly replicas: readonly Region[];
  /** The third vote, which holds no table; undefined: three replicas, or not strongly consistent. */
  readonly witness: Region | undefined;
  readonly consistency: "STRONG" | undefined;
  readonly deletionProtection: boolean;
  readonly hasLocalIndexes: boolean;
  readonly hasTimeToLive: boolean;
}

/** Regions among which writes need a majority; empty for an ordinary table. */
export const voters = (table: Table): readonly Region[] =>
  table.consistency === "STRONG" ? [...table.replicas, ...(table.witness ? [table.witness] : [])] : [];

const invalid = (message: string): DynamoError => new DynamoError("ValidationException", message);

/** Names tables by region; creating, changing and deleting keeps the documented constraints. */
export class Tables {
  readonly #tables = new Map<string, Table>();

  /** The table that `region` has under that name. Throws `ResourceNotFoundException`. */
  at(region: Region, name: string): Table {
    const table = this.#tables.get(name);
    if (!table?.replicas.includes(region)) throw tableNotFound(name);
    return table;
  }

  namesAt(region: Region): readonly string[] {
    return [...this.#tables.values()]
      .filter(({ replicas }) => replicas.includes(region))
      .map(({ name }) => name)
      .sort();
  }

  add(table: Table): void {
    if (this.#tables.has(table.name)) {
      throw new DynamoError("ResourceInUseException", `Table already exists: ${table.name}`);
    }
    check(table);
    this.#tables.set(table.name, table);
  }

  change(table: Table): void {
    const before = this.at(table.home, table.name);
    if (before.consistency !== table.consistency) {
      throw invalid("The consistency mode of a global table cannot be changed after it was created.");
    }
    check(table);
    this.#tables.set(table.name, table);
  }

  /** The same where the consistency mode may change: of a table that is empty and in one region yet. */
  convert(table: Table): void {
    check(table);
    this.#tables.set(table.name, table);
  }

  remove(region: Region, name: string): void {
    const table = this.at(region, name);
    if (table.deletionProtection) {
      throw invalid(
        `Resource cannot be deleted as it is currently protected against deletion. ` +
          `Disable deletion protection first: ${name}`,
      );
    }
    this.#tables.delete(name);
  }
}

/**
 * Constraints of multi-Region strong consistency.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/V2globaltables_HowItWorks.html
 */
function check(table: Table): void {
  if (table.consistency !== "STRONG") {
    if (table.replicas.length > 1 || table.witness) {
      throw invalid(
        "The sandbox has global tables with multi-Region strong consistency only: consistencyMode STRONG.",
      );
    }
    return;
  }
  const regions = voters(table);
  if (new Set(regions).size !== 3) {
    throw invalid(
      `A global table with multi-Region strong consistency needs exactly three Regions: three replicas, ` +
        `or two replicas and a witness. Got ${regions.join(", ")}.`,
    );
  }
  const isOneSet = Object.values(REGION_SETS).some((set) =>
    regions.every((region) => (set as readonly Region[]).includes(region)),
  );
  if (!isOneSet) {
    throw invalid(
      `Regions of different Region sets cannot form one strongly consistent table: ${regions.join(", ")}.`,
    );
  }
  if (table.hasLocalIndexes) {
    throw invalid(
      "Local secondary indexes are not supported on tables with multi-Region strong consistency.",
    );
  }
  if (table.hasTimeToLive) {
    throw invalid("Time to Live is not supported on tables with multi-Region strong consistency.");
  }
}
