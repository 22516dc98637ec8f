import test from "ava";
import { deploy, type Graph, NO_TABLE, type Registration, standing } from "./graph.ts";
import { DATABASE_PASSWORD, SMOKE_TOKEN } from "./stackFile.ts";

const TABLE = "aws:dynamodb/table:Table";
const DEPLOYMENT = "kubernetes:apps/v1:Deployment";

const find = (graph: Graph, type: string, name?: string): Registration => {
  const found = graph.resources.filter(
    (resource) => resource.type === type && (name ?? resource.name) === resource.name,
  );
  const [resource] = found;
  if (found.length !== 1 || resource === undefined)
    throw new Error(`${found.length} of ${type} ${name ?? ""}`);
  return resource;
};
const labels = (graph: Graph, keep: (resource: Registration) => boolean): string[] =>
  graph.resources
    .filter(keep)
    .map(({ type, name }) => `${type.split(":").at(-1)} ${name}`)
    .sort();
const byPackage = (name: string) => (resource: Registration) => resource.type.startsWith(`${name}:`);
const aws = byPackage("aws");

const ROUTE53 = {};
const CLOUDFLARE = {
  dns: JSON.stringify({
    provider: "cloudflare",
    name: "exchange.example.com",
    zoneId: "a".repeat(32),
    cloudflareAccountId: "b".repeat(32),
  }),
};

test.serial(
  "canary: the monitor shows protection, ignored changes, dependencies and providers",
  async (t) => {
    const { resources } = await standing("prod");
    t.true(resources.some(({ protect }) => protect));
    t.true(resources.some(({ protect, custom }) => custom && !protect));
    t.true(resources.some(({ ignoreChanges }) => ignoreChanges.length > 0));
    t.true(resources.some(({ dependsOn }) => dependsOn.length > 0));
    t.true(resources.some(({ provider }) => provider === "aws"));
  },
);

test.serial("no two resources share a name and a type", async (t) => {
  for (const stack of ["prod", "dr"] as const) {
    for (const dns of [ROUTE53, CLOUDFLARE]) {
      const { resources } = await deploy(stack, dns);
      t.is(new Set(resources.map(({ urn }) => urn)).size, resources.length);
    }
  }
});

test.serial("what spans the regions belongs to prod, for each DNS provider", async (t) => {
  const extra = async (overrides: Record<string, string>) => {
    const [prod, dr] = [await deploy("prod", overrides), await deploy("dr", overrides)];
    const neutral = (label: string) => label.replaceAll("us-east-1", "HERE").replaceAll("us-west-2", "HERE");
    const [mine, theirs] = [labels(prod, () => true), labels(dr, () => true)];
    return {
      prodOnly: mine.filter((label) => !theirs.map(neutral).includes(neutral(label))),
      drOnly: theirs.filter((label) => !mine.map(neutral).includes(neutral(label))),
    };
  };
  const spanning = [
    "Alias journal-us-east-1",
    "Alias journal-us-west-2",
    "ClusterInstance database-1",
    "ClusterInstance database-2",
    "GlobalCluster database",
    "Key journal",
    "ReplicaKey journal",
    "Secret database-owner",
    "Table journal",
  ];
  const stacks = { prod: "Stack trading-platform-prod", dr: "Stack trading-platform-dr" };
  t.deepEqual(await extra(ROUTE53), {
    prodOnly: [...spanning, "Record certificate-validation", stacks.prod].sort(),
    drOnly: [stacks.dr],
  });
  t.deepEqual(await extra(CLOUDFLARE), {
    prodOnly: [
      ...spanning,
      "DnsRecord certificate-validation",
      "LoadBalancer answers",
      "LoadBalancerMonitor answers",
      "LoadBalancerPool answers-us-east-1",
      "LoadBalancerPool answers-us-west-2",
      stacks.prod,
    ].sort(),
    drOnly: [stacks.dr],
  });
});

test.serial("every AWS resource goes through the stack's one provider, which names its region", async (t) => {
  for (const [stack, region] of [
    ["prod", "us-east-1"],
    ["dr", "us-west-2"],
  ] as const) {
    const graph = await standing(stack);
    t.deepEqual(
      labels(graph, (resource) => aws(resource) && resource.provider !== "aws"),
      [],
    );
    t.deepEqual(
      labels(graph, (resource) => byPackage("kubernetes")(resource) && resource.provider !== "cluster"),
      [],
    );
    t.like(find(graph, "pulumi:providers:aws").inputs, { region, stsRegion: region });
  }
});

