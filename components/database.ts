/** This region's member of the Aurora global database; the stack that starts active also owns the global cluster. */
import { SecurityGroup } from "@pulumi/aws/ec2/securityGroup.js";
import type { Key } from "@pulumi/aws/kms/key.js";
import { Cluster } from "@pulumi/aws/rds/cluster.js";
import { ClusterInstance } from "@pulumi/aws/rds/clusterInstance.js";
import { ClusterParameterGroup } from "@pulumi/aws/rds/clusterParameterGroup.js";
import { GlobalCluster } from "@pulumi/aws/rds/globalCluster.js";
import { SubnetGroup } from "@pulumi/aws/rds/subnetGroup.js";
import { SecurityGroupIngressRule } from "@pulumi/aws/vpc/securityGroupIngressRule.js";
import { ComponentResource, type ComponentResourceOptions, type Input, type Output } from "@pulumi/pulumi";
import { regionalKey } from "./keys.ts";
import type { Region } from "./model.ts";
import { databaseClusterName, databaseKeyAlias, globalClusterName, type Identity } from "./names.ts";

export interface DatabaseArgs extends Identity {
  readonly region: Region;
  /** The global cluster and the master user come with the region that starts as the writer. */
  readonly membership:
    | { readonly kind: "primary"; readonly masterPassword: Input<string> }
    | { readonly kind: "secondary"; readonly primaryRegion: Region };
  readonly engineVersion: string;
  /** The same in both regions. */
  readonly instanceClass: string;
  readonly instances: number;
  /** Of the cluster, by name, beside those that the program sets. */
  readonly parameters: Readonly<Record<string, string>>;
  /** Which physical cluster stands behind this logical one: `dr restore` makes the next and flips this. */
  readonly incarnation: number;
  readonly vpcId: Input<string>;
  /** With their data subnets; instances go round them. */
  readonly zones: readonly { readonly name: string; readonly subnetId: Input<string> }[];
}

const ENGINE = "aurora-postgresql";
export const DATABASE_PORT = 5432;
/** Signs in with IAM tokens; owns the schema. */
export const DATABASE_USER = "projector";
/** Makes that user, with its password, and nothing else. */
export const MASTER_USER = "platform";
/** Ends the Pulumi name of the parameter group for clusters that are kept and not used. */
export const READ_ONLY = "read-only";
/** The longest that Aurora offers. A secondary's own default is one day. */
export const BACKUP_DAYS = 35;

/**
 * What a managed failover changes behind Pulumi's back. Without these, the next deployment would promote
 * (`replicationSourceIdentifier`), detach (`globalClusterIdentifier`), replace (`databaseName`) or downgrade a member.
 * https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-global-database-disaster-recovery.html
 */
export const CHANGED_BY_FAILOVER = [
  "replicationSourceIdentifier",
  "globalClusterIdentifier",
  "databaseName",
  "engineVersion",
];

export class Database extends ComponentResource {
  readonly clusterId: Output<string>;
  readonly clusterArn: Output<string>;
  /** What IAM database authentication names the cluster by. */
  readonly resourceId: Output<string>;
  /** Writer endpoint of this region's cluster; answers once the cluster is the writer. */
  readonly endpoint: Output<string>;
  readonly securityGroupId: Output<string>;

  readonly #name: string;

  constructor(name: string, args: DatabaseArgs, options?: ComponentResourceOptions) {
    super("trading-platform:components:Database", name, {}, options);
    this.#name = name;

    const key = regionalKey(
      name,
      { description: `${args.name} database, ${args.region}`, alias: databaseKeyAlias(args) },
      this,
    );
    const global = args.membership.kind === "primary" ? this.#global(args) : undefined;
    const group = new SecurityGroup(
      name,
      { vpcId: args.vpcId, description: "PostgreSQL, from the cluster's pods" },
      { parent: this },
    );
    const cluster = this.#cluster(args, key, group, global);
    this.#instances(args, key, cluster);

    this.clusterId = cluster.clusterIdentifier;
    this.clusterArn = cluster.arn;
    this.resourceId = cluster.clusterResourceId;
    this.endpoint = cluster.endpoint;
    this.securityGroupId = group.id;
    this.registerOutputs({ clusterArn: this.clusterArn, endpoint: this.endpoint });
  }

