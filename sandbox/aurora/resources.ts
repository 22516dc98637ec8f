/** `aws:rds` resources of an Aurora global database. */
import type { Region } from "../../components/model.ts";
import { QueryError } from "../aws/query.ts";
import type { Behaviour, Behaviours, Json, Placement, Properties } from "../cloud/behaviour.ts";
import type { Cluster, Instance } from "./cluster.ts";
import type { Databases } from "./databases.ts";
import type { GlobalCluster } from "./globalCluster.ts";

const text = (value: Json | undefined): string => (typeof value === "string" ? value : "");
const optional = (value: Json | undefined): string | undefined => text(value) || undefined;

function regionOf({ region, type }: Placement): Region {
  if (region !== "global") return region;
  throw new Error(`${type} lives in a region, not globally`);
}

export const databaseBehaviours = (databases: Databases, accountId: string): Behaviours => ({
  "aws:rds/globalCluster:GlobalCluster": globalClusters(databases, accountId),
  "aws:rds/cluster:Cluster": clusters(databases, accountId),
  "aws:rds/clusterParameterGroup:ClusterParameterGroup": parameterGroups(databases),
  "aws:rds/clusterInstance:ClusterInstance": instances(databases, accountId),
});

const protectedFromDeletion = (what: string): QueryError =>
  new QueryError(
    "InvalidParameterCombination",
    `Cannot delete protected ${what}, please disable deletion protection and try again.`,
  );

function globalClusters(databases: Databases, accountId: string): Behaviour {
  const describe = ({ spec, members, primary }: GlobalCluster): Properties => ({
    id: spec.id,
    arn: spec.arn,
    globalClusterMembers: members.map((member) => ({
      dbClusterArn: member.arn,
      isWriter: member === primary,
    })),
  });
  return {
    async create(inputs) {
      const id = text(inputs["globalClusterIdentifier"]);
      const global = databases.createGlobal(
        {
          id,
          arn: `arn:aws:rds::${accountId}:global-cluster:${id}`,
          engine: text(inputs["engine"]),
          engineVersion: text(inputs["engineVersion"]),
          databaseName: optional(inputs["databaseName"]),
          storageEncrypted: inputs["storageEncrypted"] === true,
        },
        inputs["deletionProtection"] === true,
      );
      return describe(global);
    },
    async update(id, _olds, news) {
      databases.global(id).deletionProtection = news["deletionProtection"] === true;
      return {};
    },
    async delete(id, olds) {
      const global = databases.global(id);
      if (global.deletionProtection) throw protectedFromDeletion("Global Cluster");
      // The provider's forceDestroy takes every member out first, secondaries before the primary.
      if (olds["forceDestroy"] === true) {
        for (const member of global.members.toReversed()) await databases.detach(member);
      }
      if (global.members.length > 0) {
        throw new QueryError("InvalidGlobalClusterStateFault", `Global Cluster ${id} is not empty`);
      }
      databases.globals.delete(id);
    },
    async read(id) {
      const global = databases.globals.get(id);
      return global && describe(global);
    },
  };
}

function clusters(databases: Databases, accountId: string): Behaviour {
  const deletionProtected = new Set<string>();
  const protect = (arn: string, isOn: boolean) =>
    isOn ? deletionProtected.add(arn) : deletionProtected.delete(arn);
  const describe = (cluster: Cluster): Properties => {
    const { writer, reader } = cluster.endpoints;
    const global = databases.globalOf(cluster);
    const source = global && global.primary !== cluster ? global.primary?.arn : undefined;
    return {
      id: cluster.id,
      arn: cluster.arn,
      endpoint: writer.host,
      readerEndpoint: reader.host,
      port: writer.port,
      clusterMembers: cluster.instances.map(({ id }) => id),
      engineVersionActual: cluster.spec.engineVersion,
      globalClusterIdentifier: global?.spec.id ?? "",
      replicationSourceIdentifier: source ?? "",
      ...(cluster.spec.databaseName !== undefined && { databaseName: cluster.spec.databaseName }),
      ...(cluster.spec.masterUsername !== undefined && { masterUsername: cluster.spec.masterUsername }),
      ...toldOf(cluster),
    };
  };
  return {
    async create(inputs, at) {
      const region = regionOf(at);
      const id = text(inputs["clusterIdentifier"]);
      const cluster = await databases.createCluster(
        {
          id,
          arn: `arn:aws:rds:${region}:${accountId}:cluster:${id}`,
          region,
          engineVersion: text(inputs["engineVersion"]),
          databaseName: optional(inputs["databaseName"]),
          masterUsername: optional(inputs["masterUsername"]),
        },
        optional(inputs["globalClusterIdentifier"]),
      );
      protect(cluster.arn, inputs["deletionProtection"] === true);
      keepBackups(cluster, inputs);
      return describe(cluster);
    },
    async update(id, olds, news, at) {
      const cluster = databases.cluster(regionOf(at), id);
      protect(cluster.arn, news["deletionProtection"] === true);
      keepBackups(cluster, news);
      // Both of the provider's traps: no longer a replica means promoted, no longer a member means detached.
      const isLost = (property: string) => text(olds[property]) !== "" && text(news[property]) === "";
      if (isLost("replicationSourceIdentifier") || isLost("globalClusterIdentifier"))
        await databases.detach(cluster);
      return describe(cluster);
    },
    async delete(id, olds, at) {
      const cluster = databases.cluster(regionOf(at), id);
      if (deletionProtected.has(cluster.arn)) throw protectedFromDeletion("Cluster");
      if (olds["skipFinalSnapshot"] !== true && text(olds["finalSnapshotIdentifier"]) === "") {
        throw new Error(
          "RDS Cluster final_snapshot_identifier is required when skip_final_snapshot is false",
        );
      }
      await databases.deleteCluster(cluster);
    },
    async read(id, _last, at) {
      const cluster = databases.find(regionOf(at), id);
      return cluster && describe(cluster);
    },
  };
}

