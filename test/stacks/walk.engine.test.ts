import test from "ava";
import type { StackName } from "../../components/model.ts";
import { hosted } from "./hosted.ts";
import { Local } from "./local.ts";

/** One after the other on one state: each test starts where the one before ended. */
const local = await Local.start();
test.after.always(() => local.close());

type Overrides = Readonly<Record<string, string>>;

const FAILED_OVER = { generation: 1, active: "us-west-2" } as const;
const PROMOTING: Overrides = { role: "promoting", acceptGeneration: "1" };
const ACTIVE: Overrides = { role: "active", traffic: "on", acceptGeneration: "1" };
const PARKED: Overrides = { role: "passive", traffic: "off" };
/** Deployments that obey roles. */
const OBEYING = ["gateway", "engine-0", "engine-1", "engine-2", "engine-3", "projector"];

const urn = (component: string, type: string, name: string): string =>
  `urn:pulumi:dr::trading-platform::trading-platform:components:${component}$${type}::${name}`;
const deployment = (name: string): string => urn("Workload", "kubernetes:apps/v1:Deployment", name);
const CONTROL_ITEM = urn("Journal", "aws:dynamodb/tableItem:TableItem", "journal-control");

const up = (name: StackName, overrides: Overrides = {}, target: string[] = []) =>
  hosted(async () => {
    const stack = await local.stack(name, overrides);
    const { summary, outputs } = await stack.up(target.length > 0 ? { target } : {});
    return { changes: summary.resourceChanges ?? {}, role: outputs["role"]?.value };
  });
const preview = (name: StackName, overrides: Overrides = {}) =>
  hosted(async () => (await (await local.stack(name, overrides)).preview()).changeSummary);
const refusal = (deployment: Promise<unknown>): Promise<string> =>
  deployment.then(
    () => "nothing refused",
    (failure: Error) => failure.message,
  );

let prodSize = 0;
let drSize = 0;

test.serial("both stacks deploy, and a second preview finds nothing to do", async (t) => {
  const prod = await up("prod");
  const dr = await up("dr");
  prodSize = prod.changes["create"] ?? 0;
  drSize = dr.changes["create"] ?? 0;
  t.deepEqual([Object.keys(prod.changes), prod.role], [["create"], "active"]);
  t.deepEqual([Object.keys(dr.changes), dr.role], [["create"], "passive"]);
  t.deepEqual(await preview("prod"), { same: prodSize });
  t.deepEqual(await preview("dr"), { same: drSize });
});

test.serial("a refused update changes nothing, the outputs included", async (t) => {
  const stack = await local.stack("dr");
  const before = await stack.outputs();
  t.regex(await refusal(up("dr", { role: "active" })), /the journal says that us-east-1 is active/);
  t.deepEqual(await stack.outputs(), before);
});

test.serial(
  "with us-east-1 black-holed, a targeted update moves what it names, and the role is recorded when the last Deployment has it",
  async (t) => {
    local.decided = FAILED_OVER;
    local.faults.setPlace("us-east-1", "blackhole");
    const [gateway, ...others] = OBEYING.map(deployment);
    const some = await up("dr", PROMOTING, [gateway ?? ""]);
    t.deepEqual([some.changes["update"], some.role], [1, "passive"]);
    t.regex(await refusal(up("dr", ACTIVE)), /was last deployed with role passive and may not go to active/);
    const rest = await up("dr", PROMOTING, others);
    t.deepEqual([rest.changes["update"], rest.role], [others.length, "promoting"]);
    t.deepEqual(await preview("dr", PROMOTING), { same: drSize });
  },
);

test.serial("with us-east-1 black-holed, the traffic step changes the control item alone", async (t) => {
  const traffic = await up("dr", ACTIVE, [CONTROL_ITEM]);
  t.deepEqual([traffic.changes["update"], traffic.role], [1, "active"]);
});

test.serial(
  "while us-east-1 accepts and never answers, dr's preview is clean and prod's ends with a reason",
  async (t) => {
    t.deepEqual(await preview("dr", ACTIVE), { same: drSize });
    t.regex(
      await refusal(preview("prod", PARKED)),
      /the region item of exchange-journal cannot be read in us-east-1/,
    );
    local.faults.heal();
  },
);

test.serial("after the failover the commit from before it is refused in both stacks", async (t) => {
  const older = /This commit is older than failover 1: merge branch failover\/1/;
  t.regex(await refusal(preview("dr")), older);
  t.regex(await refusal(up("prod")), older);
});

test.serial("the old region is parked by updates of Deployments and its control item", async (t) => {
  const parked = await up("prod", PARKED);
  const updates = OBEYING.length + 1;
  t.deepEqual(parked, { changes: { same: prodSize - updates, update: updates }, role: "passive" });
  t.deepEqual(await preview("prod", PARKED), { same: prodSize });
});
