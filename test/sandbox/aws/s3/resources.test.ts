import { GetBucketVersioningCommand, HeadObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import test from "ava";
import type { Behaviour, Placement, Properties } from "../../../../sandbox/cloud/behaviour.ts";
import { startS3 } from "../fixtures.ts";

const at = (type: string): Placement => ({ region: "us-west-2", type, urn: `urn:pulumi:dr::p::${type}::it` });
const BUCKET = "aws:s3/bucket:Bucket";
const VERSIONING = "aws:s3/bucketVersioning:BucketVersioning";
const LOCK = "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration";
const ACCESS = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock";

async function start() {
  const { s3, client, close } = await startS3();
  const create = async (type: string, inputs: Properties) =>
    await s3.behaviours[type]?.create?.(inputs, at(type));
  return { bucket: s3.behaviours[BUCKET] as Required<Behaviour>, client: client("us-west-2"), close, create };
}

test("a bucket with Object Lock, versioning and a default retention acts so", async (t) => {
  const { client, close, create } = await start();
  t.teardown(close);
  const Bucket = "exchange-archive";
  t.deepEqual(await create(BUCKET, { bucket: Bucket, objectLockEnabled: true }), {
    id: Bucket,
    bucket: Bucket,
    arn: "arn:aws:s3:::exchange-archive",
    bucketRegion: "us-west-2",
    bucketDomainName: "exchange-archive.s3.amazonaws.com",
    bucketRegionalDomainName: "exchange-archive.s3.us-west-2.amazonaws.com",
  });
  await create(VERSIONING, { bucket: Bucket, versioningConfiguration: { status: "Enabled" } });
  await create(LOCK, { bucket: Bucket, rule: { defaultRetention: { mode: "GOVERNANCE", days: 35 } } });
  await create(ACCESS, { bucket: Bucket, blockPublicAcls: true });
  t.is((await client.send(new GetBucketVersioningCommand({ Bucket }))).Status, "Enabled");
  await client.send(new PutObjectCommand({ Bucket, Key: "k", Body: "" }));
  t.is((await client.send(new HeadObjectCommand({ Bucket, Key: "k" }))).ObjectLockMode, "GOVERNANCE");
});

test("a setting that names a bucket that is not there fails", async (t) => {
  const { close, create } = await start();
  t.teardown(close);
  for (const type of [VERSIONING, LOCK, ACCESS]) {
    await t.throwsAsync(create(type, { bucket: "absent" }), {
      message: "S3 Bucket (absent): NoSuchBucket: The specified bucket does not exist: absent",
    });
  }
});

test("Object Lock needs versioning; a bucket with objects is deleted only by force", async (t) => {
  const { bucket, client, close, create } = await start();
  t.teardown(close);
  await create(BUCKET, { bucket: "plain-bucket" });
  await t.throwsAsync(create(LOCK, { bucket: "plain-bucket" }), {
    message: "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration",
  });
  await client.send(new PutObjectCommand({ Bucket: "plain-bucket", Key: "k", Body: "" }));
  await t.throwsAsync(bucket.delete("plain-bucket", {}, at(BUCKET)), {
    message: "The bucket you tried to delete is not empty: plain-bucket",
  });
  await bucket.delete("plain-bucket", { forceDestroy: true }, at(BUCKET));
  t.is(await bucket.read("plain-bucket", {}, at(BUCKET)), undefined);
});
