/** A small stack that breaks no rule, for tests that break one thing in it. */
import type { Finding, Rule } from "../../policy/rule.ts";
import type { Seen } from "../../policy/seen.ts";

export const REGION = "us-east-1";
export const KEY_ARN = `arn:aws:kms:${REGION}:123456789012:key/1`;
export const urnOf = (type: string, name: string): string =>
  `urn:pulumi:prod::trading-platform::${type}::${name}`;

type Values = Readonly<Record<string, unknown>>;

export function resource(type: string, name: string, props: Values, more: Partial<Seen> = {}): Seen {
  return {
    urn: urnOf(type, name),
    type,
    name,
    props,
    protect: false,
    ignoreChanges: [],
    region: type.startsWith("aws:") ? REGION : undefined,
    needs: {},
    ...more,
  };
}

const guarded = { protect: true };
const container = {
  name: "gateway",
  image: `exchange/workload@sha256:${"0".repeat(64)}`,
  resources: { requests: { cpu: "500m", memory: "512Mi" } },
  securityContext: {
    readOnlyRootFilesystem: true,
    allowPrivilegeEscalation: false,
    capabilities: { drop: ["ALL"] },
  },
};
const toleration = (key: string) => ({ key: `node.kubernetes.io/${key}`, tolerationSeconds: 20 });

