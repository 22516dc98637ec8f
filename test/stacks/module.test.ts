import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import test from "ava";
import { parse } from "yaml";
import { deploy, standing } from "./graph.ts";

const ROOT = path.join(import.meta.dirname, "..", "..");
const run = promisify(execFile);

/** What a host does before it calls the program, in a process of its own and without Pulumi's environment. */
async function imported(script: string): Promise<unknown> {
  const { stdout } = await run(process.execPath, ["--input-type=module", "--eval", script], {
    cwd: import.meta.dirname,
    env: { PATH: process.env["PATH"] },
  });
  return JSON.parse(stdout);
}

test("importing the program registers nothing and needs no engine; its default is the function that hosts call", async (t) => {
  const script = `
    const program = await import("../../stacks/index.ts");
    console.log(JSON.stringify({ exports: Object.keys(program), type: typeof program.default }));`;
  t.deepEqual(await imported(script), { exports: ["default"], type: "function" });
});

test("only the resources in use are loaded: whole SDKs would cost start time, which is outage time", async (t) => {
  const script = `
    import { createRequire } from "node:module";
    await import("../../stacks/index.ts");
    const files = Object.keys(createRequire(import.meta.url).cache);
    const barrel = /@pulumi\\/(aws|kubernetes|cloudflare)\\/(.+\\/)?index\\.js$/;
    console.log(JSON.stringify(files.filter((file) => barrel.test(file))));`;
  const barrels = (await imported(script)) as string[];
  t.deepEqual(
    barrels.filter((file) => !/\/types\//.test(file)),
    [],
  );
});

test.serial("the module that Pulumi.yaml names registers what the inline program registers", async (t) => {
  const { main } = parse(await readFile(path.join(ROOT, "Pulumi.yaml"), "utf8")) as { main: string };
  // The query makes it another module than the one that tests and tools import.
  const file = `${pathToFileURL(path.join(ROOT, main))}?host`;
  const module = (await import(file)) as { default: () => Promise<unknown> };
  const inline = await standing("dr");
  const hosted = await deploy("dr", {}, {}, module.default);
  t.not(module.default, (await import("../../stacks/index.ts")).default);
  t.deepEqual(
    hosted.resources.toSorted((a, b) => (a.urn < b.urn ? -1 : 1)),
    inline.resources.toSorted((a, b) => (a.urn < b.urn ? -1 : 1)),
  );
  t.deepEqual(hosted.outputs, inline.outputs);
});
