import { setTimeout as sleep } from "node:timers/promises";
import {
  CreateDBInstanceCommand,
  DescribeDBClustersCommand,
  DescribeGlobalClustersCommand,
  ModifyDBClusterCommand,
  RebootDBInstanceCommand,
  RestoreDBClusterToPointInTimeCommand,
} from "@aws-sdk/client-rds";
import test from "ava";
import pg from "pg";
import { arnOf, at, CLUSTER, deploy, eventually, startAurora } from "./fixtures.ts";

const [EAST, WEST] = ["us-east-1", "us-west-2"] as const;
const GROUPS = "aws:rds/clusterParameterGroup:ClusterParameterGroup";
const instance = (cluster: string, n: number) => ({
  DBInstanceIdentifier: `${cluster}-${n}`,
  DBClusterIdentifier: cluster,
  DBInstanceClass: "db.r6g.large",
  Engine: "aurora-postgresql",
  AvailabilityZone: `${EAST}${"abc"[n]}`,
});

test("a cluster is restored to a second before the damage, beside the damaged one, which is renamed and read-only", async (t) => {
  const fixture = await startAurora(t);
  await deploy(fixture);
  const { sql, of } = fixture;
  const rds = fixture.rds(EAST);
  await sql(EAST, "INSERT INTO t VALUES (1), (2)");
  await sleep(1_100);
  const [{ now } = {}] = await sql(EAST, "SELECT now()");
  const before = new Date(Math.floor((now as Date).getTime() / 1_000) * 1_000);
  await sleep(1_100);
  await sql(EAST, "UPDATE t SET x = -x");

  const restore = (id: string, time: Date) =>
    rds.send(
      new RestoreDBClusterToPointInTimeCommand({
        SourceDBClusterIdentifier: "exchange-us-east-1",
        DBClusterIdentifier: id,
        RestoreToTime: time,
        VpcSecurityGroupIds: ["sg-1"],
        DBSubnetGroupName: "subnets",
      }),
    );
  const [described] =
    (await rds.send(new DescribeDBClustersCommand({ DBClusterIdentifier: "exchange-us-east-1" })))
      .DBClusters ?? [];
  t.true((described?.EarliestRestorableTime?.getTime() ?? 0) < before.getTime());
  t.true((described?.LatestRestorableTime?.getTime() ?? 0) > before.getTime());
  await t.throwsAsync(restore("late", new Date(Date.now() + 60_000)), {
    message: /^RestoreToTime .* is not between .* and /,
  });
  await t.throwsAsync(restore("exchange-us-east-1", before), { name: "DBClusterAlreadyExistsFault" });

  const { DBCluster: restored } = await restore("restored", before);
  t.deepEqual(restored?.DBClusterMembers, []);
  for (const n of [0, 1]) await rds.send(new CreateDBInstanceCommand(instance("restored", n)));
  const query = async (host: string | undefined, text: string) => {
    const client = new pg.Client({ host: host ?? "", user: "platform", database: "exchange" });
    await client.connect();
    try {
      return (await client.query(text)).rows as unknown[];
    } finally {
      await client.end();
    }
  };
  t.deepEqual(await query(restored?.Endpoint, "SELECT x FROM t ORDER BY x"), [{ x: 1 }, { x: 2 }]);
  t.deepEqual(await sql(EAST, "SELECT x FROM t ORDER BY x"), [{ x: -2 }, { x: -1 }]);
  await query(restored?.Endpoint, "INSERT INTO t VALUES (3)");
  t.like(await of(CLUSTER).read("restored", {}, at(CLUSTER, EAST)), {
    ...{ vpcSecurityGroupIds: ["sg-1"], dbSubnetGroupName: "subnets", globalClusterIdentifier: "" },
  });

  const parameters = [{ name: "default_transaction_read_only", value: "1" }];
  await of(GROUPS).create({ name: "kept", parameters }, at(GROUPS, EAST));
  await rds.send(
    new ModifyDBClusterCommand({
      DBClusterIdentifier: "exchange-us-east-1",
      NewDBClusterIdentifier: "damaged",
      DBClusterParameterGroupName: "kept",
      ApplyImmediately: true,
    }),
  );
  const named = async (id: string) =>
    (await rds.send(new DescribeDBClustersCommand({ DBClusterIdentifier: id }))).DBClusters?.[0];
  t.is((await named("exchange-us-east-1"))?.Status, "renaming", "RDS answers before it is done");
  t.true(await eventually(async () => (await named("damaged").catch(() => undefined)) !== undefined));
  const kept = await named("damaged");
  await rds.send(new RebootDBInstanceCommand({ DBInstanceIdentifier: "exchange-us-east-1-0" }));
  await t.throwsAsync(sql(EAST, "SELECT 1", "writer", 1_000), undefined, "its old address leads nowhere");
  t.deepEqual(await query(kept?.Endpoint, "SELECT x FROM t ORDER BY x"), [{ x: -2 }, { x: -1 }]);
  await t.throwsAsync(query(kept?.Endpoint, "DELETE FROM t"), {
    message: "cannot execute DELETE in a read-only transaction",
  });
});

test("a secondary keeps backups of its own, says whether it streams, and is restored from a copy without its primary", async (t) => {
  const fixture = await startAurora(t);
  await deploy(fixture);
  const { aurora, faults, rds, sql } = fixture;
  await sql(EAST, "INSERT INTO t SELECT generate_series(1, 1000)");
  t.true(await eventually(async () => (await sql(WEST, "SELECT FROM t", "reader")).length === 1_000));

  const members = async () => {
    const { GlobalClusters } = await rds(WEST).send(
      new DescribeGlobalClustersCommand({ GlobalClusterIdentifier: "exchange" }),
    );
    return GlobalClusters?.[0]?.GlobalClusterMembers?.map(({ SynchronizationStatus: status }) => status);
  };
  t.deepEqual(await members(), [undefined, "connected"]);
  t.true(
    await eventually(async () => {
      const { DBClusters } = await rds(WEST).send(new DescribeDBClustersCommand({}));
      return DBClusters?.[0]?.LatestRestorableTime !== undefined;
    }),
  );
  t.true(((await aurora.lagMilliseconds(WEST, arnOf(WEST))) ?? Number.NaN) < 5_000);
  t.is(await aurora.lagMilliseconds(EAST, arnOf(EAST)), undefined, "a primary follows nobody");

  faults.setPlace(EAST, "cut");
  await aurora.kill(EAST);
  t.true(await eventually(async () => (await members())?.[1] === "pending-resync"));
  const copy = await aurora.snapshot(WEST, arnOf(WEST));
  await t.notThrowsAsync(copy.restore());
  await t.throwsAsync(aurora.snapshot(EAST, arnOf(EAST)), {
    message: "cluster exchange-us-east-1 has no server that runs",
  });
});
