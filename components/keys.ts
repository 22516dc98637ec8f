/** A region's own encryption key with the name by which others know it. */
import { Alias } from "@pulumi/aws/kms/alias.js";
import { Key } from "@pulumi/aws/kms/key.js";
import type { Resource } from "@pulumi/pulumi";

export interface RegionalKeyArgs {
  readonly description: string;
  /** E.g. `alias/exchange-storage`. */
  readonly alias: string;
  /** Whole policy; without one, the account's IAM policies decide. */
  readonly policy?: string;
}

/** The longest that AWS offers: a key that is gone takes its data along. */
export const DELETION_DAYS = 30;

export function regionalKey(name: string, args: RegionalKeyArgs, parent: Resource): Key {
  const { alias, ...given } = args;
  const key = new Key(
    name,
    { ...given, enableKeyRotation: true, deletionWindowInDays: DELETION_DAYS },
    { parent, protect: true },
  );
  new Alias(name, { name: alias, targetKeyId: key.keyId }, { parent });
  return key;
}

/**
 * Policy of a key that AWS services use on their own account's behalf; the account's IAM policies hold beside it.
 * https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-services.html
 */
export const usedByServices = (accountId: string, services: readonly string[]): string =>
  JSON.stringify({
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Principal: { AWS: `arn:aws:iam::${accountId}:root` },
        Action: "kms:*",
        Resource: "*",
      },
      {
        Effect: "Allow",
        Principal: { Service: services },
        Action: ["kms:Decrypt", "kms:GenerateDataKey*"],
        Resource: "*",
      },
    ],
  });
