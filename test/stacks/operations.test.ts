import test from "ava";
import { deploy, type Graph, type Registration, standing } from "./graph.ts";
import { changed } from "./stackFile.ts";

const of = ({ resources }: Graph, type: string): readonly Registration[] =>
  resources.filter((resource) => resource.type === type).toSorted((a, b) => a.name.localeCompare(b.name));
const one = (graph: Graph, type: string): Registration => {
  const [found, ...others] = of(graph, type);
  if (found === undefined || others.length > 0) throw new Error(`${type}: ${others.length + 1} or none`);
  return found;
};
const PLAN = "aws:backup/plan:Plan";
const LOCK = "aws:backup/vaultLockConfiguration:VaultLockConfiguration";
const ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm";
const TEMPLATE = "aws:fis/experimentTemplate:ExperimentTemplate";
const BUDGET = "aws:budgets/budget:Budget";
const REGIONS = { prod: "us-east-1", dr: "us-west-2" } as const;

test.serial(
  "database and journal are backed up every night in each region, with a copy in the other's vault",
  async (t) => {
    for (const [stack, region, other] of [
      ["prod", "us-east-1", "us-west-2"],
      ["dr", "us-west-2", "us-east-1"],
    ] as const) {
      const graph = await standing(stack);
      const [rule, ...others] = one(graph, PLAN).inputs.rules;
      t.deepEqual(others, []);
      t.like(rule, { targetVaultName: "exchange-backup", lifecycle: { deleteAfter: 35 } });
      t.deepEqual(rule.copyActions, [
        {
          destinationVaultArn: `arn:aws:backup:${other}:123456789012:backup-vault:exchange-backup`,
          lifecycle: { deleteAfter: 35 },
        },
      ]);
      t.deepEqual(one(graph, "aws:backup/selection:Selection").inputs.resources, [
        `arn:aws:rds:::cluster:exchange-${region}`,
        `arn:aws:dynamodb:${region}:123456789012:table/exchange-journal`,
      ]);
      t.is(one(graph, "aws:backup/vault:Vault").inputs.kmsKeyArn, "arn:aws:kms:::key/backup");
    }
  },
);

test.serial("a restore of each kind is tried every week from this region's vault", async (t) => {
  const graph = await standing("dr");
  t.like(one(graph, "aws:backup/restoreTestingPlan:RestoreTestingPlan").inputs, {
    scheduleExpression: "cron(0 12 ? * SUN *)",
    recoveryPointSelection: { algorithm: "LATEST_WITHIN_WINDOW", includeVaults: ["arn:aws:backup:::backup"] },
  });
  t.deepEqual(
    of(graph, "aws:backup/restoreTestingSelection:RestoreTestingSelection").map(
      ({ inputs }) => inputs.protectedResourceType,
    ),
    ["Aurora", "DynamoDB"],
  );
});

test.serial("the vault is locked in governance mode unless config asks twice for more", async (t) => {
  t.deepEqual(one(await standing("dr"), LOCK).inputs, {
    backupVaultName: "exchange-backup",
    minRetentionDays: 35,
  });
  const both = ["compliance-lock", "air-gapped-vault"];
  const backup = JSON.stringify({
    irreversible: both,
    irreversibleAgain: both,
    vaultArn: "arn:aws:backup:us-east-2:999999999999:backup-vault:vault",
  });
  const graph = await deploy("dr", { backup });
  t.is(one(graph, LOCK).inputs.changeableForDays, 3);
  const vault = one(graph, "aws:backup/logicallyAirGappedVault:LogicallyAirGappedVault");
  t.true(vault.protect);
  t.deepEqual(
    one(graph, PLAN).inputs.rules[0].copyActions.map(
      ({ destinationVaultArn }: { destinationVaultArn: string }) => destinationVaultArn,
    ),
    [
      "arn:aws:backup:us-east-1:123456789012:backup-vault:exchange-backup",
      "arn:aws:backup:us-east-2:999999999999:backup-vault:vault",
      "arn:aws:backup:::backup-air-gapped",
    ],
  );
});

