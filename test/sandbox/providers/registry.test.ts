import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import test from "ava";
import { type Entry, Registry } from "../../../sandbox/providers/registry.ts";

const entry = (id: string, region: Entry["region"] = "us-east-1"): Entry => ({
  type: "aws:sns/topic:Topic",
  region,
  id,
  urn: `urn::${id}`,
  inputs: {},
  outputs: { name: id },
});

async function inDirectory(run: (file: string) => void | Promise<void>): Promise<void> {
  const directory = await mkdtemp(path.join(os.tmpdir(), "registry-"));
  try {
    await run(path.join(directory, "deep", "registry.json"));
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

test("the same id may exist once per region", (t) => {
  const registry = new Registry();
  registry.put(entry("a"));
  registry.put(entry("a", "us-west-2"));
  registry.remove("aws:sns/topic:Topic", "us-east-1", "a");

  t.is(registry.get("aws:sns/topic:Topic", "us-east-1", "a"), undefined);
  t.deepEqual(registry.list({ type: "aws:sns/topic:Topic" }), [entry("a", "us-west-2")]);
  t.deepEqual(registry.list({ region: "us-east-1" }), []);
});

test("with a file the entries survive a restart", async (t) => {
  await inDirectory((file) => {
    const first = new Registry(file);
    first.put(entry("a"));
    first.put(entry("b"));
    first.remove("aws:sns/topic:Topic", "us-east-1", "a");

    t.deepEqual(new Registry(file).list(), [entry("b")]);
  });
});

test("a file that is no registry is named", async (t) => {
  await inDirectory(async (file) => {
    new Registry(file).put(entry("a"));
    await writeFile(file, (await readFile(file, "utf8")).slice(0, 10));

    t.throws(() => new Registry(file), {
      message: `${file}: not a sandbox's registry: delete the sandbox' directory and start again`,
    });
  });
});
