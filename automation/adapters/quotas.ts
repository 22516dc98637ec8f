/** Service quotas. https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_GetServiceQuota.html */
import { z } from "zod";
import type { Region } from "../../components/model.ts";
import type { AwsCalls } from "./aws-call.ts";

/** https://docs.aws.amazon.com/general/latest/gr/aws-service-information.html */
export interface QuotaCode {
  readonly service: string;
  readonly code: string;
}
/** Running on-demand instances of the standard families, in vCPUs. */
export const STANDARD_VCPUS: QuotaCode = { service: "ec2", code: "L-1216C47A" };
export const ELASTIC_IPS: QuotaCode = { service: "ec2", code: "L-0263D0A3" };

const answer = z.object({ Quota: z.object({ Value: z.number() }) });

/** An account that never asked for more has only the default; undefined: not even that. */
export async function quotaValue(
  calls: AwsCalls,
  region: Region,
  { service, code }: QuotaCode,
): Promise<number | undefined> {
  for (const operation of ["GetServiceQuota", "GetAWSDefaultServiceQuota"]) {
    try {
      const found = await calls.rpc("quotas", region, operation, { ServiceCode: service, QuotaCode: code });
      return answer.parse(found).Quota.Value;
    } catch (error) {
      if (!(error instanceof Error) || error.name !== "NoSuchResourceException") throw error;
    }
  }
  return undefined;
}