test.serial("each region has its alarms, of its own metrics, told by its own encrypted topic", async (t) => {
  for (const stack of ["prod", "dr"] as const) {
    const graph = await standing(stack);
    const alarms = of(graph, ALARM);
    t.deepEqual(
      alarms.map(({ inputs }) => inputs.name),
      [
        "database-cpu",
        "errors",
        "journal-errors",
        "journal-latency",
        "journal-throttles",
        "nodes-failed",
        "replication-lag",
        "zone-empty",
      ].map((name) => `exchange-${name}`),
    );
    for (const { inputs } of alarms) {
      t.deepEqual(inputs.alarmActions, ["arn:aws:sns:::observability"]);
      t.is(inputs.treatMissingData, "notBreaching");
    }
    const lag = alarms.find(({ name }) => name.endsWith("replication-lag"));
    t.like(lag?.inputs, {
      namespace: "AWS/RDS",
      metricName: "AuroraGlobalDBReplicationLag",
      dimensions: { DBClusterIdentifier: `exchange-${REGIONS[stack]}` },
      threshold: 5_000,
    });
    t.is(one(graph, "aws:sns/topic:Topic").inputs.kmsMasterKeyId, "arn:aws:kms:::key/observability");
  }
});

test.serial("failed backups, copies and trial restores are told", async (t) => {
  const graph = await standing("dr");
  const pattern = JSON.parse(one(graph, "aws:cloudwatch/eventRule:EventRule").inputs.eventPattern);
  t.deepEqual(pattern.source, ["aws.backup"]);
  t.is(one(graph, "aws:cloudwatch/eventTarget:EventTarget").inputs.arn, "arn:aws:sns:::observability");
});

test.serial("thresholds and addresses come from config; a dashboard shows what is watched", async (t) => {
  const alarms = JSON.stringify({ emails: ["on-call@example.com"], journalMilliseconds: 80 });
  const graph = await deploy("dr", { alarms });
  t.is(of(graph, ALARM).find(({ name }) => name.endsWith("journal-latency"))?.inputs.threshold, 80);
  t.like(one(graph, "aws:sns/topicSubscription:TopicSubscription").inputs, {
    protocol: "email",
    endpoint: "on-call@example.com",
  });
  const { widgets } = JSON.parse(one(graph, "aws:cloudwatch/dashboard:Dashboard").inputs.dashboardBody);
  const titles = widgets.map(({ properties }: { properties: { title: string } }) => properties.title);
  t.true(["replication-lag", "journal-latency", "connections"].every((title) => titles.includes(title)));
  t.deepEqual(
    new Set(widgets.map(({ properties }: { properties: { region: string } }) => properties.region)),
    new Set(["us-west-2"]),
  );
});

test.serial(
  "experiments: one per zone and a partition, each stopped by alarms of its own region",
  async (t) => {
    for (const stack of ["prod", "dr"] as const) {
      const graph = await standing(stack);
      const templates = of(graph, TEMPLATE);
      t.deepEqual(
        templates.map(({ name }) => name),
        ["drills-partition", ...["a", "b", "c"].map((zone) => `drills-zone-power-${REGIONS[stack]}${zone}`)],
      );
      for (const { inputs } of templates) {
        t.deepEqual(inputs.stopConditions, [
          { source: "aws:cloudwatch:alarm", value: "arn:aws:cloudwatch:::observability-journal-latency" },
          { source: "aws:cloudwatch:alarm", value: "arn:aws:cloudwatch:::observability-errors" },
        ]);
        const elsewhere = JSON.stringify(inputs.targets).replaceAll(REGIONS[stack], "");
        t.notRegex(elsewhere, /us-(east|west)-\d/, "targets of another region");
      }
    }
  },
);

