import test from "ava";
import { ROLES, type Role } from "../../components/model.ts";
import { refuseOldCommit, refuseRoleStep, roleReached } from "../../stacks/guard.ts";
import { parseDecision } from "../../stacks/observed.ts";

const prod = { stack: "prod", region: "us-east-1", acceptGeneration: undefined } as const;
const dr = { stack: "dr", region: "us-west-2", acceptGeneration: undefined } as const;
const genesis = { generation: 0, active: "us-east-1" } as const;
const afterFailover = { generation: 3, active: "us-west-2" } as const;

test("before the first failover prod may be active and dr passive or promoting", (t) => {
  t.is(refuseOldCommit({ ...prod, role: "active", decided: genesis }), undefined);
  t.is(refuseOldCommit({ ...dr, role: "passive", decided: genesis }), undefined);
  t.is(refuseOldCommit({ ...dr, role: "promoting", decided: genesis }), undefined);
});

test("after a failover prod may be passive, dr promoting or active", (t) => {
  t.is(refuseOldCommit({ ...prod, role: "passive", decided: afterFailover }), undefined);
  t.is(refuseOldCommit({ ...dr, role: "promoting", decided: afterFailover }), undefined);
  t.is(refuseOldCommit({ ...dr, role: "active", decided: afterFailover }), undefined);
});

test("a commit from before a failover may not make the old region active again", (t) => {
  t.is(
    refuseOldCommit({ ...prod, role: "active", decided: afterFailover }),
    "stack prod (us-east-1) says role active, but the journal says that us-west-2 is active since failover 3. " +
      "This commit is older than failover 3: merge branch failover/3. To deploy it all the same, set acceptGeneration to 3.",
  );
});

test("a commit from before a failover may not park the new region", (t) => {
  t.is(
    refuseOldCommit({ ...dr, role: "passive", decided: afterFailover }),
    "stack dr (us-west-2) says role passive, but the journal says that us-west-2 is active since failover 3. " +
      "This commit is older than failover 3: merge branch failover/3. To deploy it all the same, set acceptGeneration to 3.",
  );
});

test("without any failover the other region is not made active by a deployment", (t) => {
  t.is(
    refuseOldCommit({ ...dr, role: "active", decided: genesis }),
    "stack dr (us-west-2) says role active, but the journal says that us-east-1 is active and that no failover has " +
      'happened: set role back to passive; "dr failover" moves production. To deploy it all the same, set acceptGeneration to 0.',
  );
});

test("only the very decision that is in force is accepted: neither an earlier nor a later one", (t) => {
  const question = { ...prod, role: "active", decided: afterFailover } as const;
  t.is(refuseOldCommit({ ...question, acceptGeneration: 3 }), undefined);
  t.not(refuseOldCommit({ ...question, acceptGeneration: 2 }), undefined);
  t.not(refuseOldCommit({ ...question, acceptGeneration: 4 }), undefined);
});

test("of all role steps, four kinds are legal: first deployment, none, and the three ways round", (t) => {
  const legal = [undefined, ...ROLES].flatMap((from) =>
    ROLES.filter((to) => refuseRoleStep("dr", from, to) === undefined).map(
      (to) => `${from ?? "none"} → ${to}`,
    ),
  );
  t.deepEqual(legal, [
    "none → passive",
    "none → promoting",
    "none → active",
    "passive → passive",
    "passive → promoting",
    "promoting → promoting",
    "promoting → active",
    "active → passive",
    "active → active",
  ]);
});

test("an illegal step is refused with the step that is legal", (t) => {
  t.is(
    refuseRoleStep("dr", "passive", "active"),
    "stack dr was last deployed with role passive and may not go to active: " +
      "the way round is passive → promoting → active → passive. Deploy role promoting next.",
  );
});

const gateway = (replicas: number) => ({ name: "gateway", replicas });
const engine = (replicas: number) => ({ name: "engine-0", replicas });

test("a role is recorded once every Deployment that obeys roles shows it", (t) => {
  const reached = (role: Role, last: Role | undefined, gateways: number, engines: number) =>
    roleReached("dr", { last, role }, [gateway(gateways), engine(engines)]);
  t.deepEqual(reached("passive", "active", 0, 0), { role: "passive" });
  t.deepEqual(reached("promoting", "passive", 3, 1), { role: "promoting" });
  t.deepEqual(reached("active", "promoting", 3, 1), { role: "active" });
});

test("a targeted update that left a Deployment out keeps the last role on record", (t) => {
  t.deepEqual(roleReached("dr", { last: "passive", role: "promoting" }, [gateway(3), engine(0)]), {
    role: "passive",
  });
  t.deepEqual(roleReached("dr", { last: "active", role: "passive" }, [gateway(0), engine(1)]), {
    role: "active",
  });
});

test("active over a Deployment at 0 is refused: nothing would ever start it", (t) => {
  t.deepEqual(roleReached("prod", { last: "active", role: "active" }, [gateway(3), engine(0)]), {
    refusal:
      "stack prod says role active, which leaves the number of replicas alone, but engine-0 is recorded with 0: " +
      "deploy role promoting first.",
  });
});

test("the region item is read as DynamoDB writes it, and anything else is an error", (t) => {
  const item = '{"pk":{"S":"region"},"generation":{"N":"3"},"active":{"S":"us-west-2"},"runId":{"S":"r1"}}';
  t.deepEqual(parseDecision(item), { generation: 3, active: "us-west-2" });
  t.throws(() => parseDecision('{"active":{"S":"us-west-2"}}'), {
    message:
      'the region item is {"active":{"S":"us-west-2"}}; expected a whole generation and a known active region',
  });
});
