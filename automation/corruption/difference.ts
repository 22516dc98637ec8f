/** The first row, in the order of the log, that is not the same in database and journal. */
import type { Row } from "../drill/audit/projection.ts";
import { COLUMNS, keyOf, type Table } from "./sums.ts";

export interface Difference {
  readonly table: Table;
  /** The row's key, its parts joined by `|`. */
  readonly key: string;
  /** Of the record that the row comes from. */
  readonly epoch: number;
  readonly seq: number;
  /** Null: the row is not there. */
  readonly database: Readonly<Record<string, string>> | null;
  readonly journal: Readonly<Record<string, string>> | null;
  /** Columns that differ; empty where one of them has no such row. */
  readonly columns: readonly string[];
}

export function firstDifference(
  table: Table,
  stored: readonly Row[],
  said: readonly Row[],
): Difference | null {
  const [database, journal] = [byKey(table, stored), byKey(table, said)];
  let first: Difference | null = null;
  for (const key of new Set([...database.keys(), ...journal.keys()])) {
    const [is, should] = [database.get(key) ?? null, journal.get(key) ?? null];
    const columns = COLUMNS[table].filter(
      (column) => is !== null && should !== null && is[column] !== should[column],
    );
    if (is !== null && should !== null && columns.length === 0) continue;
    const { epoch, seq } = should ?? is ?? {};
    const difference = {
      table,
      key,
      epoch: Number(epoch),
      seq: Number(seq),
      database: is,
      journal: should,
      columns,
    };
    if (first === null || isEarlier(difference, first)) first = difference;
  }
  return first;
}

/** By record, and within one by key: the same difference is named each time. */
const isEarlier = (a: Difference, b: Difference): boolean =>
  (a.epoch - b.epoch || a.seq - b.seq || (a.key < b.key ? -1 : 1)) < 0;

function byKey(table: Table, rows: readonly Row[]): Map<string, Record<string, string>> {
  return new Map(
    rows.map((row) => [
      keyOf(table, row),
      Object.fromEntries(COLUMNS[table].map((column, index) => [column, String(row[index])])),
    ]),
  );
}

/** One line for a person. */
export function inWords({ table, key, epoch, seq, database, journal, columns }: Difference): string {
  const where = `${table} ${key} (record ${epoch}.${seq})`;
  if (database === null) return `${where} is missing in the database`;
  if (journal === null) return `${where} is not in the journal`;
  const parts = columns.map(
    (column) => `${column} is ${database[column]}, the journal says ${journal[column]}`,
  );
  return `${where}: ${parts.join("; ")}`;
}
