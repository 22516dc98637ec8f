/** Constraints that AWS documents and that a diff cannot see. Each throws what AWS answers, with its page. */
import type { Json, Properties } from "../../cloud/behaviour.ts";
import type { Location, Registry } from "../registry.ts";
import { cidrContains, cidrsOverlap } from "./cidr.ts";
import { text } from "./making.ts";
import { valuesAt } from "./paths.ts";

interface Subject {
  readonly inputs: Properties;
  readonly region: Location;
  /** Undefined at creation. */
  readonly before: Properties | undefined;
  readonly registry: Registry;
}

/** Undefined: fine. */
type Rule = (subject: Subject) => string | undefined;

const at = (inputs: Properties, path: string): readonly Json[] => valuesAt(inputs, path.split("."));
const number = (value: Json | undefined): number | undefined =>
  typeof value === "number" ? value : undefined;

const between =
  (property: string, low: number, high: number, code: string): Rule =>
  ({ inputs }) => {
    const value = number(inputs[property]);
    if (value === undefined || (value >= low && value <= high)) return undefined;
    return `${code}: ${property} is ${value}: it must be from ${low} to ${high}`;
  };

/** https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateLoadBalancer.html */
const shortName: Rule = ({ inputs }) =>
  text(inputs["name"]).length > 32
    ? `ValidationError: the name '${text(inputs["name"])}' cannot be longer than '32' characters`
    : undefined;

/** https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-global-database-attach.html */
const secondaryWithoutMaster: Rule = ({ inputs, registry, region, before }) => {
  const global = text(inputs["globalClusterIdentifier"]);
  if (global === "" || before !== undefined) return undefined;
  const isSecondary = registry
    .list({ type: "aws:rds/cluster:Cluster" })
    .some((entry) => entry.outputs["globalClusterIdentifier"] === global && entry.region !== region);
  const given = ["masterUsername", "masterPassword", "masterPasswordWo", "manageMasterUserPassword"].filter(
    (property) => inputs[property] !== undefined,
  );
  if (!isSecondary || given.length === 0) return undefined;
  return `InvalidParameterCombination: Cannot specify ${given.join(", ")} for a cross region replication cluster`;
};