test.serial(
  "every action of an experiment names a target that the template has, and the other way round",
  async (t) => {
    for (const { inputs } of of(await standing("prod"), TEMPLATE)) {
      const used = inputs.actions.map(({ target }: { target: { value: string } }) => target.value);
      t.deepEqual(used.toSorted(), inputs.targets.map(({ name }: { name: string }) => name).toSorted());
    }
  },
);

test.serial("a budget is prod's alone, and only when config names one", async (t) => {
  const overrides = {
    budget: '{"monthlyDollars":9000}',
    alarms: '{"emails":["finance@example.com"]}',
  };
  t.deepEqual(of(await standing("prod"), BUDGET), []);
  t.deepEqual(of(await deploy("dr", overrides), BUDGET), []);
  t.like(one(await deploy("prod", overrides), BUDGET).inputs, {
    limitAmount: "9000",
    limitUnit: "USD",
    timeUnit: "MONTHLY",
    costFilters: [{ name: "TagKeyValue", values: ["user:platform$exchange"] }],
  });
});

test.serial("each region has its own repository for every image, whose tags do not move", async (t) => {
  const repository = one(await standing("dr"), "aws:ecr/repository:Repository");
  t.true(repository.protect);
  t.like(repository.inputs, { name: "exchange/workload", imageTagMutability: "IMMUTABLE" });
  t.deepEqual(repository.inputs.encryptionConfigurations, [
    { encryptionType: "KMS", kmsKey: "arn:aws:kms:::key/registry" },
  ]);
});

test.serial(
  "nodes hold no rights that pods could borrow: the network plugin has a role of its own",
  async (t) => {
    const graph = await standing("prod");
    const policies = of(graph, "aws:iam/rolePolicyAttachment:RolePolicyAttachment");
    const byRole = Map.groupBy(policies, ({ inputs }) => inputs.role);
    const names = (role: string) =>
      (byRole.get(role) ?? []).map(({ inputs }) => inputs.policyArn.split("/").at(-1));
    t.deepEqual(names("cluster-node"), ["AmazonEC2ContainerRegistryPullOnly", "AmazonEKSWorkerNodePolicy"]);
    t.deepEqual(names("cluster-vpc-cni"), ["AmazonEKS_CNI_Policy"]);
  },
);

test.serial(
  "a cold standby starts its nodes with role promoting, and holds their places in dr alone",
  async (t) => {
    const cluster = await changed("dr", "cluster", (value) => {
      value["standby"] = "cold";
    });
    const sizes = (graph: Graph) =>
      of(graph, "aws:eks/nodeGroup:NodeGroup").map(({ inputs, ignoreChanges }) => [
        inputs.scalingConfig.minSize,
        inputs.scalingConfig.desiredSize,
        ...ignoreChanges,
      ]);
    const reservations = (graph: Graph) =>
      of(graph, "aws:ec2/capacityReservation:CapacityReservation").map(
        ({ inputs }) => `${inputs.instanceCount} ${inputs.instanceType} in ${inputs.availabilityZone}`,
      );
    const three = <T>(one: T): T[] => [one, one, one];
    const passive = await deploy("dr", { cluster });
    t.deepEqual(sizes(passive), three([1, 1]));
    t.deepEqual(
      reservations(passive),
      ["a", "b", "c"].map((zone) => `3 m7g.xlarge in us-west-2${zone}`),
    );
    const promoting = await deploy("dr", { cluster, role: "promoting" });
    t.deepEqual(sizes(promoting), three([3, 3]));
    t.deepEqual(reservations(promoting), reservations(passive));
    const prod = await deploy("prod", { cluster });
    t.deepEqual([sizes(prod), reservations(prod)], [three([3, 3, "scalingConfig.desiredSize"]), []]);
  },
);

test.serial("without a word in config, nothing is reserved and every node runs", async (t) => {
  t.deepEqual(of(await standing("dr"), "aws:ec2/capacityReservation:CapacityReservation"), []);
});

test.serial("a VPC's default security group lets nothing through", async (t) => {
  const { inputs } = one(await standing("prod"), "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup");
  t.deepEqual([inputs.ingress, inputs.egress], [[], []]);
});
