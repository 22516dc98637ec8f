import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import test, { type ExecutionContext } from "ava";
import { UsageError } from "../../../automation/errors.ts";
import { RunRecord, runsDirectory, writeDurably } from "../../../automation/runbook/record.ts";

async function project(t: ExecutionContext): Promise<string> {
  const directory = await mkdtemp(path.join(tmpdir(), "dr-record-"));
  t.teardown(() => rm(directory, { recursive: true, force: true }));
  return directory;
}
const create = (directory: string, id: string) =>
  RunRecord.create(directory, { id, verb: "failover", target: "us-west-2", now: 5 });

test("a record is read back as it was written, one revision per change, however many change at once", async (t) => {
  const directory = await project(t);
  const record = await create(directory, "run-1");
  await Promise.all(
    Array.from({ length: 20 }, (_, n) =>
      record.update((data) => {
        data.facts[`fact-${n}`] = n;
      }),
    ),
  );
  const { data } = await RunRecord.open(record.directory);
  t.deepEqual(data, record.data);
  t.is(data.revision, 21);
  t.is(Object.keys(data.facts).length, 20);
  t.is(data.owner.pid, process.pid);
});

test("a change that fails leaves the record as it was, and later ones go on", async (t) => {
  const record = await create(await project(t), "run-1");
  await t.throwsAsync(
    record.update(() => {
      throw new Error("half-way");
    }),
    { message: "half-way" },
  );
  await record.update((data) => {
    data.facts["later"] = true;
  });
  t.deepEqual((await RunRecord.open(record.directory)).data.facts, { later: true });
});

test("a file is replaced whole: no partial file is left beside it", async (t) => {
  const directory = await project(t);
  const file = path.join(directory, "x.json");
  await writeDurably(file, "old");
  await writeDurably(file, "new");
  t.is(await readFile(file, "utf8"), "new");
  t.deepEqual(await readdir(directory), ["x.json"]);
});

test("runs are listed newest first; one killed before its first write did nothing and is none", async (t) => {
  const directory = await project(t);
  await create(directory, "20261123T100000Z-a");
  await create(directory, "20261123T110000Z-b");
  await mkdir(path.join(runsDirectory(directory), "20261123T120000Z-c"));
  t.deepEqual(
    (await RunRecord.all(directory)).map(({ data }) => data.id),
    ["20261123T110000Z-b", "20261123T100000Z-a"],
  );
  t.deepEqual(await RunRecord.all(path.join(directory, "elsewhere")), []);
});

test("a record that is none stops with what to do about it", async (t) => {
  const directory = await project(t);
  const record = await create(directory, "run-1");
  const file = path.join(record.directory, "record.json");
  await writeFile(file, '{"version": 2}');
  await t.throwsAsync(RunRecord.open(record.directory), {
    instanceOf: UsageError,
    message: `${file} is not the record of a run: move its directory away to go on without it`,
  });
});