test.serial(
  "only spanning resources name a region of their own, and dr names none but its own",
  async (t) => {
    const named = ({ resources }: Graph) =>
      resources
        .filter((resource) => aws(resource) && resource.inputs.region !== undefined)
        .map(({ type, name, inputs }) => `${type.split(":").at(-1)} ${name} in ${inputs.region}`)
        .sort();
    t.deepEqual(named(await standing("prod")), [
      "Alias journal-us-east-1 in us-east-1",
      "Alias journal-us-west-2 in us-west-2",
      "Key journal in us-east-1",
      "ReplicaKey journal in us-west-2",
      "Table journal in us-east-1",
      "TableItem journal-control in us-east-1",
    ]);
    t.deepEqual(named(await standing("dr")), ["TableItem journal-control in us-west-2"]);
  },
);

test.serial("dr mentions us-east-1 only where it must", async (t) => {
  const { resources } = await standing("dr");
  const mentions = resources
    .filter(({ inputs, type }) => type !== DEPLOYMENT && JSON.stringify(inputs).includes("us-east-1"))
    .map(({ type, name }) => `${type.split(":").at(-1)} ${name}`);
  // The source of the replica; where copies of backups go; what an experiment cuts off. None is there during a failover.
  t.deepEqual(mentions.sort(), ["Cluster database", "ExperimentTemplate drills-partition", "Plan backup"]);
  const environment = resources
    .filter(({ type }) => type === DEPLOYMENT)
    .flatMap(({ inputs }) => inputs.spec.template.spec.containers[0].env)
    .filter(({ value }: { value?: string }) => value?.includes("us-east-1"))
    .map(({ name }: { name: string }) => name);
  t.deepEqual([...new Set(environment)].sort(), ["PEER_NAME", "PRIMARY_REGION"]);
});

test.serial("swapping the regions swaps every region that a stack names", async (t) => {
  const regions = JSON.stringify({ primary: "us-west-2", secondary: "us-east-1", witness: "us-east-2" });
  const network = JSON.stringify({
    primary: { cidr: "10.20.0.0/16", zones: ["us-west-2a", "us-west-2b", "us-west-2c"] },
    secondary: { cidr: "10.10.0.0/16", zones: ["us-east-1a", "us-east-1b", "us-east-1c"] },
  });
  const swapped = await deploy(
    "prod",
    { regions, network, region: "us-west-2" },
    { regionItem: { generation: 0, active: "us-west-2" } },
  );
  const swap = (text: string) =>
    text.replace(/us-(east-1|west-2)/g, (region) => (region === "us-east-1" ? "us-west-2" : "us-east-1"));
  const straight = await standing("prod");
  t.deepEqual(
    labels(swapped, () => true)
      .map(swap)
      .sort(),
    labels(straight, () => true),
  );
  const table = find(swapped, TABLE).inputs;
  t.is(table.region, "us-west-2");
  t.is(table.replicas[0].regionName, "us-east-1");
});

test.serial("the journal's table is strongly consistent over both regions and the witness", async (t) => {
  const table = find(await standing("prod"), TABLE);
  t.like(table.inputs, {
    name: "exchange-journal",
    billingMode: "PAY_PER_REQUEST",
    hashKey: "pk",
    rangeKey: "sk",
    attributes: [
      { name: "pk", type: "S" },
      { name: "sk", type: "N" },
    ],
    pointInTimeRecovery: { enabled: true },
    deletionProtectionEnabled: true,
    globalTableWitness: { regionName: "us-east-2" },
  });
  t.deepEqual(table.inputs.replicas, [
    {
      regionName: "us-west-2",
      consistencyMode: "STRONG",
      kmsKeyArn: "arn:aws:kms:::key/journal",
      pointInTimeRecovery: true,
      deletionProtectionEnabled: true,
      propagateTags: true,
    },
  ]);
  // What such a table refuses: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/V2globaltables_HowItWorks.html
  t.is(table.inputs.ttl, undefined);
  t.is(table.inputs.localSecondaryIndexes, undefined);
});

