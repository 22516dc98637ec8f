/** AWS clients of bootstrap. IAM and Route 53 have one control plane, in us-east-1; it is needed now, never later. */
import { IAMClient } from "@aws-sdk/client-iam";
import { KMSClient } from "@aws-sdk/client-kms";
import { Route53Client } from "@aws-sdk/client-route-53";
import { S3Client } from "@aws-sdk/client-s3";
import { ServiceQuotasClient } from "@aws-sdk/client-service-quotas";
import { STSClient } from "@aws-sdk/client-sts";
import type { Region, RegionTriple } from "../../components/model.ts";
import { patience } from "../adapters/aws.ts";

export interface BootstrapClients {
  readonly sts: STSClient;
  readonly iam: IAMClient;
  readonly route53: Route53Client;
  readonly kms: KMSClient;
  readonly s3: S3Client;
  readonly quotas: (region: Region) => ServiceQuotasClient;
}

const GLOBAL = "us-east-1";

/** @param endpoint replaces AWS' own; the SDK's environment does it without */
export function bootstrapClients({ witness }: RegionTriple, endpoint?: string): BootstrapClients {
  const of = (region: string) => ({ region, ...patience, ...(endpoint && { endpoint }) });
  return {
    sts: new STSClient(of(witness)),
    iam: new IAMClient(of(GLOBAL)),
    route53: new Route53Client(of(GLOBAL)),
    kms: new KMSClient(of(witness)),
    s3: new S3Client({ ...of(witness), forcePathStyle: true }),
    quotas: (region) => new ServiceQuotasClient(of(region)),
  };
}
