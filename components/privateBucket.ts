/** A bucket that nobody outside the account reaches: versioned, encrypted, TLS only, optionally write-once. */
import { Bucket } from "@pulumi/aws/s3/bucket.js";
import { BucketObjectLockConfiguration } from "@pulumi/aws/s3/bucketObjectLockConfiguration.js";
import { BucketPolicy } from "@pulumi/aws/s3/bucketPolicy.js";
import { BucketPublicAccessBlock } from "@pulumi/aws/s3/bucketPublicAccessBlock.js";
import { BucketServerSideEncryptionConfiguration } from "@pulumi/aws/s3/bucketServerSideEncryptionConfiguration.js";
import { BucketVersioning } from "@pulumi/aws/s3/bucketVersioning.js";
import { ComponentResource, type ComponentResourceOptions, type Input, type Output } from "@pulumi/pulumi";

export interface PrivateBucketArgs {
  /** Physical name: derived from config, so that roles and tools know it without reading state. */
  readonly bucketName: string;
  readonly keyArn: Input<string>;
  /**
   * Days during which nobody without `s3:BypassGovernanceRetention` changes or removes an object. Governance and not
   * compliance: the latter cannot be undone, not even by closing the account's support case.
   */
  readonly lockedDays?: number;
}

export class PrivateBucket extends ComponentResource {
  readonly bucketName: Output<string>;

  constructor(name: string, args: PrivateBucketArgs, options?: ComponentResourceOptions) {
    super("trading-platform:components:PrivateBucket", name, {}, options);

    const bucket = new Bucket(
      name,
      { bucket: args.bucketName, objectLockEnabled: args.lockedDays !== undefined },
      { parent: this, protect: true },
    );
    const versioning = new BucketVersioning(
      name,
      { bucket: bucket.bucket, versioningConfiguration: { status: "Enabled" } },
      { parent: this },
    );
    new BucketServerSideEncryptionConfiguration(
      name,
      {
        bucket: bucket.bucket,
        rules: [
          {
            applyServerSideEncryptionByDefault: { sseAlgorithm: "aws:kms", kmsMasterKeyId: args.keyArn },
            bucketKeyEnabled: true,
          },
        ],
      },
      { parent: this },
    );
    const block = new BucketPublicAccessBlock(
      name,
      {
        bucket: bucket.bucket,
        blockPublicAcls: true,
        blockPublicPolicy: true,
        ignorePublicAcls: true,
        restrictPublicBuckets: true,
      },
      { parent: this },
    );
    new BucketPolicy(
      name,
      { bucket: bucket.bucket, policy: refuseWithoutTls(args.bucketName) },
      // S3 answers a conflict to concurrent changes of both.
      { parent: this, dependsOn: [block] },
    );
    if (args.lockedDays !== undefined) {
      new BucketObjectLockConfiguration(
        name,
        {
          bucket: bucket.bucket,
          rule: { defaultRetention: { mode: "GOVERNANCE", days: args.lockedDays } },
        },
        { parent: this, dependsOn: [versioning] },
      );
    }

    this.bucketName = bucket.bucket;
    this.registerOutputs({ bucketName: this.bucketName });
  }
}

const refuseWithoutTls = (bucket: string): string =>
  JSON.stringify({
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Deny",
        Principal: "*",
        Action: "s3:*",
        Resource: [`arn:aws:s3:::${bucket}`, `arn:aws:s3:::${bucket}/*`],
        Condition: { Bool: { "aws:SecureTransport": "false" } },
      },
    ],
  });
