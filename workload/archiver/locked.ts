/**
 * Objects that nobody can change or delete before their time. The headers are explicit, so that a bucket whose default
 * was loosened still locks what is written here.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html
 */
import { PutObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { type ObjectStore, openS3Objects } from "../../journal/index.ts";

const DAY_MS = 86_400_000;

export interface LockedObjectsOptions {
  readonly client: S3Client;
  readonly bucket: string;
  readonly retentionDays: number;
}

export function openLockedObjects({ client, bucket, retentionDays }: LockedObjectsOptions): ObjectStore {
  return {
    ...openS3Objects({ client, bucket }),
    async put(key, body, signal) {
      const command = new PutObjectCommand({
        Bucket: bucket,
        Key: key,
        Body: body,
        ContentType: "text/plain; charset=utf-8",
        ObjectLockMode: "GOVERNANCE",
        ObjectLockRetainUntilDate: new Date(Date.now() + retentionDays * DAY_MS),
      });
      await client.send(command, signal ? { abortSignal: signal } : {});
    },
  };
}