/** https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBCluster.html */
const masterPassword: Rule = ({ inputs }) => {
  const password = text(inputs["masterPasswordWo"]) || text(inputs["masterPassword"]);
  return password === "" || /^[ !#-.0-?A-~]{8,41}$/.test(password)
    ? undefined
    : 'InvalidParameterValue: The parameter MasterUserPassword is not valid: 8 to 41 printable ASCII characters besides "/", "@" and """';
};

/** https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/rds-secrets-manager.html */
const noManagedPassword: Rule = ({ inputs }) =>
  inputs["manageMasterUserPassword"] === true && text(inputs["globalClusterIdentifier"]) !== ""
    ? "InvalidParameterCombination: ManageMasterUserPassword isn't supported for a member of a global database"
    : undefined;

/** https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-global-database-getting-started.html */
const versionOfGlobal: Rule = ({ inputs, registry, before }) => {
  const id = text(inputs["globalClusterIdentifier"]);
  const global = registry
    .list({ type: "aws:rds/globalCluster:GlobalCluster" })
    .find((entry) => entry.id === id);
  const [version, wanted] = [text(inputs["engineVersion"]), text(global?.outputs["engineVersion"])];
  if (before !== undefined || version === "" || wanted === "" || version === wanted) return undefined;
  return `InvalidParameterValue: The engine version ${version} must match the global cluster's, ${wanted}`;
};

/** https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html */
const subnetRange: Rule = ({ inputs, registry, region, before }) => {
  const range = text(inputs["cidrBlock"]);
  if (before !== undefined || range === "") return undefined;
  const vpcId = text(inputs["vpcId"]);
  const vpc = registry.get("aws:ec2/vpc:Vpc", region, vpcId);
  if (vpc && !cidrContains(text(vpc.inputs["cidrBlock"]), range)) {
    return `InvalidSubnet.Range: The CIDR '${range}' is invalid: not in ${text(vpc.inputs["cidrBlock"])}`;
  }
  const other = registry
    .list({ type: "aws:ec2/subnet:Subnet", region })
    .find((entry) => entry.inputs["vpcId"] === vpcId && cidrsOverlap(text(entry.inputs["cidrBlock"]), range));
  return other && `InvalidSubnet.Conflict: The CIDR '${range}' conflicts with another subnet, ${other.id}`;
};

/** https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/using-regions-availability-zones.html */
const zoneInRegion: Rule = ({ inputs, region }) => {
  const zone = text(inputs["availabilityZone"]);
  return zone === "" || zone.replace(/[a-z]$/, "") === region
    ? undefined
    : `InvalidParameterValue: Value (${zone}) for parameter availabilityZone is invalid in ${region}`;
};

/** https://docs.aws.amazon.com/elasticloadbalancing/latest/network/create-network-load-balancer.html */
const oneSubnetPerZone: Rule = ({ inputs, registry, region }) => {
  const ids = [...at(inputs, "subnetMappings.*.subnetId"), ...at(inputs, "subnets.*")].map(text);
  const zones = ids.map(
    (id) => registry.get("aws:ec2/subnet:Subnet", region, id)?.outputs["availabilityZone"],
  );
  const known = zones.filter((zone) => zone !== undefined);
  return new Set(known).size === known.length
    ? undefined
    : "InvalidConfigurationRequest: A load balancer cannot be attached to multiple subnets in the same Availability Zone";
};

/** https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html */
const twoZones: Rule = ({ inputs, registry, region }) => {
  const zones = at(inputs, "vpcConfig.subnetIds.*").map(
    (id) => registry.get("aws:ec2/subnet:Subnet", region, text(id))?.outputs["availabilityZone"],
  );
  return new Set(zones).size >= 2
    ? undefined
    : "InvalidParameterException: Subnets specified must be in at least two different AZs";
};

/** https://docs.aws.amazon.com/eks/latest/APIReference/API_NodegroupScalingConfig.html */
const scaling: Rule = ({ inputs }) => {
  const [min = 0, desired = 0, max = 0] = ["minSize", "desiredSize", "maxSize"].map((key) =>
    number(at(inputs, `scalingConfig.${key}`)[0]),
  );
  return min <= desired && desired <= max
    ? undefined
    : `InvalidParameterException: scaling sizes must be min ≤ desired ≤ max, got ${min}, ${desired}, ${max}`;
};

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html */
const bucketName: Rule = ({ inputs, registry, before }) => {
  const name = text(inputs["bucket"]);
  if (before !== undefined) return undefined;
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name)) {
    return `InvalidBucketName: The specified bucket is not valid: ${name}`;
  }
  return registry.list({ type: "aws:s3/bucket:Bucket" }).some(({ id }) => id === name)
    ? `BucketAlreadyOwnedByYou: The bucket you tried to create already exists, and you own it: ${name}`
    : undefined;
};

const isVersioned = ({ registry, region }: Subject, bucket: Json | undefined): boolean =>
  registry
    .list({ type: "aws:s3/bucketVersioning:BucketVersioning", region })
    .some(
      ({ inputs }) =>
        inputs["bucket"] === bucket && at(inputs, "versioningConfiguration.status").includes("Enabled"),
    );

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-requirements.html */
const replicatesVersions: Rule = (subject) =>
  isVersioned(subject, subject.inputs["bucket"])
    ? undefined
    : "InvalidRequest: Versioning must be 'Enabled' on the bucket to apply a replication configuration";

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock-configure.html */
const locksVersions: Rule = (subject) => {
  const bucket = subject.registry.get("aws:s3/bucket:Bucket", subject.region, text(subject.inputs["bucket"]));
  return bucket?.inputs["objectLockEnabled"] === true || isVersioned(subject, subject.inputs["bucket"])
    ? undefined
    : "InvalidBucketState: Object Lock configuration cannot be enabled on existing buckets without versioning";
};

/** https://docs.aws.amazon.com/Route53/latest/APIReference/API_ResourceRecordSet.html */
const recordShape: Rule = ({ inputs }) => {
  const policies = Object.keys(inputs).filter((key) => /Routing(Policy|Policies)$/.test(key) && inputs[key]);
  const isAlias = at(inputs, "aliases.*").length > 0;
  const problems = [
    isAlias === at(inputs, "records.*").length > 0 && "exactly one of aliases and records is needed",
    isAlias && inputs["ttl"] !== undefined && "an alias has no ttl of its own",
    !isAlias && inputs["ttl"] === undefined && "records need a ttl",
    policies.length > 1 && `only one routing policy is possible, got ${policies.join(", ")}`,
    policies.length === 1 && text(inputs["setIdentifier"]) === "" && `${policies[0]} needs a setIdentifier`,
    isAlias && inputs["multivalueAnswerRoutingPolicy"] === true && "a multivalue answer cannot be an alias",
  ].filter((problem) => problem !== false);
  return problems.length > 0 ? `InvalidChangeBatch: ${problems.join("; ")}` : undefined;
};

