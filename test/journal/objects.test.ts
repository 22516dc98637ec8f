import test from "ava";
import { openArchive, openCheckpoints, openS3Objects } from "../../journal/index.ts";
import { listAll } from "../../journal/objects.ts";
import { startS3 } from "../sandbox/aws/fixtures.ts";
import { History } from "./history.ts";

const BUCKET = "exchange-checkpoints-111122223333-us-east-1";

test("texts come back from S3 as they were put, in the order of their names, over several listings", async (t) => {
  const { s3, client, close } = await startS3();
  t.teardown(close);
  s3.createBucket("us-east-1", BUCKET);
  const objects = openS3Objects({ client: client("us-east-1"), bucket: BUCKET });
  for (const key of ["a/3", "a/1", "b/1", "a/2"]) await objects.put(key, `${key} ü\nx`);
  t.is(await objects.get("a/2"), "a/2 ü\nx");
  t.is(await objects.get("a/9"), undefined);
  t.deepEqual(await objects.list("a/", { limit: 2 }), ["a/1", "a/2"]);
  t.deepEqual(await objects.list("a/", { startAfter: "a/1" }), ["a/2", "a/3"]);
  t.deepEqual(await Array.fromAsync(listAll(objects, "a/")), ["a/1", "a/2", "a/3"]);
});

test("checkpoints and the archive live in S3 buckets", async (t) => {
  const { s3, client, close } = await startS3();
  t.teardown(close);
  s3.createBucket("us-east-1", BUCKET);
  const objects = openS3Objects({ client: client("us-east-1"), bucket: BUCKET });
  const history = new History();
  await history.run([{ kind: "append", sizes: [1, 1, 1] }]);
  const checkpoints = openCheckpoints(objects);
  const archive = openArchive(objects);
  for (const anchor of history.records) {
    await checkpoints.save({ shard: 0, ...anchor, state: `up to ${anchor.seq}` });
    await archive.saveHead({ shard: 0, ...anchor, ts: 1 });
  }
  t.like(await checkpoints.newestValid(history.store, 0), { seq: 3, state: "up to 3" });
  const heads = await Array.fromAsync(archive.anchors(0));
  t.deepEqual(
    heads.map(({ seq }) => seq),
    [1, 2, 3],
  );
});

test("a bucket that is not there is an error, not an empty one", async (t) => {
  const { client, close } = await startS3();
  t.teardown(close);
  const objects = openS3Objects({ client: client("us-east-1"), bucket: BUCKET });
  await t.throwsAsync(objects.get("a"), { name: "NoSuchBucket" });
});
