import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import test from "ava";
import { GUIDE, goldenOf, guideWith, previewOf, reportOf, shownIn } from "./record.ts";
import { SCENARIOS } from "./scenarios.ts";

for (const scenario of SCENARIOS) {
  test(`the report of a real preview: ${scenario.title}`, async (t) => {
    t.is(await reportOf(scenario), await readFile(goldenOf(scenario.id), "utf8"));
  });
}

test("nothing kept tells of the machine that made it", async (t) => {
  for (const scenario of SCENARIOS) {
    for (const stack of scenario.stacks) {
      const text = await readFile(previewOf(scenario, stack), "utf8");
      t.notRegex(text, /\/(?:tmp|home|root|Users)\/|node_modules/);
    }
  }
});

test("the guide shows reports as they are", async (t) => {
  const guide = await readFile(GUIDE, "utf8");
  t.deepEqual(shownIn(guide), ["harmless", "replica-removed", "database-replaced", "both-regions"]);
  t.is(guide, await guideWith(guide));
});

test("every kept preview belongs to a scenario", async (t) => {
  const kept = await readdir(path.join(import.meta.dirname, "previews"));
  const wanted = SCENARIOS.flatMap((scenario) =>
    scenario.stacks.map((stack) => path.basename(previewOf(scenario, stack))),
  );
  t.deepEqual(kept.sort(), [...wanted].sort());
});
