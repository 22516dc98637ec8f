/**
 * `pulumi preview` as people run it. Its nodejs host comes with Pulumi's own download and not with a CLI built from
 * source: without one on PATH this is skipped, and says so; that the module registers the same is tested always.
 */
import { accessSync, constants } from "node:fs";
import path from "node:path";
import test from "ava";
import { Local } from "./local.ts";

const isOnPath = (program: string): boolean =>
  (process.env["PATH"] ?? "").split(path.delimiter).some((directory) => {
    try {
      accessSync(path.join(directory, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });

test("an ordinary preview plans what the inline program plans", async (t) => {
  if (!isOnPath("pulumi-language-nodejs")) {
    t.log("skipped: no pulumi-language-nodejs on PATH");
    t.pass();
    return;
  }
  const local = await Local.start();
  t.teardown(() => local.close());
  const inline = await local.stack("prod");
  const ordinary = await local.ordinary("prod");
  t.deepEqual((await ordinary.preview()).changeSummary, (await inline.preview()).changeSummary);
});
