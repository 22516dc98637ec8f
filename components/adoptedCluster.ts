/** An EKS cluster that somebody else owns: looked at, checked, and used. Who may enter it is its owner's business. */
import { getAddon } from "@pulumi/aws/eks/getAddon.js";
import { getCluster } from "@pulumi/aws/eks/getCluster.js";
import { getNodeGroup } from "@pulumi/aws/eks/getNodeGroup.js";
import type { Provider as Aws } from "@pulumi/aws/provider.js";
import type { Provider as Kubernetes } from "@pulumi/kubernetes/provider.js";
import { ComponentResource, type ComponentResourceOptions, type Output, output } from "@pulumi/pulumi";
import type { RegionCluster } from "./cluster.ts";
import { kubernetesProvider } from "./kubeconfig.ts";
import type { Region } from "./model.ts";

export interface ExistingCluster {
  readonly name: string;
  /** Name of the managed node group in each zone. */
  readonly nodeGroups: Readonly<Record<string, string>>;
}

export interface AdoptedClusterArgs {
  readonly region: Region;
  readonly existing: ExistingCluster;
  /** Oldest Kubernetes version that will do. */
  readonly version: string;
  /** With the private subnet of each. */
  readonly zones: readonly { readonly name: string; readonly subnetId: string }[];
}

export interface SeenCluster {
  readonly version: string;
  readonly status: string;
  /** Of its node groups, by zone. */
  readonly subnetIds: Readonly<Record<string, readonly string[]>>;
  /** Configuration of add-ons that are there, by name; undefined: missing. */
  readonly addons: Readonly<Record<string, string | undefined>>;
}

/** What pods get their AWS rights from, and what keeps them apart. */
const ADDONS = ["eks-pod-identity-agent", "vpc-cni"] as const;

const minor = (version: string): number => Number(version.split(".")[1]);

/** Why the cluster is not fit for the platform, one line each. */
export function unfitCluster(
  { existing, version, zones }: Pick<AdoptedClusterArgs, "existing" | "version" | "zones">,
  seen: SeenCluster,
): string[] {
  const { name } = existing;
  const network = seen.addons["vpc-cni"];
  return [
    seen.status === "ACTIVE" ? "" : `cluster ${name} is ${seen.status}, not ACTIVE`,
    minor(seen.version) >= minor(version)
      ? ""
      : `cluster ${name} has Kubernetes ${seen.version}, ${version} is needed`,
    ...zones.map(({ name: zone, subnetId }) => {
      const subnets = seen.subnetIds[zone] ?? [];
      return subnets.length === 1 && subnets[0] === subnetId
        ? ""
        : `node group ${existing.nodeGroups[zone]} is in ${subnets.join(", ") || "no subnet"}; only in ${subnetId} is the loss of ${zone} the loss of one group`;
    }),
    seen.addons["eks-pod-identity-agent"] === undefined
      ? `cluster ${name} lacks the add-on eks-pod-identity-agent: pods would have no rights in AWS`
      : "",
    network === undefined || !/"enableNetworkPolicy"\s*:\s*"?true/.test(network)
      ? `cluster ${name} does not enforce network policies: set enableNetworkPolicy of the add-on vpc-cni to "true"`
      : "",
  ].filter((problem) => problem !== "");
}

export class AdoptedCluster extends ComponentResource implements RegionCluster {
  readonly clusterName: Output<string>;
  readonly clusterArn: Output<string>;
  readonly endpoint: Output<string>;
  readonly certificateAuthority: Output<string>;
  readonly securityGroupId: Output<string>;
  readonly kubernetes: Kubernetes;

  readonly #scalingGroups: ReadonlyMap<string, string>;

  private constructor(
    name: string,
    args: AdoptedClusterArgs,
    found: Found,
    options: ComponentResourceOptions,
  ) {
    super("trading-platform:components:AdoptedCluster", name, {}, options);
    this.clusterName = output(args.existing.name);
    this.clusterArn = output(found.arn);
    this.endpoint = output(found.endpoint);
    this.certificateAuthority = output(found.certificateAuthority);
    this.securityGroupId = output(found.securityGroupId);
    this.#scalingGroups = found.scalingGroups;
    this.kubernetes = kubernetesProvider(
      name,
      { ...this, clusterName: args.existing.name, region: args.region },
      { parent: this },
    );
    this.registerOutputs({ endpoint: this.endpoint });
  }

  /** Throws with every reason why not. Reads in the region itself, and only there. */
  static async adopt(
    name: string,
    args: AdoptedClusterArgs,
    provider: Aws,
    options: ComponentResourceOptions,
  ): Promise<AdoptedCluster> {
    return new AdoptedCluster(name, args, await look(args, provider), options);
  }

  scalingGroupIn(zone: string): Output<string> {
    const group = this.#scalingGroups.get(zone);
    if (group === undefined) throw new Error(`the adopted cluster has no node group in zone ${zone}`);
    return output(group);
  }
}

interface Found {
  readonly arn: string;
  readonly endpoint: string;
  readonly certificateAuthority: string;
  readonly securityGroupId: string;
  readonly scalingGroups: ReadonlyMap<string, string>;
}

async function look(args: AdoptedClusterArgs, provider: Aws): Promise<Found> {
  const { existing, region } = args;
  const options = { provider };
  const clusterName = existing.name;
  const [cluster, groups, addons] = await Promise.all([
    getCluster({ name: clusterName, region }, options),
    Promise.all(
      Object.entries(existing.nodeGroups).map(async ([zone, nodeGroupName]) => {
        const group = await getNodeGroup({ clusterName, nodeGroupName, region }, options);
        return {
          zone,
          subnetIds: group.subnetIds,
          scaling: group.resources[0]?.autoscalingGroups[0]?.name ?? "",
        };
      }),
    ),
    Promise.all(
      ADDONS.map(async (addonName) => {
        const addon = await getAddon({ clusterName, addonName, region }, options).catch((error: Error) => {
          if (/couldn't find resource|ResourceNotFoundException/.test(error.message)) return undefined;
          throw error;
        });
        return [addonName, addon?.configurationValues] as const;
      }),
    ),
  ]);
  const problems = unfitCluster(args, {
    version: cluster.version,
    status: cluster.status,
    subnetIds: Object.fromEntries(groups.map(({ zone, subnetIds }) => [zone, subnetIds])),
    addons: Object.fromEntries(addons),
  });
  if (problems.length > 0) throw new Error(`the existing cluster is not fit:\n  ${problems.join("\n  ")}`);
  return {
    arn: cluster.arn,
    endpoint: cluster.endpoint,
    certificateAuthority: cluster.certificateAuthorities[0]?.data ?? "",
    securityGroupId: cluster.vpcConfig.clusterSecurityGroupId,
    scalingGroups: new Map(groups.map(({ zone, scaling }) => [zone, scaling])),
  };
}
