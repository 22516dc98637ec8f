import { readFile } from "node:fs/promises";
import path from "node:path";
import test from "ava";
import { PAIR_RULES } from "../../policy/pair.ts";
import { RULES } from "../../policy/rules/index.ts";

test("the page on the pack lists every rule as it describes itself, and no other", async (t) => {
  const page = await readFile(path.join(import.meta.dirname, "../../docs/policy.md"), "utf8");
  t.deepEqual(
    [...page.matchAll(/^\| `([\w-]+)` \| (.*) \|$/gm)].map(([, name, description]) => ({
      name,
      description,
    })),
    [...RULES, ...PAIR_RULES].map(({ name, description }) => ({ name, description })),
  );
});
