/** Where Pulumi's state lives: a key and a bucket in the witness region, which outlives either of the others. */
import {
  CreateAliasCommand,
  CreateKeyCommand,
  DescribeKeyCommand,
  EnableKeyRotationCommand,
  GetKeyRotationStatusCommand,
  type KMSClient,
} from "@aws-sdk/client-kms";
import {
  GetBucketEncryptionCommand,
  GetBucketPolicyCommand,
  GetBucketVersioningCommand,
  GetPublicAccessBlockCommand,
  HeadBucketCommand,
  PutBucketEncryptionCommand,
  PutBucketPolicyCommand,
  PutBucketVersioningCommand,
  PutPublicAccessBlockCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import type { Region } from "../../components/model.ts";
import { createBucket, NO_PUBLIC_ACCESS } from "../adapters/state-bucket.ts";
import { changesOf, orAbsent, type Piece } from "./piece.ts";

export interface StatePlace {
  readonly accountId: string;
  readonly region: Region;
  readonly bucket: string;
  readonly alias: string;
}

export const stateKey = (kms: KMSClient, { alias, region }: StatePlace): Piece => ({
  title: `state key ${alias} in ${region}`,
  async look() {
    const found = await orAbsent(kms.send(new DescribeKeyCommand({ KeyId: alias })), "NotFoundException");
    if (found === undefined) {
      const make = async () => {
        const { KeyMetadata } = await kms.send(
          new CreateKeyCommand({ Description: "Pulumi state and its secrets" }),
        );
        const TargetKeyId = KeyMetadata?.KeyId;
        // Its name first: cut off here, the next run finds this key instead of making another.
        await kms.send(new CreateAliasCommand({ AliasName: alias, TargetKeyId }));
        await kms.send(new EnableKeyRotationCommand({ KeyId: TargetKeyId }));
      };
      return changesOf("", [[`create a key with yearly rotation, and its alias ${alias}`, make]]);
    }
    const KeyId = found.KeyMetadata?.KeyId;
    if (found.KeyMetadata?.KeyState !== "Enabled") {
      return {
        state: "short",
        detail: `it is ${found.KeyMetadata?.KeyState}: enable it, or the state cannot be read`,
      };
    }
    const { KeyRotationEnabled } = await kms.send(new GetKeyRotationStatusCommand({ KeyId }));
    return changesOf("enabled, rotated yearly", [
      KeyRotationEnabled
        ? undefined
        : ["turn yearly rotation on", () => kms.send(new EnableKeyRotationCommand({ KeyId }))],
    ]);
  },
});

export const stateBucket = (s3: S3Client, { bucket: Bucket, ...place }: StatePlace): Piece => ({
  title: `state bucket ${Bucket} in ${place.region}`,
  async look() {
    const exists =
      (await orAbsent(s3.send(new HeadBucketCommand({ Bucket })), "NotFound", "NoSuchBucket")) !== undefined;
    const ask = async <T>(asked: () => Promise<T>, absent: string) =>
      exists ? await orAbsent(asked(), absent) : undefined;
    const [versioning, block, encryption, policy] = await Promise.all([
      ask(() => s3.send(new GetBucketVersioningCommand({ Bucket })), ""),
      ask(() => s3.send(new GetPublicAccessBlockCommand({ Bucket })), "NoSuchPublicAccessBlockConfiguration"),
      ask(
        () => s3.send(new GetBucketEncryptionCommand({ Bucket })),
        "ServerSideEncryptionConfigurationNotFoundError",
      ),
      ask(() => s3.send(new GetBucketPolicyCommand({ Bucket })), "NoSuchBucketPolicy"),
    ]);
    const isBlocked = Object.keys(NO_PUBLIC_ACCESS).every(
      (setting) => block?.PublicAccessBlockConfiguration?.[setting as keyof typeof NO_PUBLIC_ACCESS] === true,
    );
    const [rule] = encryption?.ServerSideEncryptionConfiguration?.Rules ?? [];
    const isEncrypted = rule?.ApplyServerSideEncryptionByDefault?.KMSMasterKeyID === aliasArn(place);
    const wanted = stateBucketPolicy(Bucket);
    return changesOf("versioned, encrypted, private, TLS only", [
      exists ? undefined : ["create it", () => s3.send(createBucket(Bucket, place.region))],
      versioning?.Status === "Enabled"
        ? undefined
        : [
            "keep every version of the state",
            () =>
              s3.send(
                new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: "Enabled" } }),
              ),
          ],
      isBlocked
        ? undefined
        : [
            "block public access in all four ways",
            () =>
              s3.send(
                new PutPublicAccessBlockCommand({ Bucket, PublicAccessBlockConfiguration: NO_PUBLIC_ACCESS }),
              ),
          ],
      isEncrypted
        ? undefined
        : [
            `encrypt it with ${place.alias}`,
            () => s3.send(new PutBucketEncryptionCommand(encryptionWith(Bucket, aliasArn(place)))),
          ],
      sameJson(policy?.Policy, wanted)
        ? undefined
        : [
            "refuse requests without TLS, and anybody's deletion of versions",
            () => s3.send(new PutBucketPolicyCommand({ Bucket, Policy: wanted })),
          ],
    ]);
  },
});

/** A bare alias would be looked up in the account of whoever writes. */
const aliasArn = ({ accountId, region, alias }: Omit<StatePlace, "bucket">): string =>
  `arn:aws:kms:${region}:${accountId}:${alias}`;

const encryptionWith = (Bucket: string, KMSMasterKeyID: string) => ({
  Bucket,
  ServerSideEncryptionConfiguration: {
    Rules: [
      {
        ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "aws:kms" as const, KMSMasterKeyID },
        BucketKeyEnabled: true,
      },
    ],
  },
});

export const stateBucketPolicy = (bucket: string): string => {
  const everything = [`arn:aws:s3:::${bucket}`, `arn:aws:s3:::${bucket}/*`];
  return JSON.stringify({
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Deny",
        Principal: "*",
        Action: "s3:*",
        Resource: everything,
        Condition: { Bool: { "aws:SecureTransport": "false" } },
      },
      {
        Effect: "Deny",
        Principal: "*",
        Action: ["s3:DeleteObjectVersion", "s3:DeleteBucket", "s3:PutBucketVersioning"],
        Resource: everything,
        // Break-glass is the way to change one's mind.
        Condition: { ArnNotLike: { "aws:PrincipalArn": "arn:aws:iam::*:role/*-break-glass" } },
      },
    ],
  });
};

/** Services give documents back in their own spacing. */
export function sameJson(a: string | undefined, b: string): boolean {
  try {
    return a !== undefined && JSON.stringify(JSON.parse(a)) === JSON.stringify(JSON.parse(b));
  } catch {
    return false;
  }
}
