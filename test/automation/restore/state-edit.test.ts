import test from "ava";
import type { PlannedStep } from "../../../automation/adapters/plan-check.ts";
import { HalfwayError } from "../../../automation/errors.ts";
import { checkCutover } from "../../../automation/restore/cutover.ts";
import { databaseInState, retarget } from "../../../automation/restore/state-edit.ts";

const resources = [
  {
    urn: "urn::stack",
    type: "pulumi:pulumi:Stack",
    protect: false,
    inputs: {},
    outputs: { databaseClusterId: "exchange-us-east-1" },
  },
  {
    urn: "urn::aws:rds/clusterParameterGroup:ClusterParameterGroup::database",
    type: "aws:rds/clusterParameterGroup:ClusterParameterGroup",
    protect: false,
    id: "database-1a2b",
    inputs: {},
    outputs: {},
  },
  {
    urn: "urn::aws:rds/clusterParameterGroup:ClusterParameterGroup::database-read-only",
    type: "aws:rds/clusterParameterGroup:ClusterParameterGroup",
    protect: false,
    id: "database-read-only-3c4d",
    inputs: {},
    outputs: {},
  },
  {
    urn: "urn::aws:rds/cluster:Cluster::database",
    type: "aws:rds/cluster:Cluster",
    id: "exchange-us-east-1",
    protect: true,
    inputs: {
      clusterIdentifier: "exchange-us-east-1",
      finalSnapshotIdentifier: "exchange-us-east-1-final",
      port: 5432,
    },
    outputs: {
      clusterIdentifier: "exchange-us-east-1",
      dbSubnetGroupName: "subnets",
      dbClusterParameterGroupName: "database-1a2b",
      vpcSecurityGroupIds: ["sg-1"],
      kmsKeyId: "arn:aws:kms:key",
      enabledCloudwatchLogsExports: ["postgresql"],
    },
  },
  ...[1, 0].map((n) => ({
    urn: `urn::aws:rds/clusterInstance:ClusterInstance::database-${n}`,
    type: "aws:rds/clusterInstance:ClusterInstance",
    protect: false,
    id: `exchange-us-east-1-${n}`,
    inputs: { identifier: `exchange-us-east-1-${n}`, clusterIdentifier: "exchange-us-east-1" },
    outputs: { instanceClass: "db.r7g.large", availabilityZone: `us-east-1${"ab"[n]}` },
  })),
];

test("a restored cluster gets what the program declares and RDS would not give it", (t) => {
  t.deepEqual(databaseInState({ resources, stack: "prod" }), {
    clusterId: "exchange-us-east-1",
    urns: [
      "urn::aws:rds/cluster:Cluster::database",
      "urn::aws:rds/clusterInstance:ClusterInstance::database-0",
      "urn::aws:rds/clusterInstance:ClusterInstance::database-1",
    ],
    shape: {
      subnetGroup: "subnets",
      parameterGroup: "database-1a2b",
      readOnlyParameterGroup: "database-read-only-3c4d",
      securityGroups: ["sg-1"],
      keyArn: "arn:aws:kms:key",
      backupDays: 35,
      logs: ["postgresql"],
      instanceClass: "db.r7g.large",
      zones: ["us-east-1a", "us-east-1b"],
    },
  });
  t.throws(() => databaseInState({ resources: [], stack: "prod" }), {
    instanceOf: HalfwayError,
    message:
      "Pulumi's state of stack prod has no aws:rds/cluster:Cluster of the database: deploy it first with `dr deploy --stack prod`",
  });
});

test("another cluster takes the place: ids and names change, urns, protection and the rest stay; again is the same", (t) => {
  const once = retarget({ manifest: "m", resources }, "exchange-us-east-1-r1") as {
    resources: typeof resources;
  };
  t.deepEqual(
    once.resources.map(({ urn }) => urn),
    resources.map(({ urn }) => urn),
  );
  t.deepEqual(once.resources.slice(0, 3), resources.slice(0, 3));
  t.like(once.resources[3], {
    id: "exchange-us-east-1-r1",
    protect: true,
    inputs: {
      clusterIdentifier: "exchange-us-east-1-r1",
      finalSnapshotIdentifier: "exchange-us-east-1-r1-final",
      port: 5432,
    },
  });
  t.like(once.resources[4], {
    id: "exchange-us-east-1-r1-1",
    inputs: { identifier: "exchange-us-east-1-r1-1", clusterIdentifier: "exchange-us-east-1-r1" },
  });
  t.deepEqual(retarget(once, "exchange-us-east-1-r1"), once);
});

const step = (type: string, oldInputs: object, newInputs: object, op = "update"): PlannedStep => ({
  ...{ op, type, urn: `urn::${type}::it`, changed: [] },
  ...{ oldInputs: oldInputs as PlannedStep["oldInputs"], newInputs: newInputs as PlannedStep["newInputs"] },
});
const deployment = (image: string, host: string) => ({
  spec: { template: { spec: { containers: [{ image, env: [{ name: "DATABASE_HOST", value: host }] }] } } },
});

const selection = "aws:backup/selection:Selection";
const experiment = "aws:fis/experimentTemplate:ExperimentTemplate";

test("an update may name the restored database, and nothing else", (t) => {
  const type = "kubernetes:apps/v1:Deployment";
  t.deepEqual(
    checkCutover([
      step(type, deployment("a", "old"), deployment("a", "new")),
      step("aws:iam/rolePolicy:RolePolicy", { policy: "1" }, { policy: "2" }),
      step(selection, { resources: ["1", "t"] }, { resources: ["2", "t"] }, "replace"),
      step(selection, { resources: ["1", "t"] }, {}, "delete-replaced"),
      step(experiment, { targets: [{ resourceArns: ["1"] }] }, { targets: [{ resourceArns: ["2"] }] }),
    ]),
    [],
  );
  t.deepEqual(
    checkCutover([
      step(type, deployment("a", "old"), deployment("b", "new")),
      step("aws:rds/cluster:Cluster", { port: 1 }, { port: 2 }),
      step(type, {}, {}, "replace"),
      step(
        selection,
        { resources: ["1"], iamRoleArn: "1" },
        { resources: ["2"], iamRoleArn: "2" },
        "replace",
      ),
      step(experiment, {}, {}, "replace"),
    ]),
    [
      "kubernetes:apps/v1:Deployment it would also change spec.template.spec.containers[0].image",
      "update of aws:rds/cluster:Cluster it",
      "replace of kubernetes:apps/v1:Deployment it",
      "aws:backup/selection:Selection it would also change iamRoleArn",
      "replace of aws:fis/experimentTemplate:ExperimentTemplate it",
    ],
  );
});
