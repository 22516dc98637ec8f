import test from "ava";
import { Local } from "./local.ts";

const dns = JSON.stringify({
  provider: "cloudflare",
  name: "exchange.example.com",
  zoneId: "a".repeat(32),
  cloudflareAccountId: "b".repeat(32),
});

test("with cloudflare both stacks deploy, and a second preview finds nothing to do", async (t) => {
  const local = await Local.start();
  t.teardown(() => local.close());
  for (const name of ["prod", "dr"] as const) {
    const stack = await local.stack(name, { dns });
    const { summary } = await stack.up();
    t.deepEqual(Object.keys(summary.resourceChanges ?? {}), ["create"]);
    t.deepEqual((await stack.preview()).changeSummary, { same: summary.resourceChanges?.create });
  }
});
