/** Service quotas against what the program makes in a region: a deployment that stops half-way for one is avoidable. */
import { z } from "zod";
import type { Region } from "../../components/model.ts";
import type { Config, Place } from "../../stacks/config.ts";
import type { AwsCalls } from "../adapters/aws-call.ts";
import { addressesPerZone } from "../cost/estimate.ts";
import { vcpusOf } from "../instance-size.ts";
import { orAbsent, type Piece, there } from "./piece.ts";

interface Quota {
  readonly service: string;
  /** https://docs.aws.amazon.com/general/latest/gr/aws-service-information.html */
  readonly code: string;
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
      service: "ec2",
      code: "L-0263D0A3",
      title: "Elastic IPs",
      needed: zones * addressesPerZone(network[place]),
    },
    ...(vcpus === undefined || !ours.cluster
      ? []
      : [
          {
            service: "ec2",
            code: "L-1216C47A",
            title: "vCPUs of running on-demand standard instances",
            needed: zones * cluster.nodesPerZone.max * vcpus,
          },
        ]),
    { service: "elasticloadbalancing", code: "L-69A177A2", title: "network load balancers", needed: 1 },
    ...(ours.network ? [{ service: "vpc", code: "L-F678F1CE", title: "VPCs", needed: 1 }] : []),
    ...(ours.cluster ? [{ service: "eks", code: "L-1194D53C", title: "EKS clusters", needed: 1 }] : []),
  ];
}

const answer = z.object({ Quota: z.object({ Value: z.number() }) });

export const quota = (calls: AwsCalls, region: Region, wanted: Quota): Piece => ({
  title: `quota of ${wanted.title} in ${region}`,
  async look() {
    const ask = async (operation: string) =>
      await orAbsent(
        calls.rpc("quotas", region, operation, { ServiceCode: wanted.service, QuotaCode: wanted.code }),
        "NoSuchResourceException",
      );
    // An account that never asked for more has only the default.
    const found = (await ask("GetServiceQuota")) ?? (await ask("GetAWSDefaultServiceQuota"));
    const value = found === undefined ? undefined : answer.parse(found).Quota.Value;
    if (value === undefined) return { state: "unknown", detail: `${wanted.code} has no value here` };
    const facts = `${value}, the program needs ${wanted.needed} beside what the account uses already`;
    if (value >= wanted.needed) return there(facts);
    return {
      state: "short",
      detail: `${facts}: aws service-quotas request-service-quota-increase --region ${region} --service-code ${wanted.service} --quota-code ${wanted.code} --desired-value ${wanted.needed}`,
    };
  },
});
