/** Service Quotas of an account that has asked for what the program needs. */
import { JsonError, jsonService } from "./json.ts";
import type { AwsService } from "./protocol.ts";

/** The account's own by service and code; what is missing has AWS' default only. */
const APPLIED: Readonly<Record<string, number>> = {
  "ec2/L-1216C47A": 256,
  "ec2/L-0263D0A3": 20,
};
/** https://docs.aws.amazon.com/general/latest/gr/aws-service-information.html */
const DEFAULTS: Readonly<Record<string, number>> = {
  "ec2/L-1216C47A": 5,
  "ec2/L-0263D0A3": 5,
  "elasticloadbalancing/L-69A177A2": 50,
  "vpc/L-F678F1CE": 5,
  "eks/L-1194D53C": 100,
};

export const createQuotas = (): AwsService => {
  const from =
    (values: Readonly<Record<string, number>>) =>
    ({ ServiceCode, QuotaCode }: Readonly<Record<string, unknown>>) => {
      const Value = values[`${String(ServiceCode)}/${String(QuotaCode)}`];
      if (Value !== undefined) return { Quota: { ServiceCode, QuotaCode, Value } };
      throw new JsonError(
        "NoSuchResourceException",
        "The request failed because the specified resource does not exist.",
      );
    };
  return jsonService({
    name: "servicequotas",
    title: "Service Quotas",
    operations: { GetServiceQuota: from(APPLIED), GetAWSDefaultServiceQuota: from(DEFAULTS) },
  });
};
