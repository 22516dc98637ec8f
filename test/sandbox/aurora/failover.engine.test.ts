import { setTimeout as sleep } from "node:timers/promises";
import {
  DescribeDBClustersCommand,
  DescribeDBInstancesCommand,
  DescribeGlobalClustersCommand,
  FailoverGlobalClusterCommand,
  SwitchoverGlobalClusterCommand,
} from "@aws-sdk/client-rds";
import test from "ava";
import type { Region } from "../../../components/model.ts";
import {
  type AuroraFixture,
  arnOf,
  at,
  CLUSTER,
  clusterInputs,
  deploy,
  eventually,
  GLOBAL,
  startAurora,
} from "./fixtures.ts";

const [EAST, WEST] = ["us-east-1", "us-west-2"] as const;

const failover = (to: Region, AllowDataLoss?: boolean) =>
  new FailoverGlobalClusterCommand({
    GlobalClusterIdentifier: "exchange",
    TargetDbClusterIdentifier: arnOf(to),
    AllowDataLoss,
  });

async function stateOf({ rds }: AuroraFixture, region: Region) {
  const { GlobalClusters } = await rds(region).send(
    new DescribeGlobalClustersCommand({ GlobalClusterIdentifier: "exchange" }),
  );
  const global = GlobalClusters?.[0];
  const writer = global?.GlobalClusterMembers?.find(({ IsWriter }) => IsWriter)?.DBClusterArn;
  return { status: global?.Status, writer, failover: global?.FailoverState };
}

const isAvailable = async (fixture: AuroraFixture): Promise<boolean> =>
  (await stateOf(fixture, WEST)).status === "available";

const countIn = async ({ sql }: AuroraFixture, region: Region): Promise<number> =>
  Number((await sql(region, "SELECT count(*) FROM t"))[0]?.["count"]);

test.serial(
  "with the primary's region dead, the target's region alone makes its replica the writer",
  async (t) => {
    const fixture = await startAurora(t, { promotionSeconds: 0.5 });
    await deploy(fixture);
    const { aurora, faults, rds, sql } = fixture;
    await sql(EAST, "INSERT INTO t VALUES (1)");
    t.true(await eventually(async () => (await sql(WEST, "SELECT FROM t", "reader")).length === 1));
    faults.setPlace(EAST, "cut");
    await aurora.kill(EAST);

    const begun = performance.now();
    const { GlobalCluster } = await rds(WEST).send(failover(WEST, true));
    t.is(GlobalCluster?.Status, "failing-over");
    t.like((await stateOf(fixture, WEST)).failover, {
      Status: "failing-over",
      FromDbClusterArn: arnOf(EAST),
      ToDbClusterArn: arnOf(WEST),
      IsDataLossAllowed: true,
    });
    await t.throwsAsync(rds(WEST).send(failover(WEST, true)), {
      name: "InvalidGlobalClusterStateFault",
      message: "Global cluster exchange is failing-over",
    });
    t.true(await eventually(() => isAvailable(fixture)));
    const took = performance.now() - begun;
    t.true(took >= 500 && took < 5_000, `${took} ms`);
    t.is((await stateOf(fixture, WEST)).writer, arnOf(WEST));
    await sql(WEST, "INSERT INTO t VALUES (2)");
    t.is(await countIn(fixture, WEST), 2);
  },
);

test.serial("what had not arrived is lost in a failover, as an asynchronous replica must", async (t) => {
  const fixture = await startAurora(t);
  await deploy(fixture);
  const { aurora, faults, rds, sql } = fixture;
  t.true(await eventually(async () => (await sql(WEST, "SELECT count(*) FROM t", "reader")).length === 1));
  aurora.setLag(5_000);
  await sql(EAST, "INSERT INTO t VALUES (1)");
  faults.setPlace(EAST, "cut");
  await aurora.kill(EAST);
  await rds(WEST).send(failover(WEST, true));
  t.true(await eventually(() => isAvailable(fixture)));
  t.is(await countIn(fixture, WEST), 0);
});

