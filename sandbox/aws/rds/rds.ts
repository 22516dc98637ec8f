/** The RDS API, as far as moving a global database needs it. */

import type { Cluster, Instance } from "../../aurora/cluster.ts";
import type { Databases } from "../../aurora/databases.ts";
import type { GlobalCluster } from "../../aurora/globalCluster.ts";
import type { AwsRequest, AwsService } from "../protocol.ts";
import { parseQuery, type Query, QueryError, queryFailure, queryResult } from "../query.ts";
import type { XmlValue } from "../xml.ts";
import { change } from "./changes.ts";

const NAMESPACE = "http://rds.amazonaws.com/doc/2014-10-31/";

export const createRds = (databases: Databases): AwsService => ({
  name: "rds",
  operation: (request) => parseQuery(request).action,
  async handle(request) {
    const query = parseQuery(request);
    try {
      return queryResult(NAMESPACE, query.action, await perform(databases, query, request));
    } catch (error) {
      if (error instanceof QueryError) return queryFailure(NAMESPACE, error);
      throw error;
    }
  },
});

async function perform(
  databases: Databases,
  { action, parameters }: Query,
  { region }: AwsRequest,
): Promise<XmlValue> {
  const required = (name: string): string => {
    const value = parameters.get(name);
    if (value !== null && value !== "") return value;
    throw new QueryError("MissingParameter", `The request must contain the parameter ${name}`);
  };
  switch (action) {
    case "DescribeGlobalClusters": {
      const id = parameters.get("GlobalClusterIdentifier");
      const all = id ? [databases.global(id)] : [...databases.globals.values()];
      return { GlobalClusters: { GlobalClusterMember: await Promise.all(all.map(describeGlobal)) } };
    }
    case "DescribeDBClusters": {
      const id = parameters.get("DBClusterIdentifier");
      const clusters = id ? [databases.cluster(region, id)] : databases.in(region);
      const described = clusters.map((cluster) => describeCluster(databases, cluster));
      return { DBClusters: { DBCluster: await Promise.all(described) } };
    }
    case "DescribeDBInstances": {
      const id = parameters.get("DBInstanceIdentifier");
      const found = databases
        .in(region)
        .flatMap((cluster) => cluster.instances.map((one) => ({ cluster, ...one })))
        .filter((one) => !id || one.id === id);
      if (id && found.length === 0) {
        throw new QueryError("DBInstanceNotFound", `DBInstance ${id} not found.`, 404);
      }
      return {
        DBInstances: { DBInstance: found.map((one) => instance(one.cluster, one)) },
      };
    }
    case "RestoreDBClusterToPointInTime":
    case "CreateDBInstance":
    case "ModifyDBCluster":
    case "RebootDBInstance": {
      const { cluster, instance: one } = await change(databases, region, action, required, parameters);
      return one
        ? { DBInstance: instance(cluster, one) }
        : { DBCluster: await describeCluster(databases, cluster) };
    }
    case "FailoverGlobalCluster":
    case "SwitchoverGlobalCluster": {
      const global = databases.global(required("GlobalClusterIdentifier"));
      const target = global.target(required("TargetDbClusterIdentifier"));
      // Without leave to lose data a failover is a switchover.
      const mayLoseData = action === "FailoverGlobalCluster" && parameters.get("AllowDataLoss") === "true";
      const begun = mayLoseData
        ? global.beginFailover(region, target)
        : global.beginSwitchover(region, target);
      databases.carryOut(global, begun);
      return { GlobalCluster: await describeGlobal(global) };
    }
    default:
      throw new QueryError("InvalidAction", `The sandbox's RDS has no ${action}`);
  }
}

const instance = (cluster: Cluster, one: Instance): XmlValue => {
  const { host, port } = cluster.addressOf(one);
  return {
    DBInstanceIdentifier: one.id,
    DBInstanceClass: one.instanceClass,
    DBClusterIdentifier: cluster.id,
    DBInstanceStatus: cluster.loss === undefined ? "available" : "unavailable",
    AvailabilityZone: one.zone,
    Engine: "aurora-postgresql",
    EngineVersion: cluster.spec.engineVersion,
    Endpoint: { Address: host, Port: port },
  };
};

async function describeGlobal(global: GlobalCluster): Promise<XmlValue> {
  const { spec, status, members, failover, deletionProtection } = global;
  return {
    GlobalClusterIdentifier: spec.id,
    GlobalClusterArn: spec.arn,
    Status: status,
    Engine: spec.engine,
    EngineVersion: spec.engineVersion,
    DatabaseName: spec.databaseName,
    StorageEncrypted: spec.storageEncrypted,
    DeletionProtection: deletionProtection,
    GlobalClusterMembers: {
      GlobalClusterMember: await Promise.all(members.map((member) => describeMember(global, member))),
    },
    FailoverState: failover && {
      Status: failover.kind,
      FromDbClusterArn: failover.from.arn,
      ToDbClusterArn: failover.to.arn,
      IsDataLossAllowed: failover.kind === "failing-over",
    },
  };
}

async function describeMember({ members, primary, failover }: GlobalCluster, member: Cluster) {
  const isWriter = member === primary;
  const connected = isWriter || failover !== undefined ? undefined : await member.isConnected();
  return {
    DBClusterArn: member.arn,
    IsWriter: isWriter,
    Readers: { member: isWriter ? members.filter((other) => other !== primary).map(({ arn }) => arn) : [] },
    GlobalWriteForwardingStatus: "disabled",
    SynchronizationStatus: connected === undefined ? undefined : connected ? "connected" : "pending-resync",
  };
}

function statusOf(databases: Databases, cluster: Cluster): string {
  if (databases.renaming.has(cluster)) return "renaming";
  return databases.globalOf(cluster)?.failover?.to === cluster ? "failing-over" : "available";
}

async function describeCluster(databases: Databases, cluster: Cluster): Promise<XmlValue> {
  const { writer, reader } = cluster.endpoints;
  const window = await cluster.window();
  const global = databases.globalOf(cluster);
  const source = global?.primary;
  return {
    DBClusterIdentifier: cluster.id,
    DBClusterArn: cluster.arn,
    Status: statusOf(databases, cluster),
    Engine: "aurora-postgresql",
    EngineVersion: cluster.spec.engineVersion,
    DatabaseName: cluster.spec.databaseName,
    MasterUsername: cluster.spec.masterUsername,
    Endpoint: writer.host,
    ReaderEndpoint: reader.host,
    Port: writer.port,
    BackupRetentionPeriod: Number(cluster.settings.get("BackupRetentionPeriod") ?? 1),
    EarliestRestorableTime: window && new Date(window.earliest).toISOString(),
    LatestRestorableTime: window && new Date(window.latest).toISOString(),
    ReplicationSourceIdentifier: source && source !== cluster ? source.arn : undefined,
    DBClusterMembers: {
      DBClusterMember: cluster.instances.map((member) => ({
        DBInstanceIdentifier: member.id,
        IsClusterWriter: cluster.isWriter && cluster.isFirst(member),
      })),
    },
  };
}
