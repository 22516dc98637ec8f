import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { gzipSync } from "node:zlib";
import test, { type ExecutionContext } from "ava";
import { openBucket, StateStore, s3Location } from "../../../automation/adapters/state.ts";
import { UsageError } from "../../../automation/errors.ts";

const CHECKPOINT = JSON.stringify({
  version: 3,
  checkpoint: {
    stack: "organization/p/dr",
    latest: {
      manifest: {},
      resources: [
        { urn: "urn:stack", custom: false, type: "pulumi:pulumi:Stack", outputs: { role: "passive" } },
        { urn: "urn:a", custom: true, id: "i", type: "a:b:C", inputs: { x: 1 }, outputs: { x: 1, y: 2 } },
      ],
      pending_operations: [{ type: "updating" }],
    },
  },
});

async function store(t: ExecutionContext): Promise<{ directory: string; state: StateStore }> {
  const directory = await mkdtemp(path.join(tmpdir(), "dr-state-"));
  t.teardown(() => rm(directory, { recursive: true, force: true }));
  await mkdir(path.join(directory, ".pulumi/stacks/p"), { recursive: true });
  await mkdir(path.join(directory, ".pulumi/locks/organization/p/dr"), { recursive: true });
  return { directory, state: new StateStore(openBucket(`file://${directory}`), "p") };
}

test("outputs, resources and unfinished operations are read from Pulumi's state without Pulumi", async (t) => {
  const { directory, state } = await store(t);
  await writeFile(path.join(directory, ".pulumi/stacks/p/dr.json"), CHECKPOINT);
  const read = await state.read("dr");
  t.deepEqual(read?.outputs, { role: "passive" });
  t.deepEqual(read?.resources[1], {
    urn: "urn:a",
    id: "i",
    type: "a:b:C",
    inputs: { x: 1 },
    outputs: { x: 1, y: 2 },
    protect: false,
  });
  t.is(read?.pendingOperations, 1);
});

test("a compressed state reads the same, and one that is not there is undefined", async (t) => {
  const { directory, state } = await store(t);
  await writeFile(path.join(directory, ".pulumi/stacks/p/dr.json.gz"), gzipSync(CHECKPOINT));
  t.deepEqual((await state.read("dr"))?.outputs, { role: "passive" });
  t.is(await state.read("prod"), undefined);
});

test("exactly the lock that was looked at is released, not one that came since", async (t) => {
  const { directory, state } = await store(t);
  const lock = { pid: 1, username: "root", hostname: "h", timestamp: "2026-11-23T10:00:00Z" };
  const write = (name: string) =>
    writeFile(path.join(directory, ".pulumi/locks/organization/p/dr", name), JSON.stringify(lock));
  await write("a.json");
  const [mine, ...others] = await state.locks("dr");
  if (mine === undefined) return t.fail("no lock");
  t.deepEqual([mine, others], [{ key: ".pulumi/locks/organization/p/dr/a.json", ...lock }, []]);
  await write("b.json");
  await state.release(mine);
  t.deepEqual(
    (await state.locks("dr")).map(({ key }) => path.basename(key)),
    ["b.json"],
  );
});

test("a backend's URL is read as Pulumi's S3 driver reads it", (t) => {
  const url = "s3://state?region=us-east-2&endpoint=127.9.0.1:4566&disableSSL=true&s3ForcePathStyle=true";
  t.deepEqual(s3Location(new URL(url)), {
    bucket: "state",
    region: "us-east-2",
    client: { region: "us-east-2", forcePathStyle: true, endpoint: "http://127.9.0.1:4566" },
  });
  t.deepEqual(s3Location(new URL("s3://state")), {
    bucket: "state",
    region: "us-east-2",
    client: { region: "us-east-2", forcePathStyle: false },
  });
});

test("no backend, or one that cannot be read without the engine, is a usage error that names what can", (t) => {
  t.throws(() => openBucket(undefined), {
    instanceOf: UsageError,
    message:
      "PULUMI_BACKEND_URL is not set: dr reads Pulumi's state itself, to work without the engine. Set it to s3://BUCKET?region=REGION or file://DIRECTORY",
  });
  t.throws(() => openBucket("https://api.pulumi.com"), {
    instanceOf: UsageError,
    message:
      'PULUMI_BACKEND_URL is "https://api.pulumi.com"; dr can read s3://BUCKET?region=REGION or file://DIRECTORY',
  });
});