test.serial(
  "a killed primary returns, and rejoins as a secondary on a new volume; its cluster says whom it follows",
  async (t) => {
    const fixture = await startAurora(t);
    await deploy(fixture);
    const { aurora, faults, of, rds, sql } = fixture;
    faults.setPlace(EAST, "cut");
    await aurora.kill(EAST);
    await rds(WEST).send(failover(WEST, true));
    t.true(await eventually(() => isAvailable(fixture)));
    await sql(WEST, "INSERT INTO t VALUES (1)");

    faults.heal();
    await aurora.restore(EAST);
    await aurora.settled();
    t.true(await eventually(async () => (await sql(EAST, "SELECT FROM t", "reader")).length === 1));
    await t.throwsAsync(sql(EAST, "SELECT 1"), { message: /ECONNRESET|terminated/ });
    const { DBClusters } = await rds(EAST).send(new DescribeDBClustersCommand({}));
    t.is(DBClusters?.[0]?.ReplicationSourceIdentifier, arnOf(WEST));
    const read = async (region: Region) =>
      await of(CLUSTER).read(`exchange-${region}`, clusterInputs(region), at(CLUSTER, region));
    t.is((await read(EAST))?.["replicationSourceIdentifier"], arnOf(WEST));
    t.is((await read(WEST))?.["replicationSourceIdentifier"], "");
    t.deepEqual((await of(GLOBAL).read("exchange", {}, at(GLOBAL, EAST)))?.["globalClusterMembers"], [
      { dbClusterArn: arnOf(EAST), isWriter: false },
      { dbClusterArn: arnOf(WEST), isWriter: true },
    ]);
    const { DBInstances } = await rds(WEST).send(new DescribeDBInstancesCommand({}));
    t.deepEqual(
      DBInstances?.map(({ DBInstanceIdentifier }) => DBInstanceIdentifier),
      ["exchange-us-west-2-0"],
    );
  },
);

test.serial("a frozen primary thaws as a writer, and is fenced only when it rejoins", async (t) => {
  const fixture = await startAurora(t, { rejoinSeconds: 1.5 });
  await deploy(fixture);
  const { aurora, faults, rds, sql } = fixture;
  faults.setPlace(EAST, "blackhole");
  await aurora.freeze(EAST);
  await rds(WEST).send(failover(WEST, true));
  t.true(await eventually(() => isAvailable(fixture)));
  faults.heal();
  await aurora.restore(EAST);
  await sql(EAST, "INSERT INTO t VALUES (99)");
  await aurora.settled();
  await sql(WEST, "INSERT INTO t VALUES (1)");
  t.true(await eventually(async () => (await sql(EAST, "SELECT FROM t WHERE x = 1", "reader")).length === 1));
  t.deepEqual(await sql(EAST, "SELECT x FROM t", "reader"), [{ x: 1 }], "what it wrote meanwhile is gone");
});

test.serial("a killed region without a failover comes back as it was", async (t) => {
  const fixture = await startAurora(t);
  await deploy(fixture);
  const { aurora, faults, sql } = fixture;
  await sql(EAST, "INSERT INTO t VALUES (1)");
  faults.setPlace(EAST, "cut");
  await aurora.kill(EAST);
  faults.heal();
  await aurora.restore(EAST);
  await sql(EAST, "INSERT INTO t VALUES (2)");
  t.is(await countIn(fixture, EAST), 2);
  t.true(await eventually(async () => (await sql(WEST, "SELECT FROM t", "reader")).length === 2));
});

test.serial(
  "a switchover loses nothing, is called in the primary's region, and can be turned back",
  async (t) => {
    const fixture = await startAurora(t);
    await deploy(fixture);
    const { aurora, rds, sql } = fixture;
    aurora.setLag(500);
    await sql(EAST, "INSERT INTO t SELECT generate_series(1, 1000)");
    const command = (to: Region) =>
      new SwitchoverGlobalClusterCommand({
        GlobalClusterIdentifier: "exchange",
        TargetDbClusterIdentifier: arnOf(to),
      });
    await t.throwsAsync(rds(WEST).send(command(WEST)), {
      message: "A switchover must be called in the primary's Region us-east-1, not in us-west-2",
    });
    t.is((await rds(EAST).send(command(WEST))).GlobalCluster?.Status, "switching-over");
    t.true(await eventually(() => isAvailable(fixture), 20));
    t.is(await countIn(fixture, WEST), 1_000);
    await sql(WEST, "INSERT INTO t VALUES (0)");
    await rds(WEST).send(failover(EAST));
    await sleep(0);
    t.true(await eventually(async () => (await stateOf(fixture, WEST)).writer === arnOf(EAST), 20));
    t.is(await countIn(fixture, EAST), 1_001);
  },
);