function keepBackups({ settings }: Cluster, { backupRetentionPeriod }: Properties): void {
  settings.set("BackupRetentionPeriod", String(backupRetentionPeriod ?? 1));
}

/** What the RDS API was told of a cluster that Pulumi did not create, as the provider reads it. */
function toldOf({ spec, settings }: Cluster): Properties {
  if (spec.restored === undefined) return {};
  const one = (name: string) => settings.get(name) ?? "";
  const many = (prefix: string) =>
    [...settings].filter(([name]) => name.startsWith(prefix)).map(([, value]) => value);
  return {
    clusterIdentifier: spec.id,
    backupRetentionPeriod: Number(one("BackupRetentionPeriod") || 1),
    copyTagsToSnapshot: one("CopyTagsToSnapshot") === "true",
    dbClusterParameterGroupName: one("DBClusterParameterGroupName") || "default.aurora-postgresql18",
    dbSubnetGroupName: one("DBSubnetGroupName") || "default",
    deletionProtection: one("DeletionProtection") === "true",
    enabledCloudwatchLogsExports: many("EnableCloudwatchLogsExports."),
    iamDatabaseAuthenticationEnabled: one("EnableIAMDatabaseAuthentication") === "true",
    kmsKeyId: one("KmsKeyId") || "alias/aws/rds",
    vpcSecurityGroupIds: many("VpcSecurityGroupIds."),
  };
}

function parameterGroups(databases: Databases): Behaviour {
  const keep = (name: string, { region }: Placement, parameters: Json | undefined) => {
    const given = (Array.isArray(parameters) ? parameters : []) as readonly Properties[];
    const values = given.map(({ name: parameter, value }) => [text(parameter), text(value)]);
    databases.parameterGroups.set(`${region}/${name}`, Object.fromEntries(values));
  };
  return {
    async create(inputs, at) {
      keep(text(inputs["name"]), at, inputs["parameters"]);
      return {};
    },
    async update(id, _olds, news, at) {
      keep(id, at, news["parameters"]);
      return {};
    },
  };
}

function instances(databases: Databases, accountId: string): Behaviour {
  const describe = (cluster: Cluster, instance: Instance): Properties => ({
    id: instance.id,
    arn: `arn:aws:rds:${cluster.region}:${accountId}:db:${instance.id}`,
    availabilityZone: instance.zone,
    endpoint: cluster.addressOf(instance).host,
    port: cluster.addressOf(instance).port,
    engineVersionActual: cluster.spec.engineVersion,
    writer: cluster.isWriter && cluster.isFirst(instance),
  });
  return {
    async create(inputs, at) {
      const region = regionOf(at);
      const cluster = databases.cluster(region, text(inputs["clusterIdentifier"]));
      const id = text(inputs["identifier"]);
      if (cluster.instances.some((instance) => instance.id === id)) {
        throw new QueryError("DBInstanceAlreadyExists", `DB instance already exists: ${id}`);
      }
      const zone = optional(inputs["availabilityZone"]) ?? `${region}${"abc"[cluster.instances.length % 3]}`;
      const instance = { id, zone, instanceClass: text(inputs["instanceClass"]) };
      await cluster.addInstance(instance);
      return describe(cluster, instance);
    },
    async delete(id, olds, at) {
      await databases.cluster(regionOf(at), text(olds["clusterIdentifier"])).removeInstance(id);
    },
    async read(id, _last, at) {
      for (const cluster of databases.in(regionOf(at))) {
        const instance = cluster.instances.find((candidate) => candidate.id === id);
        if (instance) return describe(cluster, instance);
      }
      return undefined;
    },
  };
}
