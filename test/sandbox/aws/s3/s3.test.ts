import { Readable } from "node:stream";
import {
  type BucketLocationConstraint,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetBucketVersioningCommand,
  GetObjectCommand,
  GetPublicAccessBlockCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  PutPublicAccessBlockCommand,
  paginateListObjectsV2,
  type S3Client,
} from "@aws-sdk/client-s3";
import test, { type ExecutionContext } from "ava";
import { startS3 } from "../fixtures.ts";

const Bucket = "exchange-checkpoints";

async function withBucket(t: ExecutionContext, versioned = false): Promise<S3Client> {
  const { client, close } = await startS3();
  t.teardown(close);
  const s3 = client("us-west-2");
  await s3.send(new CreateBucketCommand({ Bucket }));
  if (versioned) {
    const VersioningConfiguration = { Status: "Enabled" } as const;
    await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }));
  }
  return s3;
}

const put = (Key: string, Body: string | Buffer | Readable, more: object = {}) =>
  new PutObjectCommand({ Bucket, Key, Body, ...more });
const bodyOf = async (s3: S3Client, Key: string, more: object = {}): Promise<string | undefined> =>
  (await s3.send(new GetObjectCommand({ Bucket, Key, ...more }))).Body?.transformToString();

test("an object comes back with its content, type, metadata and checksum", async (t) => {
  const s3 = await withBucket(t);
  const stored = await s3.send(
    put("a/b c+ü.json", "{}", { ContentType: "application/json", Metadata: { epoch: "3" } }),
  );
  t.is(stored.ETag, '"99914b932bd37a50b983c5e7c90ae93b"');
  const found = await s3.send(new GetObjectCommand({ Bucket, Key: "a/b c+ü.json", ChecksumMode: "ENABLED" }));
  t.is(await found.Body?.transformToString(), "{}");
  t.like(found, { ContentType: "application/json", Metadata: { epoch: "3" }, ContentLength: 2 });
  t.is(found.ChecksumCRC32, stored.ChecksumCRC32 ?? found.ChecksumCRC32);
  const head = await s3.send(new HeadObjectCommand({ Bucket, Key: "a/b c+ü.json" }));
  t.like(head, { ContentLength: 2, ETag: stored.ETag });
});

test("a streamed body, which arrives in chunks with a trailing checksum, is stored without its framing", async (t) => {
  const s3 = await withBucket(t);
  const content = Buffer.alloc(200_000, "0123456789");
  const Body = Readable.from([content.subarray(0, 70_000), content.subarray(70_000)]);
  await s3.send(put("stream", Body, { ContentLength: content.length }));
  t.is(await bodyOf(s3, "stream"), content.toString());
  t.is(await bodyOf(s3, "stream", { Range: "bytes=10-14" }), "01234");
  t.is(await bodyOf(s3, "stream", { Range: "bytes=-3" }), "789");
});

test("what is not there says so in S3's words", async (t) => {
  const s3 = await withBucket(t);
  await t.throwsAsync(bodyOf(s3, "none"), {
    name: "NoSuchKey",
    message: "The specified key does not exist.",
  });
  await t.throwsAsync(s3.send(new HeadObjectCommand({ Bucket, Key: "none" })), { name: "NotFound" });
  await t.throwsAsync(s3.send(new HeadBucketCommand({ Bucket: "none" })), { name: "NotFound" });
  await t.throwsAsync(s3.send(new ListObjectsV2Command({ Bucket: "none" })), {
    name: "NoSuchBucket",
    message: "The specified bucket does not exist: none",
  });
});

test("conditional puts let exactly one of two creators win", async (t) => {
  const s3 = await withBucket(t);
  const outcomes = await Promise.allSettled(
    ["a", "b"].map((body) => s3.send(put("once", body, { IfNoneMatch: "*" }))),
  );
  t.deepEqual(outcomes.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
  await t.throwsAsync(s3.send(put("once", "c", { IfMatch: '"0"' })), {
    name: "PreconditionFailed",
    message: "At least one of the pre-conditions you specified did not hold",
  });
});

test("listings are ordered, grouped by delimiter and paged", async (t) => {
  const s3 = await withBucket(t);
  for (const key of ["b/2", "a", "b/1", "c/x/1", "b/10", "c/y"]) await s3.send(put(key, key));
  const { Contents, CommonPrefixes } = await s3.send(new ListObjectsV2Command({ Bucket, Delimiter: "/" }));
  t.deepEqual(
    Contents?.map(({ Key }) => Key),
    ["a"],
  );
  t.deepEqual(
    CommonPrefixes?.map(({ Prefix }) => Prefix),
    ["b/", "c/"],
  );
  const pages: (string | undefined)[][] = [];
  for await (const page of paginateListObjectsV2({ client: s3, pageSize: 2 }, { Bucket })) {
    pages.push((page.Contents ?? []).map(({ Key }) => Key));
  }
  t.deepEqual(pages, [
    ["a", "b/1"],
    ["b/10", "b/2"],
    ["c/x/1", "c/y"],
  ]);
  const after = await s3.send(new ListObjectsV2Command({ Bucket, Prefix: "b/", StartAfter: "b/1" }));
  t.deepEqual(
    after.Contents?.map(({ Key, Size }) => [Key, Size]),
    [
      ["b/10", 4],
      ["b/2", 3],
    ],
  );
});

test("copies carry content and metadata; many objects go with one request", async (t) => {
  const s3 = await withBucket(t);
  await s3.send(put("from", "content", { Metadata: { a: "1" } }));
  await s3.send(new CopyObjectCommand({ Bucket, Key: "to", CopySource: `${Bucket}/from` }));
  t.like(await s3.send(new HeadObjectCommand({ Bucket, Key: "to" })), {
    Metadata: { a: "1" },
    ContentLength: 7,
  });
  const Objects = [{ Key: "from" }, { Key: "to" }, { Key: "none" }];
  const { Deleted } = await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }));
  t.is(Deleted?.length, 3);
  await s3.send(new DeleteBucketCommand({ Bucket }));
});

