/**
 * `pulumi preview` as people run it, of the module that Pulumi.yaml names. With Pulumi's nodejs host on PATH it is that
 * one which runs it; else a stand-in that starts the same runner, and the log says so.
 */
import { accessSync, constants } from "node:fs";
import path from "node:path";
import test from "ava";
import { Local } from "./local.ts";
import { serveNodejsHost } from "./nodejsHost.ts";

const MODULE = path.join(import.meta.dirname, "..", "..", "stacks", "index.ts");

const isOnPath = (program: string): boolean =>
  (process.env["PATH"] ?? "").split(path.delimiter).some((directory) => {
    try {
      accessSync(path.join(directory, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });

interface Step {
  readonly op: string;
  readonly urn: string;
}

test("an ordinary preview plans what the inline program plans", async (t) => {
  const local = await Local.start();
  t.teardown(() => local.close());
  const inline: Step[] = [];
  const stack = await local.stack("prod");
  await stack.preview({
    onEvent({ resourcePreEvent: { metadata } = {} }) {
      if (metadata !== undefined) inline.push({ op: metadata.op, urn: metadata.urn });
    },
  });

  const client: string[] = [];
  if (!isOnPath("pulumi-language-nodejs")) {
    t.log("no pulumi-language-nodejs on PATH: a stand-in starts the SDK's own runner");
    const host = await serveNodejsHost(MODULE);
    t.teardown(() => host.close());
    client.push(`--client=${host.address}`);
  }
  const { steps } = JSON.parse(await local.cli("prod", ["preview", "--json", ...client])) as {
    steps: readonly Step[];
  };
  // Events show the engine's own provider, of the invoke that reads the last outputs; the JSON leaves it out.
  const sorted = (of: readonly Step[]) =>
    of
      .filter(({ urn }) => !urn.endsWith("pulumi:providers:pulumi::default"))
      .map(({ op, urn }) => `${op} ${urn}`)
      .sort();
  t.true(inline.length > 100);
  t.deepEqual(sorted(steps), sorted(inline));
});