  /** Lets members of `securityGroupId` connect. */
  allowFrom(label: string, securityGroupId: Input<string>): void {
    new SecurityGroupIngressRule(
      `${this.#name}-from-${label}`,
      {
        securityGroupId: this.securityGroupId,
        referencedSecurityGroupId: securityGroupId,
        ipProtocol: "tcp",
        fromPort: DATABASE_PORT,
        toPort: DATABASE_PORT,
      },
      { parent: this },
    );
  }

  #global(args: DatabaseArgs): GlobalCluster {
    return new GlobalCluster(
      this.#name,
      {
        globalClusterIdentifier: globalClusterName(args),
        engine: ENGINE,
        engineVersion: args.engineVersion,
        databaseName: args.name,
        storageEncrypted: true,
        deletionProtection: true,
      },
      { parent: this, protect: true },
    );
  }

  #cluster(args: DatabaseArgs, key: Key, group: SecurityGroup, global: GlobalCluster | undefined): Cluster {
    const subnets = new SubnetGroup(
      this.#name,
      { subnetIds: args.zones.map(({ subnetId }) => subnetId) },
      { parent: this },
    );
    const parameters = new ClusterParameterGroup(
      this.#name,
      {
        family: `${ENGINE}${args.engineVersion.split(".")[0]}`,
        parameters: Object.entries({ ...args.parameters, "rds.force_ssl": "1" }).map(([name, value]) => ({
          name,
          value,
        })),
      },
      { parent: this },
    );
    this.#readOnlyParameters(args);
    const identifier = databaseClusterName(args, args.region, args.incarnation);
    const { membership } = args;
    return new Cluster(
      this.#name,
      {
        clusterIdentifier: identifier,
        globalClusterIdentifier: global?.id ?? globalClusterName(args),
        engine: ENGINE,
        engineVersion: args.engineVersion,
        port: DATABASE_PORT,
        dbSubnetGroupName: subnets.name,
        dbClusterParameterGroupName: parameters.name,
        vpcSecurityGroupIds: [group.id],
        storageEncrypted: true,
        kmsKeyId: key.arn,
        iamDatabaseAuthenticationEnabled: true,
        backupRetentionPeriod: BACKUP_DAYS,
        copyTagsToSnapshot: true,
        deletionProtection: true,
        skipFinalSnapshot: false,
        finalSnapshotIdentifier: `${identifier}-final`,
        enabledCloudwatchLogsExports: ["postgresql"],
        ...(membership.kind === "primary"
          ? {
              databaseName: args.name,
              masterUsername: MASTER_USER,
              // Not `manageMasterUserPassword`: a global database refuses managed passwords. Write-only keeps it
              // out of the state; a new password needs a new version to be sent at all.
              masterPasswordWo: membership.masterPassword,
              masterPasswordWoVersion: 1,
            }
          : { sourceRegion: membership.primaryRegion }),
      },
      { parent: this, protect: true, ignoreChanges: CHANGED_BY_FAILOVER },
    );
  }

  /**
   * For a damaged cluster that is kept beside a restored one: there before it is needed, when nobody should have to
   * make anything. A session may overrule it, which no client of the platform does.
   */
  #readOnlyParameters(args: DatabaseArgs): void {
    new ClusterParameterGroup(
      `${this.#name}-${READ_ONLY}`,
      {
        family: `${ENGINE}${args.engineVersion.split(".")[0]}`,
        parameters: [
          { name: "rds.force_ssl", value: "1" },
          { name: "default_transaction_read_only", value: "1" },
        ],
      },
      { parent: this },
    );
  }

  #instances(args: DatabaseArgs, key: Key, cluster: Cluster): void {
    for (let n = 0; n < args.instances; n++) {
      const zone = args.zones[n % args.zones.length];
      if (zone === undefined) throw new Error(`database ${this.#name}: no zones to place instances in`);
      new ClusterInstance(
        `${this.#name}-${n}`,
        {
          identifier: `${databaseClusterName(args, args.region, args.incarnation)}-${n}`,
          clusterIdentifier: cluster.id,
          engine: ENGINE,
          instanceClass: args.instanceClass,
          availabilityZone: zone.name,
          publiclyAccessible: false,
          // All members of a global database keep one minor version: upgrades go through the global cluster.
          autoMinorVersionUpgrade: false,
          performanceInsightsEnabled: true,
          performanceInsightsKmsKeyId: key.arn,
          promotionTier: n === 0 ? 0 : 1,
        },
        { parent: this, protect: true },
      );
    }
  }
}
