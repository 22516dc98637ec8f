/** The files of a base backup, as pg_basebackup takes them. */
import { constants } from "node:fs";
import { chown, copyFile, mkdir, readdir } from "node:fs/promises";
import path from "node:path";
import type { User } from "./binaries.ts";

/** Directories that a copy needs, but not their content. */
const EMPTY = new Set([
  "pg_dynshmem",
  "pg_notify",
  "pg_replslot",
  "pg_serial",
  "pg_snapshots",
  "pg_stat_tmp",
  "pg_subtrans",
  "pg_wal",
]);
const LEFT_OUT = new Set([
  "backup_label",
  "pg_internal.init",
  "postgresql.auto.conf",
  "postmaster.opts",
  "postmaster.pid",
  "standby.signal",
]);

/**
 * Copies a running server's data directory between `pg_backup_start` and `pg_backup_stop`.
 * https://www.postgresql.org/docs/18/continuous-archiving.html#BACKUP-LOWLEVEL-BASE-BACKUP
 */
export async function copyCluster(from: string, to: string, owner: User | undefined): Promise<void> {
  const own = async (file: string) => {
    if (owner) await chown(file, owner.uid, owner.gid);
  };
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [path.join(from, entry.name), path.join(to, entry.name)];
    if (LEFT_OUT.has(entry.name)) continue;
    if (entry.isDirectory()) {
      await mkdir(target, { mode: 0o700 });
      await own(target);
      if (!EMPTY.has(entry.name)) await copyCluster(source, target, owner);
    } else if (entry.isFile()) {
      // Servers remove files while they run; replay of the log makes up for those that are missing.
      await copyFile(source, target, constants.COPYFILE_FICLONE).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== "ENOENT") throw error;
      });
      await own(target).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== "ENOENT") throw error;
      });
    }
  }
}
