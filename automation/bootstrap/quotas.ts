/** Service quotas against what the program makes in a region: a deployment that stops half-way for one is avoidable. */
import type { Region } from "../../components/model.ts";
import type { Config, Place } from "../../stacks/config.ts";
import type { AwsCalls } from "../adapters/aws-call.ts";
import { ELASTIC_IPS, type QuotaCode, quotaValue, STANDARD_VCPUS } from "../adapters/quotas.ts";
import { addressesPerZone } from "../cost/estimate.ts";
import { vcpusOf } from "../instance-size.ts";
import { type Piece, there } from "./piece.ts";

interface Quota extends QuotaCode {
  readonly title: string;
  readonly needed: number;
}

/** Families that share one quota; the others have one each. */
const STANDARD = /^[acdhimrtz]/;

export function quotasOf({ cluster, network }: Config, place: Place): readonly Quota[] {
  const zones = network[place].zones.length;
  const ours = {
    network: network[place].existing === undefined,
    cluster: cluster.existing[place] === undefined,
  };
  const vcpus = STANDARD.test(cluster.instanceType) ? vcpusOf(cluster.instanceType) : undefined;
  return [
    // One per zone for the load balancer, one per zone for the NAT gateways: six, and the default is five.
    {
      ...ELASTIC_IPS,
      title: "Elastic IPs",
      needed: zones * addressesPerZone(network[place]),
    },
    ...(vcpus === undefined || !ours.cluster
      ? []
      : [
          {
            ...STANDARD_VCPUS,
            title: "vCPUs of running on-demand standard instances",
            needed: zones * cluster.nodesPerZone.max * vcpus,
          },
        ]),
    { service: "elasticloadbalancing", code: "L-69A177A2", title: "network load balancers", needed: 1 },
    ...(ours.network ? [{ service: "vpc", code: "L-F678F1CE", title: "VPCs", needed: 1 }] : []),
    ...(ours.cluster ? [{ service: "eks", code: "L-1194D53C", title: "EKS clusters", needed: 1 }] : []),
  ];
}

export const quota = (calls: AwsCalls, region: Region, wanted: Quota): Piece => ({
  title: `quota of ${wanted.title} in ${region}`,
  async look() {
    const value = await quotaValue(calls, region, wanted);
    if (value === undefined) return { state: "unknown", detail: `${wanted.code} has no value here` };
    const facts = `${value}, the program needs ${wanted.needed} beside what the account uses already`;
    if (value >= wanted.needed) return there(facts);
    return {
      state: "short",
      detail: `${facts}: aws service-quotas request-service-quota-increase --region ${region} --service-code ${wanted.service} --quota-code ${wanted.code} --desired-value ${wanted.needed}`,
    };
  },
});
