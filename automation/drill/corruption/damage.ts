/** What is done to the database, by whom. Each as it would come: through a connection with rights that somebody has. */
import pg from "pg";

export interface Damage {
  readonly id: string;
  readonly title: string;
  /** Resolves when it is done. @param database connection string, with the rights of whoever does the damage */
  readonly strike: (database: string, pause: () => Promise<void>) => Promise<void>;
}

const WRONG_WRITES = 4;

/** Every fifth order gets a price ten times too high, again and again, as a wrong release of some other program would. */
const badDeploy: Damage = {
  id: "bad-deploy",
  title: "a bad release writes wrong prices for a while",
  async strike(database, pause) {
    for (let n = 0; n < WRONG_WRITES; n++) {
      await sql(
        database,
        "UPDATE orders SET price = price * 10 WHERE hashtext(client_order_id) % 5 = 0 AND price < 100000",
      );
      await pause();
    }
  },
};

/**
 * With every right that the database itself can give. What the storage keeps (Aurora's backups, the archived log) is
 * beyond those rights; the copies that were made inside the database are not.
 */
const encryption: Damage = {
  id: "encryption",
  title: "an intruder with database rights encrypts rows and deletes the backups that are in reach",
  async strike(database) {
    await sql(
      database,
      `CREATE TABLE IF NOT EXISTS orders_backup AS TABLE orders;
       UPDATE orders SET instrument = encode(sha256(convert_to(instrument || client_order_id, 'UTF8')), 'hex');
       DELETE FROM trades WHERE index % 2 = 0;
       DROP TABLE orders_backup;`,
    );
  },
};

export const DAMAGES: readonly Damage[] = [badDeploy, encryption];

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
