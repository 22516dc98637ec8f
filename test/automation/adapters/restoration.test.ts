import {
  DBClusterAlreadyExistsFault,
  DBClusterNotFoundFault,
  DBInstanceAlreadyExistsFault,
  type RDSClient,
} from "@aws-sdk/client-rds";
import test from "ava";
import { type ClusterShape, Restoration } from "../../../automation/adapters/restoration.ts";

const shape: ClusterShape = {
  subnetGroup: "subnets",
  parameterGroup: "database-1a2b",
  readOnlyParameterGroup: "database-read-only-3c4d",
  securityGroups: ["sg-1"],
  keyArn: "arn:aws:kms:key",
  backupDays: 35,
  logs: ["postgresql"],
  instanceClass: "db.r7g.large",
  zones: ["us-east-1a", "us-east-1b"],
};
const access = {
  ...({ region: "us-east-1", name: "exchange", secure: false } as const),
  credentials: () => Promise.reject(new Error("not needed")),
};

type Input = Readonly<Record<string, unknown>>;

/** RDS as far as it is asked here, with memory; `lost` calls have their effect, and the answer to their repetition. */
function rds(lost: ReadonlySet<string> = new Set()) {
  const clusters = new Map<string, string[]>([["exchange", ["exchange-0"]]]);
  const calls: { readonly name: string; readonly input: Input }[] = [];
  const fault = { $metadata: {}, message: "there" };
  const act: Readonly<Record<string, (input: Input) => unknown>> = {
    DescribeDBClustersCommand({ DBClusterIdentifier: id }) {
      const members = clusters.get(String(id));
      if (members === undefined) throw new DBClusterNotFoundFault({ ...fault });
      const DBClusterMembers = members.map((DBInstanceIdentifier) => ({ DBInstanceIdentifier }));
      return { DBClusters: [{ Status: "available", Endpoint: `${id}.host`, DBClusterMembers }] };
    },
    DescribeDBInstancesCommand: ({ DBInstanceIdentifier }) => ({
      DBInstances: [{ DBInstanceIdentifier, DBInstanceStatus: "available" }],
    }),
    RestoreDBClusterToPointInTimeCommand({ DBClusterIdentifier: id }) {
      clusters.set(String(id), []);
      if (lost.has("restore")) throw new DBClusterAlreadyExistsFault({ ...fault });
    },
    CreateDBInstanceCommand({ DBClusterIdentifier: id, DBInstanceIdentifier: instance }) {
      clusters.get(String(id))?.push(String(instance));
      if (lost.has("attach")) throw new DBInstanceAlreadyExistsFault({ ...fault });
    },
    ModifyDBClusterCommand({ DBClusterIdentifier: id, NewDBClusterIdentifier: name }) {
      if (name === undefined) return;
      if (!clusters.has(String(id))) throw new DBClusterNotFoundFault({ ...fault });
      clusters.set(String(name), clusters.get(String(id)) ?? []);
      clusters.delete(String(id));
      if (lost.has("rename")) throw new DBClusterNotFoundFault({ ...fault });
    },
    RebootDBInstanceCommand() {},
  };
  const send = async (command: {
    readonly constructor: { readonly name: string };
    readonly input: Input;
  }) => {
    const { name } = command.constructor;
    if (!name.startsWith("Describe")) calls.push({ name, input: command.input });
    return act[name]?.(command.input);
  };
  return { clusters, calls, client: { send } as unknown as RDSClient };
}

async function restored({ client }: ReturnType<typeof rds>): Promise<Restoration> {
  const restoration = new Restoration(client, shape, access);
  await restoration.restore({ from: "exchange", id: "exchange-r1", time: Date.UTC(2026, 10, 23, 12) });
  await restoration.attach("exchange-r1", 2);
  await restoration.rename("exchange", "exchange-damaged");
  await restoration.restart("exchange-damaged");
  return restoration;
}

test("a restored cluster has the damaged one's network, key, parameters and protection; what is kept is read-only", async (t) => {
  const cloud = rds();
  const restoration = await restored(cloud);
  t.deepEqual(
    cloud.calls.map(({ name }) => name.replace("Command", "")),
    [
      "RestoreDBClusterToPointInTime",
      "ModifyDBCluster",
      "CreateDBInstance",
      "CreateDBInstance",
      "ModifyDBCluster",
      "RebootDBInstance",
    ],
  );
  t.deepEqual(cloud.calls[0]?.input, {
    SourceDBClusterIdentifier: "exchange",
    DBClusterIdentifier: "exchange-r1",
    RestoreToTime: new Date("2026-11-23T12:00:00Z"),
    DBSubnetGroupName: "subnets",
    DBClusterParameterGroupName: "database-1a2b",
    VpcSecurityGroupIds: ["sg-1"],
    KmsKeyId: "arn:aws:kms:key",
    EnableIAMDatabaseAuthentication: true,
    EnableCloudwatchLogsExports: ["postgresql"],
    CopyTagsToSnapshot: true,
    DeletionProtection: true,
  });
  t.like(cloud.calls[1]?.input, { DBClusterIdentifier: "exchange-r1", BackupRetentionPeriod: 35 });
  t.like(cloud.calls[3]?.input, {
    ...{ DBInstanceIdentifier: "exchange-r1-1", AvailabilityZone: "us-east-1b", PubliclyAccessible: false },
  });
  t.deepEqual(cloud.calls[4]?.input, {
    DBClusterIdentifier: "exchange",
    NewDBClusterIdentifier: "exchange-damaged",
    DBClusterParameterGroupName: "database-read-only-3c4d",
    ApplyImmediately: true,
  });
  t.deepEqual(cloud.calls[5]?.input, { DBInstanceIdentifier: "exchange-0" });
  t.is((await restoration.cluster("exchange"))?.id, undefined);
  t.like(await restoration.cluster("exchange-r1"), { status: "available", endpoint: "exchange-r1.host" });
});

test("calls whose answer was lost and that the SDK repeated are done, not failed", async (t) => {
  const cloud = rds(new Set(["restore", "attach", "rename"]));
  await restored(cloud);
  t.deepEqual([...cloud.clusters.keys()], ["exchange-r1", "exchange-damaged"]);
});

test("given again, nothing is made twice and a name that nobody has any more is no fault; the restart is repeated, as nobody knows whether it was", async (t) => {
  const cloud = rds();
  const restoration = await restored(cloud);
  cloud.calls.splice(0);
  await restoration.attach("exchange-r1", 2);
  await restoration.rename("exchange", "exchange-damaged");
  await restoration.restart("exchange-damaged");
  t.deepEqual(
    cloud.calls.map(({ name }) => name),
    ["ModifyDBClusterCommand", "RebootDBInstanceCommand"],
  );
  t.deepEqual([...cloud.clusters.keys()], ["exchange-r1", "exchange-damaged"]);
});
