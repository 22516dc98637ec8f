import {
  CreateBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  GetObjectLockConfigurationCommand,
  GetObjectRetentionCommand,
  HeadObjectCommand,
  type ObjectLockRetentionMode,
  PutBucketVersioningCommand,
  PutObjectCommand,
  PutObjectLegalHoldCommand,
  PutObjectLockConfigurationCommand,
  PutObjectRetentionCommand,
} from "@aws-sdk/client-s3";
import test, { type ExecutionContext } from "ava";
import { startS3 } from "../fixtures.ts";

const Bucket = "exchange-archive";
const inOneHour = () => new Date(Date.now() + 3_600_000);
const denied = {
  name: "AccessDenied",
  message: "Access Denied because object protected by object lock.",
};

async function start(t: ExecutionContext) {
  const { client, close } = await startS3();
  t.teardown(close);
  const s3 = client("us-east-1");
  await s3.send(new CreateBucketCommand({ Bucket, ObjectLockEnabledForBucket: true }));
  const put = async (Key: string, mode?: ObjectLockRetentionMode) =>
    await s3.send(
      new PutObjectCommand({
        Bucket,
        Key,
        Body: Key,
        ...(mode && { ObjectLockMode: mode, ObjectLockRetainUntilDate: inOneHour() }),
      }),
    );
  const remove = async (Key: string, VersionId?: string, BypassGovernanceRetention?: boolean) =>
    await s3.send(new DeleteObjectCommand({ Bucket, Key, VersionId, BypassGovernanceRetention }));
  return { s3, put, remove };
}

test("a version in compliance mode cannot be removed by anybody, only hidden", async (t) => {
  const { s3, put, remove } = await start(t);
  const { VersionId } = await put("k", "COMPLIANCE");
  await t.throwsAsync(remove("k", VersionId), denied);
  await t.throwsAsync(remove("k", VersionId, true), denied);
  const { Errors } = await s3.send(
    new DeleteObjectsCommand({
      Bucket,
      Delete: { Objects: [{ Key: "k", VersionId }] },
      BypassGovernanceRetention: true,
    }),
  );
  t.is(Errors?.[0]?.Code, "AccessDenied");
  t.true((await remove("k")).DeleteMarker);
  t.is(
    await (await s3.send(new GetObjectCommand({ Bucket, Key: "k", VersionId }))).Body?.transformToString(),
    "k",
  );
});

test("a version in governance mode goes with the bypass only", async (t) => {
  const { s3, put, remove } = await start(t);
  const { VersionId } = await put("k", "GOVERNANCE");
  await t.throwsAsync(remove("k", VersionId), denied);
  await remove("k", VersionId, true);
  await t.throwsAsync(s3.send(new GetObjectCommand({ Bucket, Key: "k" })), { name: "NoSuchKey" });
});

test("retention can be extended, and shortened only in governance mode with the bypass", async (t) => {
  const { s3, put } = await start(t);
  const retain = async (Key: string, mode: ObjectLockRetentionMode, hours: number, bypass?: boolean) =>
    await s3.send(
      new PutObjectRetentionCommand({
        Bucket,
        Key,
        Retention: { Mode: mode, RetainUntilDate: new Date(Date.now() + hours * 3_600_000) },
        BypassGovernanceRetention: bypass,
      }),
    );
  await put("c", "COMPLIANCE");
  await retain("c", "COMPLIANCE", 2);
  await t.throwsAsync(retain("c", "COMPLIANCE", 1, true), denied);
  await t.throwsAsync(retain("c", "GOVERNANCE", 3, true), denied);
  await put("g", "GOVERNANCE");
  await t.throwsAsync(retain("g", "GOVERNANCE", 0.5), denied);
  await retain("g", "GOVERNANCE", 0.5, true);
  const { Retention } = await s3.send(new GetObjectRetentionCommand({ Bucket, Key: "g" }));
  t.is(Retention?.Mode, "GOVERNANCE");
});

test("a legal hold keeps a version until it is lifted", async (t) => {
  const { s3, put, remove } = await start(t);
  const { VersionId } = await put("k");
  const hold = (Status: "ON" | "OFF") =>
    s3.send(new PutObjectLegalHoldCommand({ Bucket, Key: "k", LegalHold: { Status } }));
  await hold("ON");
  await t.throwsAsync(remove("k", VersionId, true), denied);
  await hold("OFF");
  await remove("k", VersionId);
});

test("a bucket's default retention applies to every object put without its own", async (t) => {
  const { s3, put, remove } = await start(t);
  await s3.send(
    new PutObjectLockConfigurationCommand({
      Bucket,
      ObjectLockConfiguration: {
        ObjectLockEnabled: "Enabled",
        Rule: { DefaultRetention: { Mode: "GOVERNANCE", Days: 2 } },
      },
    }),
  );
  const { ObjectLockConfiguration } = await s3.send(new GetObjectLockConfigurationCommand({ Bucket }));
  t.deepEqual(ObjectLockConfiguration?.Rule?.DefaultRetention, { Mode: "GOVERNANCE", Days: 2 });
  const { VersionId } = await put("k");
  const head = await s3.send(new HeadObjectCommand({ Bucket, Key: "k" }));
  t.is(head.ObjectLockMode, "GOVERNANCE");
  const hours = ((head.ObjectLockRetainUntilDate?.getTime() ?? 0) - Date.now()) / 3_600_000;
  t.true(hours > 47.9 && hours <= 48, `${hours} hours`);
  await t.throwsAsync(remove("k", VersionId), denied);
});

test("a locked bucket's versioning cannot be suspended, and an unlocked bucket takes no locks", async (t) => {
  const { s3 } = await start(t);
  const VersioningConfiguration = { Status: "Suspended" } as const;
  await t.throwsAsync(s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration })), {
    name: "InvalidBucketState",
  });
  await s3.send(new CreateBucketCommand({ Bucket: "plain-bucket" }));
  const locked = new PutObjectCommand({
    Bucket: "plain-bucket",
    Key: "k",
    Body: "",
    ObjectLockMode: "COMPLIANCE",
    ObjectLockRetainUntilDate: inOneHour(),
  });
  await t.throwsAsync(s3.send(locked), { message: "Bucket is missing Object Lock Configuration" });
});
