/** Whether there is something to restore from, and whether anybody tried lately. */
import { type Check, fail, known, ok, unknown, warn } from "../check.ts";
import type { ReadinessFacts } from "../facts.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const RETENTION_DAYS = 35;
const BACKUP_HOURS = { warn: 26, fail: 50 } as const;
/** The newest restorable point is up to five minutes old. https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-pitr.html */
const RESTORABLE_MINUTES = { warn: 10, fail: 60 } as const;
/** Every tail beyond the checkpoint is replayed while clients wait. */
const CHECKPOINT_MINUTES = { warn: 5, fail: 60 } as const;
const ARCHIVE_MINUTES = { warn: 2, fail: 30 } as const;
const RESTORE_TEST_DAYS = { warn: 35, fail: 100 } as const;

const ago = (milliseconds: number): string => {
  if (milliseconds < 2 * HOUR) return `${Math.round(milliseconds / MINUTE)} min ago`;
  return milliseconds < 2 * DAY
    ? `${Math.round(milliseconds / HOUR)} h ago`
    : `${Math.round(milliseconds / DAY)} days ago`;
};

function aged(age: number, limits: { warn: number; fail: number }, unit: number, what: string, todo: string) {
  const why = `${what} ${ago(age)}`;
  if (age > limits.fail * unit) return fail(why, todo);
  return age > limits.warn * unit ? warn(why, todo) : ok(why);
}

/** Of an ARN, without account and region. */
const nameOf = (arn: string): string => arn.split(":").slice(5).join(":");

export const backups: readonly Check<ReadinessFacts>[] = [
  {
    id: "checkpoints",
    title: "the passive region's bucket holds fresh checkpoints of every shard",
    judge: ({ checkpoints, at }) =>
      known(checkpoints, "allow s3:ListBucket on the passive region's checkpoints", (all) => {
        const todo = "the archiver there writes them: look at its pod";
        // A shard without records has nothing to cover.
        const written = all.flatMap(({ at: time }) => (time === null ? [] : [time]));
        const missing = all.flatMap(({ at: time, tailRecords }, shard) =>
          time === null && tailRecords > 0 ? [`${shard}`] : [],
        );
        if (missing.length > 0) return fail(`none of shard ${missing.join(", ")}`, todo);
        if (written.length === 0) return ok("nothing was written yet");
        return aged(at - Math.min(...written), CHECKPOINT_MINUTES, MINUTE, "the oldest was written", todo);
      }),
  },
  {
    id: "archive",
    title: "the passive region's archive follows the journal",
    judge: ({ archiveAt, at }) =>
      known(archiveAt, "allow s3:ListBucket on the passive region's archive", (newest) => {
        const todo = "the archiver there writes it: look at its pod";
        return newest === null
          ? fail("it is empty", todo)
          : aged(at - newest, ARCHIVE_MINUTES, MINUTE, "last written", todo);
      }),
  },
  {
    id: "database-backups",
    title: "the passive cluster keeps backups of its own",
    judge: ({ database, at }) =>
      known(database.passive, "allow rds:DescribeDBClusters in the passive region", (passive) => {
        if (passive.backupRetentionDays === null) {
          return unknown("RDS does not say how long they are kept", "look at the cluster's backups");
        }
        if (passive.backupRetentionDays < RETENTION_DAYS) {
          return fail(
            `kept for ${passive.backupRetentionDays} day(s), ${RETENTION_DAYS} are wanted: a secondary's default is 1`,
            "dr deploy --stack dr",
          );
        }
        if (passive.latestRestorableAt === null)
          return unknown("RDS names no restorable time", "look at the cluster's backups");
        return aged(
          at - passive.latestRestorableAt,
          RESTORABLE_MINUTES,
          MINUTE,
          "restorable to",
          "look at the cluster's events",
        );
      }),
  },
  {
    id: "backup-age",
    title: "the passive region's vault holds a fresh recovery point of everything that its plan names",
    judge: ({ backups: found, at }) =>
      known(found, "allow backup:ListRecoveryPointsByBackupVault in the passive region", (all) => {
        const todo = "look at the backup jobs and their copies";
        const missing = all.filter((one) => one.at === null).map(({ resource }) => nameOf(resource));
        if (missing.length > 0) return fail(`none of ${missing.join(", ")}`, todo);
        const times = all.flatMap(({ at: time }) => time ?? []);
        return aged(at - Math.min(...times), BACKUP_HOURS, HOUR, "the oldest was made", todo);
      }),
  },
  {
    id: "restore-test",
    title: "a restore of each kind was tested",
    judge: ({ restoreTests, at }) =>
      known(restoreTests, "allow backup:ListRestoreJobs in the passive region", (tests) => {
        const todo = "look at the restore-testing plan";
        if (tests.length === 0) return fail("never", todo);
        const bad = tests.filter(({ status }) => status !== "COMPLETED");
        if (bad.length > 0) {
          return fail(
            `the last one ${bad.map(({ kind, status }) => `of ${kind} is ${status}`).join(", ")}`,
            todo,
          );
        }
        const what = `${tests.map(({ kind }) => kind).join(", ")}: completed`;
        return aged(at - Math.min(...tests.map((one) => one.at)), RESTORE_TEST_DAYS, DAY, what, todo);
      }),
  },
  drilled("last-drill", "a regional failover", "region-loss", { warn: 95, fail: 190 }),
  drilled("last-zone-drill", "the loss of a zone", "az-loss", { warn: 38, fail: 100 }),
];

/** @param days quarterly or monthly, with some of grace */
function drilled(
  id: string,
  what: string,
  wanted: string,
  days: { readonly warn: number; readonly fail: number },
): Check<ReadinessFacts> {
  return {
    id,
    title: `${what} was drilled lately, and met its objectives`,
    judge: ({ drills, at }) =>
      known(drills, "the history must be readable", (all) => {
        const todo = "drill in the maintenance window: dr calendar run";
        const last = all.filter(({ scenario }) => scenario === wanted).toSorted((a, b) => b.at - a.at)[0];
        if (last === undefined) return fail("never", todo);
        return last.verdict === "met"
          ? aged(at - last.at, days, DAY, "met", todo)
          : fail(`the last one was ${last.verdict}, ${ago(at - last.at)}`, todo);
      }),
  };
}
