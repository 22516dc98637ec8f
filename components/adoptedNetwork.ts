/** A VPC that somebody else owns: looked at, checked, and left as it is. Its endpoints and flow logs are its owner's. */
import { getRouteTable } from "@pulumi/aws/ec2/getRouteTable.js";
import { getSubnet } from "@pulumi/aws/ec2/getSubnet.js";
import { getVpc } from "@pulumi/aws/ec2/getVpc.js";
import type { Provider as Aws } from "@pulumi/aws/provider.js";
import { output } from "@pulumi/pulumi";
import type { Region } from "./model.ts";
import type { RegionNetwork } from "./network.ts";
import { orAbsent } from "./orAbsent.ts";

export const TIERS = ["public", "private", "data"] as const;
export type Tier = (typeof TIERS)[number];

export interface ExistingNetwork {
  readonly vpcId: string;
  /** Ids, by zone in the order of the zones. */
  readonly subnets: readonly Readonly<Record<Tier, string>>[];
}

export interface NetworkNeeds {
  readonly region: Region;
  /** As config has it; it is what the other region's range is kept apart from. */
  readonly cidr: string;
  readonly zones: readonly string[];
  readonly existing: ExistingNetwork;
}

export interface SeenSubnet {
  readonly id: string;
  readonly tier: Tier;
  /** Where it should be. */
  readonly zone: string;
  readonly availabilityZone: string;
  readonly vpcId: string;
  readonly freeAddresses: number;
  /** Whether a route table is its own; without one it follows the VPC's main table, which nobody wrote for it. */
  readonly isRouted: boolean;
  /** What its default route leads to, e.g. `nat-…`, `igw-…`; undefined: nowhere. */
  readonly wayOut: string | undefined;
}

export interface SeenNetwork {
  readonly cidr: string;
  readonly hasDnsNames: boolean;
  readonly subnets: readonly SeenSubnet[];
}

/** Load balancer and database need eight addresses each, nodes and their pods many. */
const FREE_ADDRESSES: Readonly<Record<Tier, number>> = { public: 8, private: 250, data: 8 };
const ANYWHERE = "0.0.0.0/0";

/** Why the network is not fit for the platform, one line each. */
export function unfitNetwork(args: Pick<NetworkNeeds, "cidr" | "existing">, seen: SeenNetwork): string[] {
  return [
    seen.cidr === args.cidr
      ? ""
      : `${args.existing.vpcId} has the range ${seen.cidr}, config says ${args.cidr}: the other region's must not overlap the real one`,
    seen.hasDnsNames
      ? ""
      : `${args.existing.vpcId} does not resolve names of AWS: turn on DNS support and DNS hostnames`,
    ...seen.subnets.flatMap((subnet) => unfitSubnet(args.existing.vpcId, subnet)),
  ].filter((problem) => problem !== "");
}

function unfitSubnet(vpcId: string, subnet: SeenSubnet): string[] {
  const what = `${subnet.tier} subnet ${subnet.id}`;
  const isInternet = subnet.wayOut?.startsWith("igw-") ?? false;
  if (!subnet.isRouted) {
    return [`${what} follows the main route table of its VPC: associate one that is written for it`];
  }
  return [
    subnet.vpcId === vpcId ? "" : `${what} is in ${subnet.vpcId}, not in ${vpcId}`,
    subnet.availabilityZone === subnet.zone
      ? ""
      : `${what} is in ${subnet.availabilityZone}, its place in config says ${subnet.zone}`,
    subnet.freeAddresses >= FREE_ADDRESSES[subnet.tier]
      ? ""
      : `${what} has ${subnet.freeAddresses} free addresses, ${FREE_ADDRESSES[subnet.tier]} are needed`,
    subnet.tier !== "public" || isInternet ? "" : `${what} has no route to an internet gateway`,
    subnet.tier !== "private" || (subnet.wayOut !== undefined && !isInternet)
      ? ""
      : `${what} needs a default route to a NAT or transit gateway, it leads ${subnet.wayOut === undefined ? "nowhere" : `to ${subnet.wayOut}`}`,
    subnet.tier !== "data" || !isInternet ? "" : `${what} has a route to the internet: a database must not`,
  ].filter((problem) => problem !== "");
}

export interface FoundNetwork extends RegionNetwork {
  /** Every reason why it is not fit. */
  readonly unfit: readonly string[];
}

/** Throws when there is none. Reads in the region itself, and only there. */
export async function lookAtNetwork(args: NetworkNeeds, provider: Aws): Promise<FoundNetwork> {
  const { existing, region, zones } = args;
  const options = { provider };
  const places = existing.subnets.flatMap((ids, n) =>
    TIERS.map((tier) => ({ tier, id: ids[tier], zone: zones[n] ?? "" })),
  );
  const [vpc, looked] = await Promise.all([
    orAbsent(getVpc({ id: existing.vpcId, region }, options)),
    Promise.all(
      places.map(async ({ tier, id, zone }): Promise<SeenSubnet | string> => {
        const [subnet, table] = await Promise.all([
          orAbsent(getSubnet({ id, region }, options)),
          orAbsent(getRouteTable({ subnetId: id, region }, options)),
        ]);
        if (subnet === undefined) return id;
        const route = table?.routes.find(({ cidrBlock }) => cidrBlock === ANYWHERE);
        const wayOut = [
          route?.gatewayId,
          route?.natGatewayId,
          route?.transitGatewayId,
          route?.networkInterfaceId,
        ];
        return {
          ...{ tier, id, zone, availabilityZone: subnet.availabilityZone, vpcId: subnet.vpcId },
          freeAddresses: subnet.availableIpAddressCount,
          isRouted: table !== undefined,
          wayOut: wayOut.find((target) => target !== undefined && target !== ""),
        };
      }),
    ),
  ]);
  if (vpc === undefined) throw new Error(`there is no ${existing.vpcId} in ${region}`);
  const unfit = [
    ...looked.filter((one) => typeof one === "string").map((id) => `there is no ${id} in ${region}`),
    ...unfitNetwork(args, {
      cidr: vpc.cidrBlock,
      hasDnsNames: vpc.enableDnsHostnames && vpc.enableDnsSupport,
      subnets: looked.filter((one) => typeof one !== "string"),
    }),
  ];
  return {
    unfit,
    vpcId: output(existing.vpcId),
    zones: existing.subnets.map((ids, n) => ({
      name: zones[n] ?? "",
      publicSubnetId: output(ids.public),
      privateSubnetId: output(ids.private),
      dataSubnetId: output(ids.data),
    })),
  };
}
