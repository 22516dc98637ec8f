/** An EKS cluster that somebody else owns: looked at, checked, and used. It is left as it is. */
import { getLogGroup } from "@pulumi/aws/cloudwatch/getLogGroup.js";
import { getAccessEntry } from "@pulumi/aws/eks/getAccessEntry.js";
import { getAddon } from "@pulumi/aws/eks/getAddon.js";
import { getCluster } from "@pulumi/aws/eks/getCluster.js";
import { getNodeGroup } from "@pulumi/aws/eks/getNodeGroup.js";
import type { Provider as Aws } from "@pulumi/aws/provider.js";
import type { Provider as Kubernetes } from "@pulumi/kubernetes/provider.js";
import { ComponentResource, type ComponentResourceOptions, type Output, output } from "@pulumi/pulumi";
import type { RegionCluster } from "./cluster.ts";
import { kubernetesProvider } from "./kubeconfig.ts";
import type { Region } from "./model.ts";
import { containerLogsName } from "./names.ts";
import { orAbsent } from "./orAbsent.ts";

export interface ExistingCluster {
  readonly name: string;
  /** Name of the managed node group in each zone. */
  readonly nodeGroups: Readonly<Record<string, string>>;
}

export interface ClusterNeeds {
  readonly region: Region;
  readonly existing: ExistingCluster;
  /** Oldest Kubernetes version that will do. */
  readonly version: string;
  /** What config reckons with: without any one zone the others' minimum carries the full load. */
  readonly instanceType: string;
  readonly nodesPerZone: { readonly min: number };
  /** Who deploys and fails over; each needs a way in. */
  readonly adminRoles: readonly string[];
  /** With the private subnet of each. */
  readonly zones: readonly { readonly name: string; readonly subnetId: string }[];
}

export interface SeenCluster {
  readonly version: string;
  readonly status: string;
  /** Ranges that may reach the API server from outside; empty: none. */
  readonly openTo: readonly string[];
  /** Its node groups, by zone; those that are there. */
  readonly groups: Readonly<Record<string, SeenGroup>>;
  /** Whether there is a log group into which its containers' output goes. */
  readonly hasLogs: boolean;
  /** Roles without an access entry. */
  readonly shutOut: readonly string[];
  /** Configuration of add-ons that are there, by name; undefined: missing. */
  readonly addons: Readonly<Record<string, string | undefined>>;
}

export interface SeenGroup {
  readonly subnetIds: readonly string[];
  readonly minSize: number;
  /** Empty where the launch template names one, which is not looked at. */
  readonly instanceTypes: readonly string[];
}

/** What pods get their AWS rights from, what keeps them apart, and what tells of their errors. */
const ADDONS = ["eks-pod-identity-agent", "vpc-cni", "amazon-cloudwatch-observability"] as const;

const ANYWHERE = "0.0.0.0/0";

const minor = (version: string): number => Number(version.split(".")[1]);

/** Why the cluster is not fit for the platform, one line each. */
export function unfitCluster(args: Omit<ClusterNeeds, "region">, seen: SeenCluster): string[] {
  const what = `cluster ${args.existing.name}`;
  const network = seen.addons["vpc-cni"];
  return [
    seen.status === "ACTIVE" ? "" : `${what} is ${seen.status}, not ACTIVE`,
    minor(seen.version) >= minor(args.version)
      ? ""
      : `${what} has Kubernetes ${seen.version}, ${args.version} is needed`,
    seen.openTo.includes(ANYWHERE)
      ? `${what} can be reached from ${ANYWHERE}: name who may, or close its public endpoint`
      : "",
    ...args.zones.flatMap((zone) => unfitGroup(args, zone, seen.groups[zone.name])),
    seen.addons["eks-pod-identity-agent"] === undefined
      ? `${what} lacks the add-on eks-pod-identity-agent: pods would have no rights in AWS`
      : "",
    seen.addons["amazon-cloudwatch-observability"] === undefined
      ? `${what} lacks the add-on amazon-cloudwatch-observability: no alarm would see an error`
      : "",
    seen.hasLogs
      ? ""
      : `${what} has no log group ${containerLogsName(args.existing.name)}: its add-on amazon-cloudwatch-observability has to write there`,
    network === undefined || !/"enableNetworkPolicy"\s*:\s*"?true/.test(network)
      ? `${what} does not enforce network policies: set enableNetworkPolicy of the add-on vpc-cni to "true"`
      : "",
    ...seen.shutOut.map(
      (role) => `${what} has no access entry for ${role}: who deploys or fails over could not enter`,
    ),
  ].filter((problem) => problem !== "");
}