/** https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resource-record-sets-values-failover-alias.html */
const primaryIsChecked: Rule = ({ inputs }) => {
  const isPrimary = at(inputs, "failoverRoutingPolicies.*.type").includes("PRIMARY");
  const isEvaluated = at(inputs, "aliases.*.evaluateTargetHealth").includes(true);
  return isPrimary && !isEvaluated && text(inputs["healthCheckId"]) === ""
    ? "InvalidChangeBatch: a PRIMARY failover record needs a health check or an alias that evaluates its target"
    : undefined;
};

/** https://docs.aws.amazon.com/Route53/latest/APIReference/API_HealthCheckConfig.html */
const interval: Rule = ({ inputs }) => {
  const seconds = number(inputs["requestInterval"]);
  return seconds === undefined || seconds === 10 || seconds === 30
    ? undefined
    : `InvalidInput: requestInterval is ${seconds}: Route 53 checks every 10 or every 30 seconds`;
};

/** https://docs.aws.amazon.com/acm/latest/userguide/dns-validation.html */
const isProven: Rule = ({ inputs, registry, region }) => {
  const certificate = registry.get("aws:acm/certificate:Certificate", region, text(inputs["certificateArn"]));
  const names = at(certificate?.outputs ?? {}, "domainValidationOptions.*.resourceRecordName").map(text);
  const withoutDot = (name: Json | undefined) => text(name).replace(/\.$/, "");
  const records = ["aws:route53/record:Record", "cloudflare:index/dnsRecord:DnsRecord"]
    .flatMap((type) => registry.list({ type }))
    .map((entry) => withoutDot(entry.inputs["name"]));
  const open = names.find((name) => !records.includes(withoutDot(name)));
  return (
    open &&
    `timeout while waiting for state to become 'ISSUED' (last state: 'PENDING_VALIDATION'): no DNS record ${open}`
  );
};

const RULES: Readonly<Record<string, readonly Rule[]>> = {
  "aws:acm/certificateValidation:CertificateValidation": [isProven],
  "aws:ec2/subnet:Subnet": [zoneInRegion, subnetRange],
  "aws:eks/cluster:Cluster": [twoZones],
  "aws:eks/nodeGroup:NodeGroup": [scaling],
  // https://docs.aws.amazon.com/kms/latest/APIReference/API_ScheduleKeyDeletion.html
  "aws:kms/key:Key": [between("deletionWindowInDays", 7, 30, "ValidationException")],
  "aws:kms/replicaKey:ReplicaKey": [between("deletionWindowInDays", 7, 30, "ValidationException")],
  "aws:lb/loadBalancer:LoadBalancer": [shortName, oneSubnetPerZone],
  "aws:lb/targetGroup:TargetGroup": [shortName],
  "aws:rds/cluster:Cluster": [
    // https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBCluster.html
    between("backupRetentionPeriod", 1, 35, "InvalidParameterValue"),
    secondaryWithoutMaster,
    noManagedPassword,
    masterPassword,
    versionOfGlobal,
  ],
  "aws:rds/clusterInstance:ClusterInstance": [zoneInRegion],
  "aws:route53/healthCheck:HealthCheck": [interval, between("failureThreshold", 1, 10, "InvalidInput")],
  "aws:route53/record:Record": [recordShape, primaryIsChecked],
  "aws:s3/bucket:Bucket": [bucketName],
  "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration": [locksVersions],
  "aws:s3/bucketReplicationConfig:BucketReplicationConfig": [replicatesVersions],
};

/** Throws the first rule broken by the inputs. */
export function checkRules(type: string, subject: Subject): void {
  for (const rule of RULES[type] ?? []) {
    const broken = rule(subject);
    if (broken !== undefined) throw new Error(broken);
  }
}