test.serial("the control item is where and what the pods read", async (t) => {
  const item = find(await deploy("dr", { maintenance: "on" }), "aws:dynamodb/tableItem:TableItem");
  t.deepEqual(item.inputs, {
    region: "us-west-2",
    tableName: "exchange-journal",
    hashKey: "pk",
    rangeKey: "sk",
    item: '{"pk":{"S":"control#us-west-2"},"sk":{"N":"0"},"traffic":{"S":"off"},"maintenance":{"S":"on"}}',
  });
});

test.serial(
  "both database clusters ignore what a failover changes and cannot be deleted by accident",
  async (t) => {
    for (const stack of ["prod", "dr"] as const) {
      const graph = await standing(stack);
      const cluster = find(graph, "aws:rds/cluster:Cluster");
      t.deepEqual(cluster.ignoreChanges, [
        "replicationSourceIdentifier",
        "globalClusterIdentifier",
        "databaseName",
        "engineVersion",
      ]);
      t.true(cluster.protect);
      t.like(cluster.inputs, {
        globalClusterIdentifier:
          stack === "prod" ? "aws:rds/globalCluster:GlobalCluster|database" : "exchange",
        backupRetentionPeriod: 35,
        deletionProtection: true,
        skipFinalSnapshot: false,
        storageEncrypted: true,
        kmsKeyId: "arn:aws:kms:::key/database",
        iamDatabaseAuthenticationEnabled: true,
      });
      const group = "aws:rds/clusterParameterGroup:ClusterParameterGroup";
      const parameters = find(graph, group, "database").inputs;
      t.deepEqual(parameters.parameters, [{ name: "rds.force_ssl", value: "1" }]);
      t.is(parameters.family, "aurora-postgresql17");
      t.deepEqual(find(graph, group, "database-read-only").inputs.parameters, [
        { name: "rds.force_ssl", value: "1" },
        { name: "default_transaction_read_only", value: "1" },
      ]);
    }
  },
);

test.serial("the master password is write-only, and prod's alone", async (t) => {
  const prod = find(await standing("prod"), "aws:rds/cluster:Cluster").inputs;
  t.is(prod.masterUsername, "platform");
  t.true(JSON.stringify(prod.masterPasswordWo).includes(DATABASE_PASSWORD));
  t.is(prod.masterPassword, undefined);
  t.is(prod.manageMasterUserPassword, undefined);
  const dr = find(await standing("dr"), "aws:rds/cluster:Cluster").inputs;
  t.deepEqual(
    Object.keys(dr).filter((key) => key.startsWith("master")),
    [],
  );
});

test.serial("instances: three over three zones in prod, one of the same class in dr", async (t) => {
  const instances = ({ resources }: Graph) =>
    resources
      .filter(({ type }) => type === "aws:rds/clusterInstance:ClusterInstance")
      .map(({ inputs }) => `${inputs.identifier} ${inputs.instanceClass} ${inputs.availabilityZone}`)
      .sort();
  t.deepEqual(instances(await standing("prod")), [
    "exchange-us-east-1-0 db.r7g.large us-east-1a",
    "exchange-us-east-1-1 db.r7g.large us-east-1b",
    "exchange-us-east-1-2 db.r7g.large us-east-1c",
  ]);
  t.deepEqual(instances(await standing("dr")), ["exchange-us-west-2-0 db.r7g.large us-west-2a"]);
});

test.serial("what holds data or an address that clients know is protected", async (t) => {
  const expected = [
    "Bucket journal-archive",
    "Bucket journal-checkpoints",
    "Cluster cluster",
    "Cluster database",
    "ClusterInstance database-0",
    ...["a", "b", "c"].map((zone) => `Eip traffic-us-west-2${zone}`),
    ...["backup", "cluster", "database", "journal-storage", "observability", "registry"].map(
      (name) => `Key ${name}`,
    ),
    "Repository registry-exchange-workload",
    "Vault backup",
  ];
  t.deepEqual(
    labels(await standing("dr"), ({ protect }) => protect),
    expected,
  );
});

