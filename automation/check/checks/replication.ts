/** Whether what the failover needs is in the passive region: journal, database, and how far it is behind. */
import { type Check, fail, known, ok, unknown, warn } from "../check.ts";
import type { ReadinessFacts } from "../facts.ts";

const HEARTBEAT_SECONDS = { warn: 5, fail: 15 } as const;
/** AWS: usually below a second. https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-global-database.html */
const LAG_SECONDS = { warn: 5, fail: 60 } as const;
const list = (items: readonly string[]): string => items.join(", ");

export const replication: readonly Check<ReadinessFacts>[] = [
  {
    id: "journal-replicas",
    title: "every replica and the witness of the journal's table is active",
    judge: ({ journalTable, expected }) =>
      known(journalTable, "allow dynamodb:DescribeTable in the passive region", (replicas) => {
        const missing = expected.journalReplicas.filter(
          (region) => !replicas.some((replica) => replica.region === region && replica.status === "ACTIVE"),
        );
        return missing.length === 0
          ? ok(`active in ${list(expected.journalReplicas)}`)
          : fail(
              `not active in ${list(missing)}: two of three regions must confirm a write, and one is missing already`,
              "look at the table in DynamoDB's console; a replica that was removed comes back by dr deploy --stack prod",
            );
      }),
  },
  {
    id: "journal-heartbeat",
    title: "the passive region reads a journal that moves",
    judge: ({ heartbeatSeconds }) =>
      known(heartbeatSeconds, "run it where the passive region's DynamoDB can be reached", (seconds) => {
        if (seconds === null)
          return warn("the journal has no record yet", "send an order, e.g. by the smoke test");
        if (seconds <= HEARTBEAT_SECONDS.warn) return ok(`newest record ${seconds.toFixed(1)} s old`);
        const why = `newest record ${seconds.toFixed(1)} s old`;
        const todo = "nobody writes: look at the active region's engines (dr status)";
        return seconds > HEARTBEAT_SECONDS.fail ? fail(why, todo) : warn(why, todo);
      }),
  },
  {
    id: "database-members",
    title: "the global database has its writer in the active region and a connected secondary",
    judge: ({ databaseMembers, decision, regions }) =>
      known(databaseMembers, "allow rds:DescribeGlobalClusters", (members) =>
        known(decision, "the decision must be readable first", ({ active }) => {
          const passive = active === regions.primary ? regions.secondary : regions.primary;
          const writer = members.find(({ isWriter }) => isWriter)?.region;
          if (writer !== active) {
            return fail(
              `the writer is in ${writer ?? "no region"}, ${active} is active`,
              `finish the last failover's database: ./infra/scripts/failover-region.sh --target ${active}`,
            );
          }
          const secondary = members.find(({ region }) => region === passive);
          if (secondary === undefined) {
            return fail(
              `${passive} has no secondary cluster`,
              "dr deploy: the secondary was detached or lost",
            );
          }
          return secondary.synchronization === "pending-resync"
            ? fail(
                `the secondary in ${passive} is not connected: pending-resync`,
                "wait, or rebuild the secondary",
              )
            : ok(`writer in ${active}, secondary in ${passive} is ${secondary.synchronization ?? "there"}`);
        }),
      ),
  },
  {
    id: "database-lag",
    title: "the database's replica is close behind",
    judge: ({ databaseLagSeconds }) =>
      known(databaseLagSeconds, "allow cloudwatch:GetMetricData in the passive region", (seconds) => {
        const why = `${seconds.toFixed(1)} s behind`;
        const todo =
          "orders are safe in the journal; look at AuroraGlobalDBReplicationLag and the writer's load";
        if (seconds > LAG_SECONDS.fail) return fail(why, todo);
        return seconds > LAG_SECONDS.warn ? warn(why, todo) : ok(why);
      }),
  },
  {
    id: "database-instances",
    title: "the passive cluster has instances of the active one's class",
    judge: ({ database }) =>
      known(database.passive, "allow rds:DescribeDBClusters in the passive region", (passive) =>
        known(database.active, "allow rds:DescribeDBClusters in the active region", (active) => {
          if (passive.instances === 0) {
            return fail(
              "it has no instance: a headless secondary cannot be promoted",
              "set database.instances.secondary and run dr deploy --stack dr",
            );
          }
          if (passive.status !== "available") {
            return fail(`the cluster is ${passive.status ?? "in an unknown state"}`, "look at its events");
          }
          if (passive.classes.length === 0 || active.classes.length === 0) {
            return unknown("RDS does not say the instances' classes", "look at both clusters' instances");
          }
          const other = passive.classes.filter((one) => !active.classes.includes(one));
          if (other.length > 0) {
            return fail(
              `its class ${list(other)} is not the active region's ${list(active.classes)}`,
              "deploy both stacks with one database.instanceClass",
            );
          }
          return ok(`${passive.instances} of ${list(passive.classes)}`);
        }),
      ),
  },
  {
    id: "database-version",
    title: "both clusters run the same engine version",
    judge: ({ database }) =>
      known(database.passive, "allow rds:DescribeDBClusters in the passive region", (passive) =>
        known(database.active, "allow rds:DescribeDBClusters in the active region", (active) =>
          passive.engineVersion === null || active.engineVersion === null
            ? unknown("RDS does not say both versions", "look at both clusters")
            : passive.engineVersion === active.engineVersion
              ? ok(passive.engineVersion)
              : fail(
                  `${passive.engineVersion} in the passive region, ${active.engineVersion} in the active one: a failover needs the same minor version`,
                  "upgrade the secondary first, then the primary",
                ),
        ),
      ),
  },
];