function unfitGroup(
  { existing, instanceType, nodesPerZone }: Omit<ClusterNeeds, "region">,
  { name: zone, subnetId }: ClusterNeeds["zones"][number],
  seen: SeenGroup | undefined,
): string[] {
  const what = `node group ${existing.nodeGroups[zone]}`;
  if (seen === undefined) return [`there is no ${what} in cluster ${existing.name}`];
  const { instanceTypes, minSize, subnetIds } = seen;
  return [
    subnetIds.length === 1 && subnetIds[0] === subnetId
      ? ""
      : `${what} is in ${subnetIds.join(", ") || "no subnet"}; only in ${subnetId} is the loss of ${zone} the loss of one group`,
    minSize >= nodesPerZone.min
      ? ""
      : `${what} keeps ${minSize} nodes at least, cluster.nodesPerZone.min says ${nodesPerZone.min}: without one zone the others would not carry the load`,
    instanceTypes.every((type) => type === instanceType)
      ? ""
      : `${what} has ${instanceTypes.join(", ")}, cluster.instanceType says ${instanceType}: the load was reckoned with it`,
  ];
}

/** Throws when there is none. Reads in the region itself, and only there. */
export async function lookAtCluster(args: ClusterNeeds, provider: Aws): Promise<FoundCluster> {
  const { existing, region } = args;
  const options = { provider };
  const clusterName = existing.name;
  const [cluster, found, addons, entries, logs] = await Promise.all([
    orAbsent(getCluster({ name: clusterName, region }, options)),
    Promise.all(
      Object.entries(existing.nodeGroups).map(async ([zone, nodeGroupName]) => {
        const group = await orAbsent(getNodeGroup({ clusterName, nodeGroupName, region }, options));
        return group === undefined ? [] : [{ zone, ...group }];
      }),
    ),
    Promise.all(
      ADDONS.map(async (addonName) => {
        const addon = await orAbsent(getAddon({ clusterName, addonName, region }, options));
        return [addonName, addon?.configurationValues] as const;
      }),
    ),
    Promise.all(
      args.adminRoles.map((principalArn) =>
        orAbsent(getAccessEntry({ clusterName, principalArn, region }, options)),
      ),
    ),
    orAbsent(getLogGroup({ name: containerLogsName(clusterName), region }, options)),
  ]);
  if (cluster === undefined) throw new Error(`there is no cluster ${clusterName} in ${region}`);
  const groups = found.flat();
  const { endpointPublicAccess, publicAccessCidrs, clusterSecurityGroupId } = cluster.vpcConfig;
  const unfit = unfitCluster(args, {
    version: cluster.version,
    status: cluster.status,
    openTo: endpointPublicAccess ? publicAccessCidrs : [],
    groups: Object.fromEntries(
      groups.map(({ zone, subnetIds, instanceTypes, scalingConfigs }) => [
        zone,
        { subnetIds, instanceTypes, minSize: scalingConfigs[0]?.minSize ?? 0 },
      ]),
    ),
    addons: Object.fromEntries(addons),
    hasLogs: logs !== undefined,
    shutOut: args.adminRoles.filter((_, n) => entries[n] === undefined),
  });
  return {
    unfit,
    arn: cluster.arn,
    endpoint: cluster.endpoint,
    certificateAuthority: cluster.certificateAuthorities[0]?.data ?? "",
    securityGroupId: clusterSecurityGroupId,
    scalingGroups: new Map(
      groups.map(({ zone, resources }) => [zone, resources[0]?.autoscalingGroups[0]?.name ?? ""]),
    ),
  };
}

export interface FoundCluster {
  /** Every reason why it is not fit. */
  readonly unfit: readonly string[];
  readonly arn: string;
  readonly endpoint: string;
  readonly certificateAuthority: string;
  readonly securityGroupId: string;
  /** By zone. */
  readonly scalingGroups: ReadonlyMap<string, string>;
}

export interface AdoptedClusterArgs {
  readonly region: Region;
  readonly clusterName: string;
  readonly found: FoundCluster;
}

export class AdoptedCluster extends ComponentResource implements RegionCluster {
  readonly clusterName: Output<string>;
  readonly clusterArn: Output<string>;
  readonly endpoint: Output<string>;
  readonly certificateAuthority: Output<string>;
  readonly securityGroupId: Output<string>;
  readonly kubernetes: Kubernetes;

  readonly #scalingGroups: ReadonlyMap<string, string>;

  constructor(
    name: string,
    { clusterName, region, found }: AdoptedClusterArgs,
    options: ComponentResourceOptions,
  ) {
    super("trading-platform:components:AdoptedCluster", name, {}, options);
    this.clusterName = output(clusterName);
    this.clusterArn = output(found.arn);
    this.endpoint = output(found.endpoint);
    this.certificateAuthority = output(found.certificateAuthority);
    this.securityGroupId = output(found.securityGroupId);
    this.#scalingGroups = found.scalingGroups;
    this.kubernetes = kubernetesProvider(name, { ...this, clusterName, region }, { parent: this });
    this.registerOutputs({ endpoint: this.endpoint });
  }

  scalingGroupIn(zone: string): Output<string> {
    const group = this.#scalingGroups.get(zone);
    if (group === undefined) throw new Error(`the adopted cluster has no node group in zone ${zone}`);
    return output(group);
  }
}
