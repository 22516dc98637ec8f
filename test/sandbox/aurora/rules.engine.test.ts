import { FailoverGlobalClusterCommand } from "@aws-sdk/client-rds";
import test from "ava";
import {
  arnOf,
  at,
  CLUSTER,
  clusterInputs,
  deploy,
  eventually,
  GLOBAL,
  INSTANCE,
  instanceInputs,
  startAurora,
} from "./fixtures.ts";

const [EAST, WEST] = ["us-east-1", "us-west-2"] as const;

test.serial(
  "members need their global cluster, instances their cluster, secondaries a primary to copy",
  async (t) => {
    const { of } = await startAurora(t);
    await t.throwsAsync(of(CLUSTER).create(clusterInputs(EAST), at(CLUSTER, EAST)), {
      message: "Global cluster exchange not found",
    });
    await t.throwsAsync(of(INSTANCE).create(instanceInputs(EAST, 0), at(INSTANCE, EAST)), {
      message: "DBCluster exchange-us-east-1 not found.",
    });
    await of(GLOBAL).create({ globalClusterIdentifier: "exchange" }, at(GLOBAL, EAST));
    await t.throwsAsync(of(GLOBAL).create({ globalClusterIdentifier: "exchange" }, at(GLOBAL, EAST)), {
      message: "Global cluster exchange already exists",
    });
    await of(CLUSTER).create(clusterInputs(EAST), at(CLUSTER, EAST));
    await t.throwsAsync(of(CLUSTER).create(clusterInputs(WEST), at(CLUSTER, WEST)), {
      message: `Source cluster: ${arnOf(EAST)} is in a state which is not valid for physical replication`,
    });
    await t.throwsAsync(of(CLUSTER).create(clusterInputs(EAST), at(CLUSTER, EAST)), {
      message: "The sandbox has one Aurora cluster per Region, and us-east-1 has exchange-us-east-1 already",
    });
  },
);

test.serial(
  "a failover is refused for a headless target, in another region, and for the primary itself",
  async (t) => {
    const { of, rds } = await startAurora(t);
    await of(GLOBAL).create({ globalClusterIdentifier: "exchange" }, at(GLOBAL, EAST));
    await of(CLUSTER).create(clusterInputs(EAST), at(CLUSTER, EAST));
    await of(INSTANCE).create(instanceInputs(EAST, 0), at(INSTANCE, EAST));
    await of(CLUSTER).create(clusterInputs(WEST), at(CLUSTER, WEST));
    const failover = (to: string, region: typeof EAST | typeof WEST) =>
      rds(region).send(
        new FailoverGlobalClusterCommand({
          GlobalClusterIdentifier: "exchange",
          TargetDbClusterIdentifier: to,
          AllowDataLoss: true,
        }),
      );
    await t.throwsAsync(failover(arnOf(WEST), WEST), {
      name: "InvalidDBClusterStateFault",
      message:
        "The target cluster exchange-us-west-2 is headless: it needs at least one DB instance before it can be promoted",
    });
    await t.throwsAsync(failover(arnOf(EAST), EAST), {
      name: "InvalidGlobalClusterStateFault",
      message: "The target cluster exchange-us-east-1 is already the primary cluster",
    });
    await t.throwsAsync(failover("arn:aws:rds:us-west-2:111122223333:cluster:other", WEST), {
      name: "DBClusterNotFoundFault",
    });
    await of(INSTANCE).create(instanceInputs(WEST, 0), at(INSTANCE, WEST));
    await t.throwsAsync(failover(arnOf(WEST), EAST), {
      name: "InvalidGlobalClusterStateFault",
      message: "A failover must be called in the target's Region us-west-2, not in us-east-1",
    });
  },
);

test.serial("what is protected or in use is not deleted", async (t) => {
  const fixture = await startAurora(t);
  await deploy(fixture);
  const { of } = fixture;
  const [east, west] = [clusterInputs(EAST), clusterInputs(WEST)];
  await of(CLUSTER).update(
    "exchange-us-west-2",
    west,
    { ...west, deletionProtection: true },
    at(CLUSTER, WEST),
  );
  await t.throwsAsync(of(CLUSTER).delete("exchange-us-west-2", west, at(CLUSTER, WEST)), {
    message: "Cannot delete protected Cluster, please disable deletion protection and try again.",
  });
  await t.throwsAsync(
    of(CLUSTER).delete("exchange-us-east-1", { ...east, skipFinalSnapshot: false }, at(CLUSTER, EAST)),
    {
      message: "RDS Cluster final_snapshot_identifier is required when skip_final_snapshot is false",
    },
  );
  await t.throwsAsync(of(CLUSTER).delete("exchange-us-east-1", east, at(CLUSTER, EAST)), {
    message: "Cluster cannot be deleted, it still contains DB instances in non-deleting state.",
  });
  await t.throwsAsync(of(GLOBAL).delete("exchange", {}, at(GLOBAL, EAST)), {
    message: "Global Cluster exchange is not empty",
  });
  await of(CLUSTER).update("exchange-us-west-2", west, west, at(CLUSTER, WEST));
  await of(INSTANCE).delete("exchange-us-west-2-0", instanceInputs(WEST, 0), at(INSTANCE, WEST));
  await of(CLUSTER).delete("exchange-us-west-2", west, at(CLUSTER, WEST));
  t.is(await of(CLUSTER).read("exchange-us-west-2", west, at(CLUSTER, WEST)), undefined);
});

for (const property of ["replicationSourceIdentifier", "globalClusterIdentifier"] as const) {
  test.serial(
    `a secondary that loses its ${property} becomes a database of its own: the provider's trap`,
    async (t) => {
      const fixture = await startAurora(t);
      await deploy(fixture);
      const { of, sql } = fixture;
      t.true(
        await eventually(async () => (await sql(WEST, "SELECT count(*) FROM t", "reader")).length === 1),
      );
      const olds = { ...clusterInputs(WEST), replicationSourceIdentifier: arnOf(EAST) };
      const news = Object.fromEntries(Object.entries(olds).filter(([name]) => name !== property));
      const after = await of(CLUSTER).update("exchange-us-west-2", olds, news, at(CLUSTER, WEST));
      t.like(after, { globalClusterIdentifier: "", replicationSourceIdentifier: "" });
      await sql(WEST, "INSERT INTO t VALUES (1)");
      await sql(EAST, "INSERT INTO t VALUES (2)");
      t.deepEqual(
        await sql(WEST, "SELECT x FROM t"),
        [{ x: 1 }],
        "two writers that know nothing of each other",
      );
    },
  );
}
