/** The bucket that Pulumi's state lives in: the one thing that must be there before the first deployment. */
import {
  type BucketLocationConstraint,
  CreateBucketCommand,
  HeadBucketCommand,
  PutBucketVersioningCommand,
  PutPublicAccessBlockCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { patience } from "./aws.ts";
import { s3Location } from "./state.ts";

export const NO_PUBLIC_ACCESS = {
  BlockPublicAcls: true,
  BlockPublicPolicy: true,
  IgnorePublicAcls: true,
  RestrictPublicBuckets: true,
} as const;

export const createBucket = (Bucket: string, region: string): CreateBucketCommand =>
  new CreateBucketCommand({
    Bucket,
    // us-east-1 is the one region that must not be named.
    ...(region === "us-east-1"
      ? {}
      : { CreateBucketConfiguration: { LocationConstraint: region as BucketLocationConstraint } }),
  });

/** Creates it versioned and private when it is not there. Other backends than S3 need nothing. */
export async function ensureStateBucket(backendUrl: string, say: (line: string) => void): Promise<void> {
  if (!backendUrl.startsWith("s3://")) return;
  const { bucket, region, client } = s3Location(new URL(backendUrl));
  const s3 = new S3Client({ ...patience, ...client });
  if (await exists(s3, bucket)) return;
  say(`state bucket ${bucket} in ${region}: creating it`);
  await s3.send(createBucket(bucket, region));
  await s3.send(
    new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration: { Status: "Enabled" } }),
  );
  await s3.send(
    new PutPublicAccessBlockCommand({
      Bucket: bucket,
      PublicAccessBlockConfiguration: NO_PUBLIC_ACCESS,
    }),
  );
}

async function exists(s3: S3Client, bucket: string): Promise<boolean> {
  try {
    await s3.send(new HeadBucketCommand({ Bucket: bucket }));
    return true;
  } catch (error) {
    if (error instanceof Error && (error.name === "NotFound" || error.name === "NoSuchBucket")) return false;
    throw error;
  }
}
