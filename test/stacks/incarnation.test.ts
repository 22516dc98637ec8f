/**
 * What another physical table or cluster changes in the program, read off the resource graph: exactly what the checks of
 * `dr journal rebuild` and `dr restore` allow an update to do. What it does not prove: which update is a replacement.
 */
import test, { type ExecutionContext } from "ava";
import { BACKUP_SELECTION, CONTROL_TYPE, type PlannedStep } from "../../automation/adapters/plan-check.ts";
import { checkRenaming, retarget } from "../../automation/rebuild/state-edit.ts";
import { checkCutover } from "../../automation/restore/cutover.ts";
import type { StackName } from "../../components/model.ts";
import { deploy, type Registration } from "./graph.ts";

const CLUSTER = "aws:rds/cluster:Cluster";
const INSTANCE = "aws:rds/clusterInstance:ClusterInstance";
const TABLE = "aws:dynamodb/table:Table";

interface Pair {
  readonly before: Registration;
  readonly after: Registration;
}

async function changes(
  t: ExecutionContext,
  stack: StackName,
  overrides: Readonly<Record<string, string>>,
): Promise<readonly Pair[]> {
  const [before, after] = [await deploy(stack), await deploy(stack, overrides)];
  t.deepEqual(
    after.resources.map(({ urn }) => urn),
    before.resources.map(({ urn }) => urn),
    "nothing comes or goes",
  );
  return before.resources.flatMap((one, n) => {
    const other = after.resources[n];
    return other === undefined || !one.custom || JSON.stringify(one.inputs) === JSON.stringify(other.inputs)
      ? []
      : [{ before: one, after: other }];
  });
}

const stepOf = ({ before, after }: Pair): PlannedStep => ({
  op: before.type === BACKUP_SELECTION ? "replace" : "update",
  ...{ urn: before.urn, type: before.type, changed: [] },
  ...{ oldInputs: before.inputs, newInputs: after.inputs },
});
const typesOf = (pairs: readonly Pair[]) => [...new Set(pairs.map(({ before }) => before.type))].sort();

for (const stack of ["prod", "dr"] as const) {
  test.serial(
    `${stack}: another table changes its own resources by its name, and others by that name alone`,
    async (t) => {
      const [from, into] = ["exchange-journal", "exchange-journal-r1"];
      const all = await changes(t, stack, { journalIncarnation: "1" });
      const isOwn = ({ before }: Pair) => before.type === TABLE || before.type === CONTROL_TYPE;
      const own = all.filter(isOwn);
      t.is(own.length, stack === "prod" ? 2 : 1);
      for (const { before, after } of own) {
        const { type, inputs } = before;
        const edited = retarget({ resources: [{ type, inputs }] }, from, into) as {
          resources: Registration[];
        };
        t.deepEqual(edited.resources[0]?.inputs, after.inputs);
      }
      const others = all.filter((pair) => !isOwn(pair));
      t.true(typesOf(others).includes("kubernetes:apps/v1:Deployment"));
      t.deepEqual(checkRenaming(others.map(stepOf), { from, into }), []);
      t.log(typesOf(others));
    },
  );

  test.serial(
    `${stack}: another cluster changes what names it, and nothing that a restore's update may not`,
    async (t) => {
      const all = await changes(t, stack, { databaseIncarnation: "1" });
      const others = all.filter(({ before }) => before.type !== CLUSTER && before.type !== INSTANCE);
      t.true(typesOf(others).includes("aws:cloudwatch/metricAlarm:MetricAlarm"));
      t.deepEqual(checkCutover(others.map(stepOf)), []);
      t.log(typesOf(others));
    },
  );
}
