import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import test, { type ExecutionContext } from "ava";
import type { PlannedStep } from "../../automation/adapters/plan-check.ts";
import type { StateStore } from "../../automation/adapters/state.ts";
import { HalfwayError } from "../../automation/errors.ts";
import { flipProgram } from "../../automation/program-flip.ts";
import { RunRecord } from "../../automation/runbook/record.ts";
import { mortal } from "./failover/fake-world.ts";

const step = (op: string): PlannedStep => ({
  ...{ op, urn: "urn::aws:iam/rolePolicy:RolePolicy::workload", type: "aws:iam/rolePolicy:RolePolicy" },
  ...{ oldInputs: {}, newInputs: {}, changed: [] },
});

/** One stack with memory: which resource its state names, and whether what depends on it was updated. */
async function start(t: ExecutionContext) {
  const directory = mkdtempSync(path.join(tmpdir(), "dr-flip-"));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  const file = path.join(directory, "Pulumi.prod.yaml");
  writeFileSync(file, "config:\n  p:role: active # as it is\n");
  const acts: string[] = [];
  const world = { named: "old", updated: false, problems: [] as string[], left: false };
  const pulumi = {
    async preview() {
      acts.push("preview");
      return world.updated && !world.left ? [step("same")] : [step("update")];
    },
    async up() {
      acts.push("up");
      world.updated = true;
    },
    async rewrite(edit: (deployment: unknown) => unknown) {
      acts.push("rewrite");
      world.named = String(edit(world.named));
    },
    async refresh({ targets = [] }: { readonly targets?: readonly string[] }) {
      acts.push(`refresh ${targets.join()}`);
    },
  };
  const state = {
    locks: async () => [],
    read: async () => ({
      stack: "prod",
      resources: [],
      outputs: { named: world.named },
      pendingOperations: 0,
    }),
  } as unknown as StateStore;
  const record = await RunRecord.create(directory, { id: "run-1", verb: "v", target: "us-east-1", now: 0 });
  const signal = new AbortController().signal;
  const options = {
    ...({ stack: "prod", project: "p", projectDirectory: directory } as const),
    ...{ record, state, pulumi, signal, note: () => {} },
  };
  const flip = {
    to: "new",
    config: { incarnation: 1 },
    isImported: () => world.named === "new",
    retarget: () => "new",
    imported: () => ["urn"],
    problems: () => world.problems,
  };
  return { acts, world, options, flip, stackFile: () => readFileSync(file, "utf8") };
}

const ALL = ["rewrite", "refresh urn", "preview", "up", "preview"];
const CHANGED = ["aws:iam/rolePolicy:RolePolicy workload"];

test("file, state, refresh, update, clean preview; again only looks", async (t) => {
  const { acts, options, flip, stackFile } = await start(t);
  t.deepEqual(await flipProgram(options, flip), CHANGED);
  t.deepEqual(acts, ALL);
  t.is(stackFile(), "config:\n  p:incarnation: 1\n  p:role: active # as it is\n");
  acts.length = 0;
  t.deepEqual(await flipProgram(options, flip), []);
  t.deepEqual(acts, ["refresh urn", "preview", "preview"]);
});

test("killed at any call of the engine, before or after its effect, the next start ends where one would have", async (t) => {
  for (let call = 1; call <= ALL.length; call++) {
    for (const after of [false, true]) {
      const { world, options, flip } = await start(t);
      const { ports } = mortal({ pulumi: options.pulumi }, { call, after }, () => {});
      await t.throwsAsync(flipProgram({ ...options, ...ports }, flip));
      await flipProgram(options, flip);
      t.like(world, { named: "new", updated: true }, `call ${call}`);
    }
  }
});

test("an update that would do more is not made; a preview that is not clean is said", async (t) => {
  const more = await start(t);
  more.world.problems = ["create of a bucket"];
  await t.throwsAsync(flipProgram(more.options, more.flip), {
    instanceOf: HalfwayError,
    message:
      "the update of stack prod would do more than name new: create of a bucket. Check out the deployed commit, then the same command resumes",
  });
  t.false(more.acts.includes("up"));
  const unclean = await start(t);
  unclean.world.left = true;
  await t.throwsAsync(flipProgram(unclean.options, unclean.flip), {
    instanceOf: HalfwayError,
    message: "a preview of stack prod is not clean: update workload. The same command resumes",
  });
});
