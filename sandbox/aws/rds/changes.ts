/** The RDS calls by which a database is restored beside a damaged one, which is then set aside. */
import type { Region } from "../../../components/model.ts";
import type { Cluster, Instance } from "../../aurora/cluster.ts";
import type { Databases } from "../../aurora/databases.ts";
import { QueryError } from "../query.ts";

export interface Changed {
  readonly cluster: Cluster;
  readonly instance?: Instance;
}

export type Change =
  | "RestoreDBClusterToPointInTime"
  | "CreateDBInstance"
  | "ModifyDBCluster"
  | "RebootDBInstance";

export async function change(
  databases: Databases,
  region: Region,
  action: Change,
  required: (name: string) => string,
  parameters: URLSearchParams,
): Promise<Changed> {
  switch (action) {
    case "RestoreDBClusterToPointInTime": {
      const from = databases.cluster(region, required("SourceDBClusterIdentifier"));
      const id = required("DBClusterIdentifier");
      const cluster = await databases.restoreCluster(from, id, Date.parse(required("RestoreToTime")));
      keep(cluster, parameters);
      return { cluster };
    }
    case "CreateDBInstance": {
      const cluster = databases.cluster(region, required("DBClusterIdentifier"));
      const id = required("DBInstanceIdentifier");
      if (databases.in(region).some(({ instances }) => instances.some((one) => one.id === id))) {
        throw new QueryError("DBInstanceAlreadyExists", `DB instance already exists: ${id}`);
      }
      const zone = parameters.get("AvailabilityZone") ?? `${region}${"abc"[cluster.instances.length % 3]}`;
      const instance = { id, zone, instanceClass: required("DBInstanceClass") };
      await cluster.addInstance(instance);
      return { cluster, instance };
    }
    case "ModifyDBCluster": {
      const cluster = databases.cluster(region, required("DBClusterIdentifier"));
      const name = parameters.get("NewDBClusterIdentifier");
      if (name) databases.rename(cluster, name);
      keep(cluster, parameters);
      return { cluster };
    }
    case "RebootDBInstance": {
      const id = required("DBInstanceIdentifier");
      const cluster = databases.in(region).find(({ instances }) => instances.some((one) => one.id === id));
      const instance = cluster?.instances.find((one) => one.id === id);
      if (!cluster || !instance)
        throw new QueryError("DBInstanceNotFound", `DBInstance ${id} not found.`, 404);
      await cluster.restart(parametersOf(databases, cluster));
      return { cluster, instance };
    }
  }
}

/** A list's members have a number at their end: `VpcSecurityGroupIds.VpcSecurityGroupId.1`. */
function keep({ settings }: Cluster, parameters: URLSearchParams): void {
  for (const [name, value] of parameters) settings.set(name, value);
}

function parametersOf(databases: Databases, { region, settings }: Cluster): Readonly<Record<string, string>> {
  const group = databases.parameterGroups.get(`${region}/${settings.get("DBClusterParameterGroupName")}`);
  const readOnly = group?.["default_transaction_read_only"];
  return readOnly === undefined ? {} : { default_transaction_read_only: readOnly };
}
