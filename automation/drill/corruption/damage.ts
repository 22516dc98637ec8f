/** What is done to the data, by whom. Each as it would come: through a connection with rights that somebody has. */
import pg from "pg";
import type { TableSource } from "../witness/journal-table.ts";
import { forgeJournal } from "./forgery.ts";

/** What whoever does the damage can reach, with the rights that it takes. */
export interface Reach {
  /** Connection string. */
  readonly database: string;
  readonly journal: TableSource;
}

export interface Damage {
  readonly id: string;
  readonly title: string;
  /** What must be had again. */
  readonly of: "database" | "journal";
  /** Resolves when it is done. */
  readonly strike: (reach: Reach, pause: () => Promise<void>) => Promise<void>;
  /** What the operator asks of `dr` between halt and resumption; null: nothing. @param good ISO 8601, before the damage */
  readonly mend: (good: string) => readonly string[] | null;
}

const restore = (good: string) => ["restore", "--restore-to", good];

const WRONG_WRITES = 4;

/** Every fifth order gets a price ten times too high, again and again, as a wrong release of some other program would. */
const badDeploy: Damage = {
  id: "bad-deploy",
  title: "a bad release writes wrong prices for a while",
  of: "database",
  async strike({ database }, pause) {
    for (let n = 0; n < WRONG_WRITES; n++) {
      await sql(
        database,
        "UPDATE orders SET price = price * 10 WHERE hashtext(client_order_id) % 5 = 0 AND price < 100000",
      );
      await pause();
    }
  },
  mend: restore,
};

/**
 * With every right that the database itself can give. What the storage keeps (Aurora's backups, the archived log) is
 * beyond those rights; the copies that were made inside the database are not.
 */
const encryption: Damage = {
  id: "encryption",
  title: "an intruder with database rights encrypts rows and deletes the backups that are in reach",
  of: "database",
  async strike({ database }) {
    await sql(
      database,
      `CREATE TABLE IF NOT EXISTS orders_backup AS TABLE orders;
       UPDATE orders SET instrument = encode(sha256(convert_to(instrument || client_order_id, 'UTF8')), 'hex');
       DELETE FROM trades WHERE index % 2 = 0;
       DROP TABLE orders_backup;`,
    );
  },
  mend: restore,
};

export const poisonedJournal: Damage = {
  id: "poisoned-journal",
  title: "an intruder forges a journal record and rewrites the chain up to its head",
  of: "journal",
  strike: ({ journal }, pause) => forgeJournal(journal, pause),
  mend: () => ["journal", "rebuild"],
};

export const DAMAGES: readonly Damage[] = [badDeploy, encryption, poisonedJournal];

async function sql(connectionString: string, text: string): Promise<void> {
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: 5_000 });
  client.on("error", () => {});
  await client.connect();
  try {
    await client.query(text);
  } finally {
    await client.end().catch(() => {});
  }
}
