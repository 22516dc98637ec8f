/**
 * What cannot be made or changed anywhere while us-east-1 is down, because AWS controls it from there. Data planes
 * live on, and so do changes that are not listed here.
 */
import type { Region } from "../../../components/model.ts";
import type { Properties } from "../../cloud/behaviour.ts";
import type { Operation } from "../bridge/cloud.ts";

export const CONTROL_REGION: Region = "us-east-1";

export interface Reason {
  /** What is in us-east-1. */
  readonly why: string;
  /** Where AWS says so. */
  readonly page: string;
}

interface Dependency extends Reason {
  readonly types: RegExp;
  readonly operations: readonly Operation[];
  readonly unless?: (properties: Properties) => boolean;
}

const EVERY: readonly Operation[] = ["create", "read", "update", "delete"];
const CHANGES: readonly Operation[] = ["create", "update", "delete"];
/** Makes or removes a DNS record, which is Route 53's business. */
const NAMED: readonly Operation[] = ["create", "delete"];

const WHITEPAPER = "https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries";
const GLOBAL = `${WHITEPAPER}/global-services.html`;
const PARTITIONAL = `${WHITEPAPER}/appendix-a---partitional-service-guidance.html`;
const EDGE = `${WHITEPAPER}/appendix-b---edge-network-global-service-guidance.html`;

const DEPENDENCIES: readonly Dependency[] = [
  { types: /^aws:iam\//, operations: EVERY, why: "the control plane of IAM", page: PARTITIONAL },
  { types: /^aws:route53\//, operations: EVERY, why: "the control plane of Route 53", page: EDGE },
  {
    types: /^aws:lb\/loadBalancer:|^aws:eks\/cluster:|^aws:rds\/(cluster|clusterInstance):/,
    operations: NAMED,
    why: "the control plane of Route 53, where its DNS name is made",
    page: GLOBAL,
  },
  {
    types: /^aws:ec2\/vpcEndpoint:/,
    operations: NAMED,
    why: "the control plane of Route 53, where its DNS name is made",
    page: GLOBAL,
    unless: ({ vpcEndpointType }) => vpcEndpointType === undefined || vpcEndpointType === "Gateway",
  },
  {
    types: /^aws:s3\/bucket/,
    operations: CHANGES,
    why: "the part of S3 that configures buckets everywhere",
    page: GLOBAL,
  },
  {
    types: /^aws:budgets\//,
    operations: EVERY,
    why: "the endpoint of AWS Budgets",
    page: "https://docs.aws.amazon.com/general/latest/gr/billing.html",
  },
];

/** Why the operation needs us-east-1; undefined: it does not. */
export const needsControlRegion = (
  type: string,
  operation: Operation,
  properties: Properties,
): Reason | undefined =>
  DEPENDENCIES.find(
    ({ types, operations, unless }) =>
      types.test(type) && operations.includes(operation) && unless?.(properties) !== true,
  );
