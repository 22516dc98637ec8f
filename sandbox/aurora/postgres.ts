/** One PostgreSQL server: made empty or as a copy of another, started, promoted, killed, frozen. */
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { chown, copyFile, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import type { Address } from "../addresses.ts";
import type { Processes } from "../processes.ts";
import type { Binaries } from "./binaries.ts";
import { copyCluster } from "./copy.ts";
import { SETTINGS } from "./settings.ts";

export interface PostgresOptions {
  readonly binaries: Binaries;
  readonly processes: Processes;
  readonly directory: string;
  readonly address: Address;
  /** Shown as `application_name` where it replicates from. */
  readonly name: string;
  /** Directory that every finished segment of its log is copied to. */
  readonly archive?: string;
  /** `on`: while it takes writes. `always`: as a replica too. */
  readonly archiving?: "on" | "always";
  /** Over those that every server of the sandbox has. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** Files from which a server can be made as it was at any later time, with the log after them. */
export interface BaseBackup {
  readonly directory: string;
  /** Milliseconds since 1970 from which on it can be restored to. */
  readonly from: number;
}

/** Exists in every server; AWS' master user is another one. */
export const SUPERUSER = "postgres";
const READY_MILLISECONDS = 30_000;
const DISCARD_MILLISECONDS = 3_000;
const POLL_MILLISECONDS = 25;
const CONTROL_FILE = "global/pg_control";

const quote = (value: string): string => `'${value.replaceAll("'", "''")}'`;

export class Postgres {
  readonly address: Address;
  readonly name: string;
  readonly #options: PostgresOptions;
  readonly #log: string;
  #child: ChildProcess | undefined;
  #parameters: Readonly<Record<string, string>> = {};

  constructor(options: PostgresOptions) {
    this.#options = options;
    this.address = options.address;
    this.name = options.name;
    this.#log = `${options.directory}.log`;
  }

  get directory(): string {
    return this.#options.directory;
  }

  get isRunning(): boolean {
    return this.#child !== undefined;
  }

  /** Makes an empty server and starts it. */
  async initialise(): Promise<void> {
    await this.#makeDirectory();
    const initdb = this.#spawn("initdb", [
      ...["-D", this.directory, "-U", SUPERUSER, "--auth=trust", "--encoding=UTF8", "--locale=C"],
      ...["--no-sync", "--no-instructions", "--wal-segsize=4"],
    ]);
    const [code] = (await once(initdb, "exit")) as [number | null];
    if (code !== 0) throw new Error(`initdb of ${this.name} failed:\n${await this.#lastWords()}`);
    await this.#write(
      "pg_hba.conf",
      "host all all 127.0.0.0/8 trust\nhost replication all 127.0.0.0/8 trust\n",
    );
    await this.start();
  }

  /** Makes a copy of a running server that follows whatever answers at `upstream`, and starts it. */
  async copy(source: Postgres, upstream: Address): Promise<void> {
    await this.#makeDirectory();
    await this.#copyFiles(source, this.directory);
    await this.follow(upstream);
    await this.start();
  }

  async #copyFiles(source: Postgres, directory: string): Promise<void> {
    await source.session(async (client) => {
      await client.query("SELECT pg_backup_start('copy', true)");
      await copyCluster(source.directory, directory, this.#options.binaries.user);
      // Last: a replica's backup ends where its control file says.
      await this.#take(path.join(source.directory, CONTROL_FILE), path.join(directory, CONTROL_FILE));
      const { rows } = await client.query<{ labelfile: string }>(
        "SELECT labelfile FROM pg_backup_stop(false)",
      );
      await this.#write("backup_label", rows[0]?.labelfile ?? "", directory);
    });
  }

  async #take(from: string, to: string): Promise<void> {
    await copyFile(from, to);
    await this.#own(to);
  }

  /** Its files, and beside them the log that a start from them needs: no archive has to be there. */
  async snapshot(directory: string): Promise<{ readonly backup: BaseBackup; readonly log: string }> {
    const backup = await this.backUp(directory);
    const log = `${directory}-log`;
    await this.#makeDirectory(log);
    const label = await readFile(path.join(directory, "backup_label"), "utf8");
    const [, first = ""] = /\(file [0-9A-F]{8}([0-9A-F]{16})\)/.exec(label) ?? [];
    const from = path.join(this.directory, "pg_wal");
    for (const name of await readdir(from)) {
      const isNeeded = /^[0-9A-F]{24}$/.test(name) ? name.slice(8) >= first : name.endsWith(".history");
      if (isNeeded) await this.#take(path.join(from, name), path.join(log, name));
    }
    return { backup, log };
  }

  /** Copies a running server's files to a directory of their own. */
  async backUp(directory: string): Promise<BaseBackup> {
    await this.#makeDirectory(directory);
    await this.#copyFiles(this, directory);
    return { directory, from: Date.now() };
  }

  /**
   * Makes it as `archive`'s server was at the end of that second, and starts it as a server of its own.
   * https://www.postgresql.org/docs/18/continuous-archiving.html#BACKUP-PITR-RECOVERY
   * @param time milliseconds since 1970; undefined: at the end of the archived log
   */
  async recover(backup: BaseBackup, archive: string, time: number | undefined): Promise<void> {
    await this.#makeDirectory();
    await copyCluster(backup.directory, this.directory, this.#options.binaries.user);
    await this.#write("backup_label", await readFile(path.join(backup.directory, "backup_label"), "utf8"));
    await this.#write("recovery.signal", "");
    await this.#write(
      "postgresql.auto.conf",
      [
        `restore_command = ${quote(`cp ${archive}/%f %p`)}`,
        ...(time === undefined
          ? []
          : [
              `recovery_target_time = ${quote(new Date(time).toISOString().replace("Z", "+00"))}`,
              "recovery_target_action = 'promote'",
            ]),
        "",
      ].join("\n"),
    );
    await this.start();
    for (const deadline = performance.now() + READY_MILLISECONDS; performance.now() < deadline; ) {
      const [row] = await this.query<{ recovering: boolean }>("SELECT pg_is_in_recovery() AS recovering");
      if (row?.recovering === false) return;
      await sleep(POLL_MILLISECONDS);
    }
    throw new Error(`${this.name} is still recovering:\n${await this.#lastWords()}`);
  }

  /** Ends the log with a commit of now and resolves when the archive has it: recovery to a time needs one after it. */
  async archiveLog(): Promise<void> {
    await this.query("SELECT pg_current_xact_id()");
    const [row] = await this.query<{ segment: string }>("SELECT pg_walfile_name(pg_switch_wal()) AS segment");
    const segment = row?.segment ?? "";
    for (const deadline = performance.now() + READY_MILLISECONDS; performance.now() < deadline; ) {
      if ((await readdir(this.#options.archive ?? "")).includes(segment)) return;
      await sleep(POLL_MILLISECONDS);
    }
    throw new Error(`${this.name} did not archive ${segment}:\n${await this.#lastWords()}`);
  }

  /** Parameters of its next starts. */
  set parameters(values: Readonly<Record<string, string>>) {
    this.#parameters = values;
  }

  /** From its next start on it is a standby of whatever answers at `upstream`. */
  async follow({ host, port }: Address): Promise<void> {
    const connection = `host=${host} port=${port} user=${SUPERUSER} application_name=${this.name}`;
    await this.#write("standby.signal", "");
    await this.#write("postgresql.auto.conf", `primary_conninfo = ${quote(connection)}\n`);
  }

  async #archiving(): Promise<Readonly<Record<string, string>>> {
    const { archive, archiving = "on" } = this.#options;
    if (archive === undefined) return {};
    await mkdir(archive, { recursive: true, mode: 0o700 });
    await this.#own(archive);
    // Renamed when it is whole: a restore must not read half a segment.
    return {
      archive_mode: archiving,
      archive_command: `cp %p ${archive}/.%f && mv ${archive}/.%f ${archive}/%f`,
    };
  }

  /** Resolves when it answers queries. */
  async start(): Promise<void> {
    const { host, port } = this.address;
    const settings = {
      ...SETTINGS,
      ...this.#parameters,
      ...this.#options.settings,
      listen_addresses: host,
      port: String(port),
      cluster_name: this.name,
      ...(await this.#archiving()),
    };
    const options = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
    const child = this.#spawn("postgres", ["-D", this.directory, ...options]);
    this.#child = child;
    child.once("exit", () => {
      if (this.#child === child) this.#child = undefined;
    });
    const deadline = performance.now() + READY_MILLISECONDS;
    for (;;) {
      if (!this.isRunning) throw new Error(`${this.name} did not start:\n${await this.#lastWords()}`);
      try {
        await this.query("SELECT 1");
        return;
      } catch (cause) {
        if (performance.now() < deadline) await sleep(POLL_MILLISECONDS);
        else throw new Error(`${this.name} does not answer:\n${await this.#lastWords()}`, { cause });
      }
    }
  }

  async query<Row extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<readonly Row[]> {
    return await this.session(async (client) => (await client.query<Row>(text, values)).rows);
  }

  /** Runs with a connection of its own, as superuser. */
  async session<T>(run: (client: pg.Client) => Promise<T>, database = "postgres"): Promise<T> {
    const client = new pg.Client({
      ...this.address,
      user: SUPERUSER,
      database,
      connectionTimeoutMillis: 5_000,
    });
    // A server killed under an idle connection must not end the sandbox.
    client.on("error", () => {});
    await client.connect();
    try {
      return await run(client);
    } finally {
      await client.end().catch(() => {});
    }
  }

  /** Resolves when it takes writes. */
  async promote(): Promise<void> {
    const [row] = await this.query<{ promoted: boolean }>("SELECT pg_promote(true, 30) AS promoted");
    if (row?.promoted !== true) throw new Error(`${this.name} was not promoted within 30 s`);
  }

  async set(name: "synchronous_standby_names", value: string): Promise<void> {
    await this.query(`ALTER SYSTEM SET ${name} = ${quote(value)}`);
    await this.query("SELECT pg_reload_conf()");
  }

  /**
   * Whether the standby of that name has everything up to `position` on disk and streams on. Streaming alone proves
   * nothing: it may still be at the end of an older timeline.
   */
  async feeds(standby: string, position: string): Promise<boolean> {
    const rows = await this.query(
      `SELECT FROM pg_stat_replication
       WHERE application_name = $1 AND state = 'streaming' AND flush_lsn >= $2::pg_lsn`,
      [standby, position],
    );
    return rows.length > 0;
  }

  /** Where its log ends now. */
  async position(): Promise<string> {
    const [row] = await this.query<{ position: string }>("SELECT pg_current_wal_lsn() AS position");
    return row?.position ?? "0/0";
  }

  /**
   * In order: sends everything to the standbys that are connected, then ends. False: it took too long and was killed,
   * so that standbys may lack something.
   */
  async stop(patienceMilliseconds: number): Promise<boolean> {
    return await this.#end("SIGINT", patienceMilliseconds);
  }

  /** Without a word to anybody, but returns the system's shared memory, which SIGKILL would leave behind. */
  async discard(): Promise<void> {
    await this.#end("SIGQUIT", DISCARD_MILLISECONDS);
    await rm(this.directory, { recursive: true, force: true });
  }

  async kill(): Promise<void> {
    const child = this.#child;
    if (!child) return;
    const gone = once(child, "exit");
    this.#options.processes.kill(child);
    await gone;
  }

  freeze(): void {
    if (this.#child) this.#options.processes.freeze(this.#child);
  }

  thaw(): void {
    if (this.#child) this.#options.processes.thaw(this.#child);
  }

  async #end(signal: "SIGINT" | "SIGQUIT", patienceMilliseconds: number): Promise<boolean> {
    const child = this.#child;
    if (!child) return true;
    const gone = once(child, "exit");
    this.thaw();
    this.#options.processes.signal(child, signal);
    const ended = new AbortController();
    const isLate = await Promise.race([
      gone.then(() => false),
      sleep(patienceMilliseconds, true, { signal: ended.signal }),
    ]);
    ended.abort();
    if (isLate) this.#options.processes.kill(child);
    await gone;
    return !isLate;
  }

  #spawn(program: "initdb" | "postgres", args: readonly string[]): ChildProcess {
    const { binaries, processes } = this.#options;
    const output = openSync(this.#log, "a");
    try {
      return processes.spawn(path.join(binaries.directory, program), args, {
        cwd: path.dirname(this.directory),
        env: { LC_ALL: "C", TZ: "UTC", PATH: "/usr/bin:/bin" },
        output,
        ...binaries.user,
      });
    } finally {
      closeSync(output);
    }
  }

  async #makeDirectory(directory = this.directory): Promise<void> {
    await rm(directory, { recursive: true, force: true });
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await this.#own(directory);
  }

  async #write(name: string, content: string, directory = this.directory): Promise<void> {
    const file = path.join(directory, name);
    await writeFile(file, content, { mode: 0o600 });
    await this.#own(file);
  }

  async #own(file: string): Promise<void> {
    const { user } = this.#options.binaries;
    if (user) await chown(file, user.uid, user.gid);
  }

  async #lastWords(): Promise<string> {
    const log = await readFile(this.#log, "utf8").catch(() => "");
    return log.split("\n").slice(-15).join("\n");
  }
}
