/** AWS clients of bootstrap. IAM and Route 53 have one control plane, in us-east-1; it is needed now, never later. */
import { IAMClient } from "@aws-sdk/client-iam";
import { Route53Client } from "@aws-sdk/client-route-53";
import { S3Client } from "@aws-sdk/client-s3";
import { STSClient } from "@aws-sdk/client-sts";
import type { RegionTriple } from "../../components/model.ts";
import { patience } from "../adapters/aws.ts";
import { AwsCalls } from "../adapters/aws-call.ts";
import { Endpoints } from "../adapters/endpoints.ts";

export interface BootstrapClients {
  readonly sts: STSClient;
  readonly iam: IAMClient;
  readonly route53: Route53Client;
  readonly s3: S3Client;
  /** Keys and quotas: a question or two each. */
  readonly calls: AwsCalls;
}

const GLOBAL = "us-east-1";

/** @param endpoint replaces AWS' own */
export function bootstrapClients(regions: RegionTriple, endpoint?: string): BootstrapClients {
  const of = (region: string) => ({ region, ...patience, ...(endpoint && { endpoint }) });
  const sts = new STSClient(of(regions.witness));
  return {
    sts,
    iam: new IAMClient(of(GLOBAL)),
    route53: new Route53Client(of(GLOBAL)),
    s3: new S3Client({ ...of(regions.witness), forcePathStyle: true }),
    calls: new AwsCalls(new Endpoints(Object.values(regions)), () => sts.config.credentials(), endpoint),
  };
}