test.serial(
  "the archive is locked in governance mode; buckets are private, versioned, encrypted and TLS only",
  async (t) => {
    const graph = await standing("dr");
    const lock = find(graph, "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration");
    t.deepEqual(lock.inputs.rule, { defaultRetention: { mode: "GOVERNANCE", days: 35 } });
    t.is(lock.inputs.bucket, "exchange-archive-123456789012-us-west-2");
    for (const name of ["journal-archive", "journal-checkpoints"]) {
      t.is(
        find(graph, "aws:s3/bucketVersioning:BucketVersioning", name).inputs.versioningConfiguration.status,
        "Enabled",
      );
      const block = find(graph, "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", name).inputs;
      t.deepEqual(
        [block.blockPublicAcls, block.blockPublicPolicy, block.ignorePublicAcls, block.restrictPublicBuckets],
        [true, true, true, true],
      );
      const encryption =
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration";
      const [rule] = find(graph, encryption, name).inputs.rules;
      t.is(rule.applyServerSideEncryptionByDefault.kmsMasterKeyId, "arn:aws:kms:::key/journal-storage");
      t.true(
        find(graph, "aws:s3/bucketPolicy:BucketPolicy", name).inputs.policy.includes("aws:SecureTransport"),
      );
    }
  },
);

test.serial("a node group per zone, each in its zone's subnet, all with zonal shift", async (t) => {
  const graph = await standing("prod");
  const groups = graph.resources.filter(({ type }) => type === "aws:eks/nodeGroup:NodeGroup");
  t.deepEqual(
    groups.map(({ name, inputs }) => [name, inputs.subnetIds]).sort(),
    ["a", "b", "c"].map((z) => [
      `cluster-us-east-1${z}`,
      [`aws:ec2/subnet:Subnet|network-private-us-east-1${z}`],
    ]),
  );
  t.deepEqual(new Set(groups.map(({ inputs }) => inputs.amiType)), new Set(["AL2023_ARM_64_STANDARD"]));
  t.deepEqual(find(graph, "aws:eks/cluster:Cluster").inputs.zonalShiftConfig, { enabled: true });
});

test.serial("the Kubernetes provider knows its cluster by name and holds no token", async (t) => {
  const provider = find(await standing("dr"), "pulumi:providers:kubernetes").inputs;
  t.like(provider, { clusterIdentifier: "exchange-us-west-2", enableServerSideApply: "true" });
  const { users } = JSON.parse(provider.kubeconfig);
  t.deepEqual(Object.keys(users[0].user), ["exec"]);
  t.deepEqual(users[0].user.exec.args.slice(0, 4), ["eks", "get-token", "--region", "us-west-2"]);
});

test.serial(
  "an address per zone, cross-zone off, targets by readiness on the exposed port of every node",
  async (t) => {
    const graph = await standing("prod");
    const balancer = find(graph, "aws:lb/loadBalancer:LoadBalancer").inputs;
    t.like(balancer, { loadBalancerType: "network", enableCrossZoneLoadBalancing: false });
    t.deepEqual(
      balancer.subnetMappings,
      ["a", "b", "c"].map((zone) => ({
        subnetId: `aws:ec2/subnet:Subnet|network-public-us-east-1${zone}`,
        allocationId: `aws:ec2/eip:Eip|traffic-us-east-1${zone}`,
      })),
    );
    const targets = find(graph, "aws:lb/targetGroup:TargetGroup").inputs;
    t.like(targets, { port: 30443, protocol: "TCP", targetType: "instance" });
    t.like(targets.healthCheck, { protocol: "HTTP", path: "/ready", port: "traffic-port" });
    t.like(find(graph, "aws:lb/listener:Listener").inputs, { port: 443, protocol: "TLS" });
    t.is(graph.resources.filter(({ type }) => type === "aws:autoscaling/attachment:Attachment").length, 3);
  },
);

test.serial("secrets are secret wherever they go", async (t) => {
  const { resources } = await standing("prod");
  const secretSignature = "1b47061264138c4ac30d75fd1eb44270";
  const holders = (value: string) =>
    resources
      .filter(({ inputs }) => JSON.stringify(inputs).includes(value))
      .map(({ type, name, inputs }) => {
        t.true(JSON.stringify(inputs).includes(secretSignature), name);
        return `${type.split(":").at(-1)} ${name}`;
      })
      .sort();
  t.deepEqual(holders(SMOKE_TOKEN), ["Secret smoke-token"]);
  t.deepEqual(holders(DATABASE_PASSWORD), ["Cluster database", "Secret database-owner"]);
});