test("a versioned bucket keeps what was overwritten and deleted", async (t) => {
  const s3 = await withBucket(t, true);
  t.is((await s3.send(new GetBucketVersioningCommand({ Bucket }))).Status, "Enabled");
  const first = await s3.send(put("k", "1"));
  await s3.send(put("k", "2"));
  await s3.send(new DeleteObjectCommand({ Bucket, Key: "k" }));
  await t.throwsAsync(bodyOf(s3, "k"), { name: "NoSuchKey" });
  t.is(await bodyOf(s3, "k", { VersionId: first.VersionId }), "1");
  const { Versions, DeleteMarkers } = await s3.send(new ListObjectVersionsCommand({ Bucket }));
  t.deepEqual([Versions?.length, DeleteMarkers?.length], [2, 1]);
  t.deepEqual((await s3.send(new ListObjectsV2Command({ Bucket }))).Contents, undefined);
  await t.throwsAsync(s3.send(new DeleteBucketCommand({ Bucket })), { name: "BucketNotEmpty" });
  await s3.send(new DeleteObjectCommand({ Bucket, Key: "k", VersionId: DeleteMarkers?.[0]?.VersionId }));
  t.is(await bodyOf(s3, "k"), "2", "without its marker the object is back");
});

test("a bucket is reached in its own region only, and its name is taken everywhere", async (t) => {
  const { client, close } = await startS3();
  t.teardown(close);
  await client("us-west-2").send(new CreateBucketCommand({ Bucket }));
  await t.throwsAsync(client("us-east-1").send(new ListObjectsV2Command({ Bucket })), {
    name: "PermanentRedirect",
  });
  await t.throwsAsync(client("us-east-1").send(new CreateBucketCommand({ Bucket })), {
    name: "BucketAlreadyOwnedByYou",
  });
  await t.throwsAsync(client("us-east-1").send(new CreateBucketCommand({ Bucket: "Bad_Name" })), {
    name: "InvalidBucketName",
  });
});

test("outside us-east-1 a bucket's location must be named, and be where it is asked for", async (t) => {
  const { client, close } = await startS3();
  t.teardown(close);
  const create = (region: "us-east-1" | "us-east-2", LocationConstraint?: BucketLocationConstraint) =>
    client(region).send(
      new CreateBucketCommand({
        Bucket: `bucket-${region}`,
        ...(LocationConstraint && { CreateBucketConfiguration: { LocationConstraint } }),
      }),
    );
  await t.throwsAsync(create("us-east-2", "us-west-2"), {
    name: "IllegalLocationConstraintException",
    message:
      "The us-west-2 location constraint is incompatible for the region specific endpoint this request was sent to.",
  });
  await create("us-east-2", "us-east-2");
  await create("us-east-1");
});

test("blocking public access is remembered", async (t) => {
  const s3 = await withBucket(t);
  await t.throwsAsync(s3.send(new GetPublicAccessBlockCommand({ Bucket })), {
    name: "NoSuchPublicAccessBlockConfiguration",
  });
  const PublicAccessBlockConfiguration = { BlockPublicAcls: true, BlockPublicPolicy: false };
  await s3.send(new PutPublicAccessBlockCommand({ Bucket, PublicAccessBlockConfiguration }));
  const found = await s3.send(new GetPublicAccessBlockCommand({ Bucket }));
  t.deepEqual(found.PublicAccessBlockConfiguration, PublicAccessBlockConfiguration);
});

test("what is not implemented says so", async (t) => {
  const s3 = await withBucket(t);
  await t.throwsAsync(s3.send(new CreateMultipartUploadCommand({ Bucket, Key: "k" })), {
    name: "NotImplemented",
    message: "The sandbox's S3 does not implement POST object?uploads",
  });
});