export const GOOD: Readonly<Record<string, Seen>> = {
  key: resource("aws:kms/key:Key", "key", {}, guarded),
  global: resource("aws:rds/globalCluster:GlobalCluster", "global", { deletionProtection: true }, guarded),
  database: resource(
    "aws:rds/cluster:Cluster",
    "database",
    {
      clusterIdentifier: "exchange-us-east-1",
      globalClusterIdentifier: "exchange",
      deletionProtection: true,
      skipFinalSnapshot: false,
      storageEncrypted: true,
      kmsKeyId: KEY_ARN,
      backupRetentionPeriod: 35,
    },
    {
      protect: true,
      ignoreChanges: [
        "replicationSourceIdentifier",
        "globalClusterIdentifier",
        "databaseName",
        "engineVersion",
      ],
    },
  ),
  instance: resource(
    "aws:rds/clusterInstance:ClusterInstance",
    "instance",
    {
      clusterIdentifier: "exchange-us-east-1",
      instanceClass: "db.r7g.large",
      publiclyAccessible: false,
      performanceInsightsEnabled: true,
      performanceInsightsKmsKeyId: KEY_ARN,
    },
    guarded,
  ),
  parameters: resource("aws:rds/clusterParameterGroup:ClusterParameterGroup", "parameters", {
    parameters: [{ name: "rds.force_ssl", value: "1" }],
  }),
  table: resource(
    "aws:dynamodb/table:Table",
    "table",
    {
      deletionProtectionEnabled: true,
      serverSideEncryption: { enabled: true, kmsKeyArn: KEY_ARN },
      pointInTimeRecovery: { enabled: true },
      replicas: [
        {
          regionName: "us-west-2",
          consistencyMode: "STRONG",
          kmsKeyArn: "arn:aws:kms:us-west-2:123456789012:key/2",
          pointInTimeRecovery: true,
        },
      ],
      globalTableWitness: { regionName: "us-east-2" },
    },
    guarded,
  ),
  bucket: resource("aws:s3/bucket:Bucket", "bucket", { bucket: "archive" }, guarded),
  versioning: resource("aws:s3/bucketVersioning:BucketVersioning", "versioning", {
    bucket: "archive",
    versioningConfiguration: { status: "Enabled" },
  }),
  encryption: resource(
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    "encryption",
    { bucket: "archive", rules: [{ applyServerSideEncryptionByDefault: { kmsMasterKeyId: KEY_ARN } }] },
  ),
  block: resource("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "block", {
    bucket: "archive",
    blockPublicAcls: true,
    blockPublicPolicy: true,
    ignorePublicAcls: true,
    restrictPublicBuckets: true,
  }),
  bucketPolicy: resource("aws:s3/bucketPolicy:BucketPolicy", "bucketPolicy", {
    bucket: "archive",
    policy: JSON.stringify({
      Statement: [{ Effect: "Deny", Principal: "*", Action: "s3:*", Resource: "*" }],
    }),
  }),
  cluster: resource(
    "aws:eks/cluster:Cluster",
    "cluster",
    {
      deletionProtection: true,
      encryptionConfig: { resources: ["secrets"], provider: { keyArn: KEY_ARN } },
      vpcConfig: {
        endpointPrivateAccess: true,
        endpointPublicAccess: true,
        publicAccessCidrs: ["203.0.113.0/24"],
      },
    },
    guarded,
  ),
  role: resource("aws:iam/role:Role", "role", {
    assumeRolePolicy: JSON.stringify({
      Statement: [
        { Effect: "Allow", Principal: { Service: "ec2.amazonaws.com" }, Action: ["sts:AssumeRole"] },
      ],
    }),
  }),
  rolePolicy: resource("aws:iam/rolePolicy:RolePolicy", "rolePolicy", {
    policy: JSON.stringify({
      Statement: [
        { Effect: "Allow", Action: ["dynamodb:GetItem"], Resource: ["arn:aws:dynamodb:us-east-1:1:table/t"] },
        { Effect: "Allow", Action: ["ec2:DescribeInstances"], Resource: "*" },
      ],
    }),
  }),
  door: resource("aws:ec2/securityGroup:SecurityGroup", "door", {
    ingress: [{ protocol: "tcp", fromPort: 443, toPort: 443, cidrBlocks: ["0.0.0.0/0"] }],
  }),
  group: resource("aws:ec2/securityGroup:SecurityGroup", "group", {}),
  balancer: resource(
    "aws:lb/loadBalancer:LoadBalancer",
    "balancer",
    {},
    { needs: { securityGroups: [urnOf("aws:ec2/securityGroup:SecurityGroup", "door")] } },
  ),
  listener: resource("aws:lb/listener:Listener", "listener", {
    protocol: "TLS",
    sslPolicy: "ELBSecurityPolicy-TLS13-1-2-2021-06",
  }),
  check: resource("aws:route53/healthCheck:HealthCheck", "check", { type: "HTTPS" }),
  record: resource("aws:route53/record:Record", "record", { type: "A", ttl: 15, healthCheckId: "1" }),
  alias: resource("aws:route53/record:Record", "alias", {
    type: "A",
    failoverRoutingPolicies: [{ type: "PRIMARY" }],
    aliases: [{ name: "us-east-1.exchange.example.com", evaluateTargetHealth: true }],
  }),
  proxy: resource("cloudflare:index/loadBalancer:LoadBalancer", "proxy", { proxied: true }),
  pool: resource("cloudflare:index/loadBalancerPool:LoadBalancerPool", "pool", { monitor: "1" }),
  deployment: resource("kubernetes:apps/v1:Deployment", "deployment", {
    metadata: { namespace: "exchange" },
    spec: {
      template: {
        metadata: { labels: { app: "gateway" } },
        spec: {
          securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
          tolerations: [toleration("unreachable"), toleration("not-ready")],
          topologySpreadConstraints: [{ topologyKey: "topology.kubernetes.io/zone" }],
          containers: [container],
        },
      },
    },
  }),
  budget: resource("kubernetes:policy/v1:PodDisruptionBudget", "budget", {
    metadata: { namespace: "exchange" },
    spec: { maxUnavailable: 1, selector: { matchLabels: { app: "gateway" } } },
  }),
};

/** A rule on what it applies to. */
export const judge = (rule: Rule, resources: readonly Seen[]): readonly Finding[] =>
  rule.of === "stack" ? rule.check(resources) : resources.flatMap(rule.check);

/** With one property at a path set; `undefined` removes it. */
export function set<T>(value: T, path: string, to: unknown): T {
  const [head = "", ...rest] = path.split(".");
  const next = rest.length === 0 ? to : set((value as Values)[head] ?? {}, rest.join("."), to);
  if (Array.isArray(value)) return value.map((one, n) => (String(n) === head ? next : one)) as T;
  return { ...value, [head]: next };
}

/** The good stack with changes to resources, by name and path: `{ "table.props.replicas": [] }`. */
export function broken(changes: Readonly<Record<string, unknown>>): readonly Seen[] {
  const all = Object.entries(changes).reduce((stack, [path, to]) => set(stack, path, to), GOOD);
  return Object.values(all).filter((one) => one !== undefined);
}