test.serial("outputs say what the tools need", async (t) => {
  const { outputs } = await standing("dr");
  t.like(outputs, {
    stack: "dr",
    region: "us-west-2",
    role: "passive",
    traffic: "off",
    acceptGeneration: null,
    publicName: "exchange.example.com",
    regionalName: "us-west-2.exchange.example.com",
    elasticIps: ["a", "b", "c"].map((zone) => `address-of-traffic-us-west-2${zone}`),
    journalTable: "exchange-journal",
    archiveBucket: "exchange-archive-123456789012-us-west-2",
    globalClusterId: "exchange",
    databaseClusterId: "exchange-us-west-2",
    namespace: "exchange",
  });
  t.regex(outputs.commit, /^([0-9a-f]{40}|unknown)$/);
  t.deepEqual(
    outputs.deployments.map(
      ({ name, replicas, alwaysOn }) => `${name} ${replicas}${alwaysOn ? " always" : ""}`,
    ),
    ["gateway 3", "engine-0 2", "engine-1 2", "engine-2 2", "engine-3 2", "projector 1", "archiver 1 always"],
  );
});

test.serial(
  "the program looks at two things: the region item in its own region, and its own last outputs",
  async (t) => {
    const { invocations } = await standing("dr");
    t.deepEqual(
      invocations.toSorted((one, other) => one.token.localeCompare(other.token)),
      [
        {
          token: "aws:dynamodb/getTableItem:getTableItem",
          args: {
            tableName: "exchange-journal",
            key: '{"pk":{"S":"region"},"sk":{"N":"0"}}',
            region: "us-west-2",
          },
          provider: "aws",
        },
        {
          token: "pulumi:pulumi:readStackOutputs",
          args: { name: "organization/trading-platform/dr" },
          provider: "",
        },
      ],
    );
  },
);

test.serial("a table that does not exist yet is a first deployment", async (t) => {
  const { outputs } = await deploy("prod", {}, { regionItem: NO_TABLE });
  t.is(outputs.role, "active");
});

test.serial(
  "nodes and load balancer wait for their subnets' way out, though no input names a route",
  async (t) => {
    const graph = await standing("prod");
    const names = ({ dependsOn }: Registration) =>
      dependsOn.map((urn) => urn.split("::").slice(-2).join(" "));
    const group = find(graph, "aws:eks/nodeGroup:NodeGroup", "cluster-us-east-1a");
    t.true(names(group).some((name) => name.endsWith("Route network-private-us-east-1a")));
    t.true(
      names(find(graph, "aws:lb/loadBalancer:LoadBalancer")).some((name) =>
        name.endsWith("Route network-public"),
      ),
    );
    t.true(
      names(find(graph, "aws:ec2/natGateway:NatGateway", "network-us-east-1a")).some((name) =>
        name.endsWith("Route network-public"),
      ),
    );
  },
);

test.serial("engines start after the Services, permissions and secrets that their pods need", async (t) => {
  const graph = await standing("prod");
  const labelsOf = (name: string) =>
    find(graph, DEPLOYMENT, name)
      .dependsOn.map((urn) => `${urn.split("::").at(-2)?.split(":").at(-1)} ${urn.split("::").at(-1)}`)
      .filter((label) => !/^(Namespace|Cluster|Provider) /.test(label));
  for (const label of [
    "Service projector",
    "Service gateway",
    "Secret smoke-token",
    "ServiceAccount gateway",
    "PodIdentityAssociation gateway",
    "NetworkPolicy gateway",
  ]) {
    t.true(labelsOf("gateway").includes(label), label);
  }
  const services = graph.resources.filter(({ type }) => type === "kubernetes:core/v1:Service");
  t.deepEqual(
    services.map(({ name }) => name).sort(),
    ["archiver", "gateway", "projector"],
    "none per shard: it could not tell an engine from its standby",
  );
});
