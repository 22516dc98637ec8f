/** Service quotas against what the program makes in a region: a deployment that stops half-way for one is avoidable. */
import {
  GetAWSDefaultServiceQuotaCommand,
  GetServiceQuotaCommand,
  type ServiceQuotasClient,
} from "@aws-sdk/client-service-quotas";
import type { Region } from "../../components/model.ts";
import type { Config } from "../../stacks/config.ts";
import { vcpusOf } from "../instance-size.ts";
import { orAbsent, type Piece, there } from "./piece.ts";

interface Quota {
  readonly service: string;
  /** https://docs.aws.amazon.com/general/latest/gr/aws-service-information.html */
  readonly code: string;
  readonly title: string;
  readonly needed: number;
}

const ZONES = 3;

/** Families that share one quota; the others have one each. */
const STANDARD = /^[acdhimrtz]/;

export function quotasOf({ cluster }: Config): readonly Quota[] {
  const vcpus = STANDARD.test(cluster.instanceType) ? vcpusOf(cluster.instanceType) : undefined;
  return [
    // One per zone for the load balancer, one per zone for the NAT gateways: six, and the default is five.
    { service: "ec2", code: "L-0263D0A3", title: "Elastic IPs", needed: 2 * ZONES },
    ...(vcpus === undefined
      ? []
      : [
          {
            service: "ec2",
            code: "L-1216C47A",
            title: "vCPUs of running on-demand standard instances",
            needed: ZONES * cluster.nodesPerZone.max * vcpus,
          },
        ]),
    { service: "elasticloadbalancing", code: "L-69A177A2", title: "network load balancers", needed: 1 },
    { service: "vpc", code: "L-F678F1CE", title: "VPCs", needed: 1 },
    { service: "eks", code: "L-1194D53C", title: "EKS clusters", needed: 1 },
  ];
}

export const quota = (quotas: ServiceQuotasClient, region: Region, wanted: Quota): Piece => ({
  title: `quota of ${wanted.title} in ${region}`,
  async look() {
    const key = { ServiceCode: wanted.service, QuotaCode: wanted.code };
    // An account that never asked for more has only the default.
    const absent = "NoSuchResourceException";
    const own = await orAbsent(quotas.send(new GetServiceQuotaCommand(key)), absent);
    const found = own ?? (await orAbsent(quotas.send(new GetAWSDefaultServiceQuotaCommand(key)), absent));
    const value = found?.Quota?.Value;
    if (value === undefined) return { state: "unknown", detail: `${wanted.code} has no value here` };
    const facts = `${value}, the program needs ${wanted.needed} beside what the account uses already`;
    if (value >= wanted.needed) return there(facts);
    return {
      state: "short",
      detail: `${facts}: aws service-quotas request-service-quota-increase --region ${region} --service-code ${wanted.service} --quota-code ${wanted.code} --desired-value ${wanted.needed}`,
    };
  },
});
