import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import test, { type ExecutionContext } from "ava";
import { DEPLOYMENT_TYPE, type PlannedStep } from "../../automation/adapters/plan-check.ts";
import type { OperationOptions } from "../../automation/adapters/pulumi.ts";
import { HalfwayError, RefusedError } from "../../automation/errors.ts";
import { deployRoles, type RoleChange } from "../../automation/role-change.ts";
import { readSwitch } from "../../automation/stack-file.ts";
import type { Role } from "../../components/model.ts";

const scaling = (replicas: number): PlannedStep => ({
  op: "update",
  urn: "urn:pulumi:dr::p::x::engine-0",
  type: DEPLOYMENT_TYPE,
  oldInputs: { spec: { replicas: 0 } },
  newInputs: { spec: { replicas } },
  changed: ["spec.replicas"],
});
const bucket: PlannedStep = { ...scaling(1), op: "create", urn: "urn::bucket", type: "aws:s3/bucket:Bucket" };

/** Remembers what was asked of Pulumi with which role; `plans` are the previews' answers, one after the other. */
async function world(t: ExecutionContext, fileRole: Role, plans: readonly (readonly PlannedStep[])[]) {
  const directory = await mkdtemp(path.join(tmpdir(), "dr-roles-"));
  t.teardown(() => rm(directory, { recursive: true, force: true }));
  const stackFile = path.join(directory, "Pulumi.dr.yaml");
  await writeFile(stackFile, `config:\n  p:role: ${fileRole}\n`);
  const asked: string[] = [];
  let previews = 0;
  const roleOf = async ({ configFile = stackFile }: OperationOptions) =>
    readSwitch(await readFile(configFile, "utf8"), "p", "role");
  const change = (deployed: Role): RoleChange => ({
    stack: "dr",
    project: "p",
    projectDirectory: directory,
    deployed,
    wanted: fileRole,
    pulumi: {
      preview: async (options) => {
        asked.push(`preview ${await roleOf(options)}`);
        return plans[previews++] ?? [];
      },
      up: async (options) => {
        asked.push(`up ${await roleOf(options)}`);
      },
    },
    say: () => {},
    signal: new AbortController().signal,
  });
  return { asked, change };
}

test("after a direct failover the state is led through promoting to active, and ends in a clean preview", async (t) => {
  const { asked, change } = await world(t, "active", [[scaling(1)], [], []]);
  await deployRoles(change("passive"));
  t.deepEqual(asked, ["preview promoting", "up promoting", "preview active", "up active", "preview active"]);
});

test("a role that is deployed, with nothing else to do, is left alone", async (t) => {
  const { asked, change } = await world(t, "active", [[]]);
  await deployRoles(change("active"));
  t.deepEqual(asked, ["preview active"]);
});

test("an update that would do more than the role change is refused before it runs", async (t) => {
  const { asked, change } = await world(t, "passive", [[scaling(0), bucket]]);
  await t.throwsAsync(deployRoles(change("active")), {
    instanceOf: RefusedError,
    message:
      "stack dr: the next update would do more than the change to role passive: create of aws:s3/bucket:Bucket bucket. Deploy that first, or check out the deployed commit",
  });
  t.deepEqual(asked, ["preview passive"]);
});

test("what is left after the last update is said, and is not success", async (t) => {
  const { change } = await world(t, "passive", [[scaling(0)], [scaling(0)]]);
  await t.throwsAsync(deployRoles(change("active")), {
    instanceOf: HalfwayError,
    message: "stack dr: a preview is not clean: update engine-0. Run the same command again",
  });
});
