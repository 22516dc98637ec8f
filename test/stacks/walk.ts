/**
 * A deployment's life on the real engine, leg by leg on one state: deployed, failed over, parked, failed back. Behind
 * the database's types is the sandbox's Aurora with PostgreSQL, so that a refresh reads back what a managed failover
 * leaves behind. At rest both stacks are refreshed and previewed, and there must be nothing at all to do.
 */
import { FailoverGlobalClusterCommand, SwitchoverGlobalClusterCommand } from "@aws-sdk/client-rds";
import { type CustomResourceOptions, runtime } from "@pulumi/pulumi";
import type { PulumiFn } from "@pulumi/pulumi/automation/index.js";
import test, { type Implementation } from "ava";
import type { Region, StackName } from "../../components/model.ts";
import program from "../../stacks/index.ts";
import { type AuroraFixture, CLUSTER, eventually, startAurora } from "../sandbox/aurora/fixtures.ts";
import { hosted } from "./hosted.ts";
import { ACCOUNT_ID, Local } from "./local.ts";
import { changed } from "./stackFile.ts";

type Overrides = Readonly<Record<string, string>>;

const [EAST, WEST] = ["us-east-1", "us-west-2"] as const;
/** Deployments that obey roles. */
const OBEYING = ["gateway", "engine-0", "engine-1", "engine-2", "engine-3", "projector"];

const urn = (component: string, type: string, name: string): string =>
  `urn:pulumi:dr::trading-platform::trading-platform:components:${component}$${type}::${name}`;
const deployment = (name: string): string => urn("Workload", "kubernetes:apps/v1:Deployment", name);
const CONTROL_ITEM = urn("Journal", "aws:dynamodb/tableItem:TableItem", "journal-control");

const RISK_ROLE = urn("Workload", "aws:iam/role:Role", "workload-risk");

const refusal = (attempt: Promise<unknown>): Promise<string> =>
  attempt.then(
    () => "nothing refused",
    (failure: Error) => failure.message,
  );

/** Something of each kind that a day's work changes: a workload, an alarm, a parameter. */
const tuned = async (stack: StackName): Promise<Overrides> => ({
  services: await changed(stack, "services", (services) => {
    services["archiver"]["memory"] = "2Gi";
  }),
  alarms: JSON.stringify({ journalMilliseconds: 120 }),
  database: await changed(stack, "database", (database) => {
    database["parameters"] = { log_min_duration_statement: "500" };
  }),
});
/** The archiver, the alarm, the dashboard that shows its threshold, and the parameter group. */
const TUNED = 4;

/** The program with nothing to keep it from undoing what a failover did to the database. */
const unguarded: PulumiFn = async () => {
  runtime.registerStackTransformation(({ type, props, opts }) =>
    type === CLUSTER ? { props, opts: { ...opts, ignoreChanges: [] } as CustomResourceOptions } : undefined,
  );
  return await program();
};

/**
 * @param isWhole with what has nothing to do with DNS, and need be walked once only
 */
export function walk(dns: Overrides, isWhole: boolean): void {
  let local: Local;
  let aurora: AuroraFixture;
  const closing: (() => unknown)[] = [];
  const size: Record<StackName, number> = { prod: 0, dr: 0 };

  test.before(async () => {
    aurora = await startAurora(
      { teardown: (close) => closing.push(close) },
      {
        accountId: ACCOUNT_ID,
      },
    );
    local = await Local.start({ faults: aurora.faults, behaviours: aurora.aurora.behaviours });
    closing.push(() => local.close());
  });
  test.after.always(async () => {
    for (const close of closing.toReversed()) await close();
  });

  const once = (title: string, run: Implementation<[]>) => {
    if (isWhole) test.serial(title, run);
  };
  const up = (name: StackName, overrides: Overrides, target: string[] = []) =>
    hosted(async () => {
      const stack = await local.stack(name, { ...dns, ...overrides });
      const { changes, outputs } = await local.up(stack, target.length > 0 ? { target } : {});
      return { changes, role: outputs["role"] };
    });
  /** Without a refresh, as a commit's pipeline runs it. */
  const preview = (name: StackName, overrides: Overrides) =>
    hosted(async () => (await (await local.stack(name, { ...dns, ...overrides })).preview()).changeSummary);
  /** What a refreshed preview would do, but for what stays the same. */
  const differences = (name: StackName, overrides: Overrides, of: PulumiFn = program) =>
    hosted(async () => {
      const stack = await local.stack(name, { ...dns, ...overrides });
      const found: Record<string, unknown> = {};
      await stack.preview({
        refresh: true,
        program: of,
        onEvent({ resourcePreEvent: { metadata } = {} }) {
          if (metadata === undefined || metadata.op === "same" || metadata.op === "refresh") return;
          found[metadata.urn.split("::").at(-1) ?? ""] = [
            metadata.op,
            ...Object.entries(metadata.detailedDiff ?? {}).map(
              ([path, { diffKind }]) => `${diffKind} ${path}`,
            ),
          ];
        },
      });
      return found;
    });

  const rolesOfDatabase = async () => {
    const read = async (region: Region) => {
      const at = { region, type: CLUSTER, urn: "" };
      const { replicationSourceIdentifier, globalClusterIdentifier } =
        (await aurora.of(CLUSTER).read(`exchange-${region}`, {}, at)) ?? {};
      return [globalClusterIdentifier, replicationSourceIdentifier];
    };
    return { [EAST]: await read(EAST), [WEST]: await read(WEST) };
  };
  const arnOf = (region: Region) => `arn:aws:rds:${region}:${ACCOUNT_ID}:cluster:exchange-${region}`;
  const follows = (source: Region) => ["exchange", arnOf(source)];
  const LEADS = ["exchange", ""];

  for (const [name, role] of [
    ["prod", "active"],
    ["dr", "passive"],
  ] as const) {
    test.serial(`${name} deploys as ${role}`, async (t) => {
      const deployed = await up(name, {});
      size[name] = deployed.changes["create"] ?? 0;
      t.deepEqual([Object.keys(deployed.changes), deployed.role], [["create"], role]);
    });
    once(`${name} deployed, a preview without a refresh finds nothing to do`, async (t) => {
      t.deepEqual(await preview(name, {}), { same: size[name] });
    });
  }

  test.serial("refreshed, both stacks find nothing to do", async (t) => {
    t.deepEqual([await differences("prod", {}), await differences("dr", {})], [{}, {}]);
    t.deepEqual(await rolesOfDatabase(), { [EAST]: LEADS, [WEST]: follows(EAST) });
  });

  once("a refused update changes nothing, the outputs included", async (t) => {
    const stack = await local.stack("dr", dns);
    const before = await local.outputs(stack);
    t.regex(await refusal(up("dr", { role: "active" })), /the journal says that us-east-1 is active/);
    t.deepEqual(await local.outputs(stack), before);
  });

  const PROMOTING: Overrides = { role: "promoting", acceptGeneration: "1" };
  const ACTIVE: Overrides = { role: "active", traffic: "on", acceptGeneration: "1" };
  const PARKED: Overrides = { role: "passive", traffic: "off" };
  /** What dr is deployed with from then on. */
  let tunedActive = ACTIVE;

  const failOver = () => {
    local.decided = { generation: 1, active: WEST };
    local.faults.setPlace(EAST, "blackhole");
  };

  /** Deployments that are still parked. */
  let parked = OBEYING.map(deployment);
  once(
    "a targeted update that leaves out Deployments keeps the role on record, and active refused",
    async (t) => {
      failOver();
      const [gateway = "", ...others] = parked;
      const some = await up("dr", PROMOTING, [gateway]);
      t.deepEqual([some.changes["update"], some.role], [1, "passive"]);
      t.regex(
        await refusal(up("dr", ACTIVE)),
        /was last deployed with role passive and may not go to active/,
      );
      parked = others;
    },
  );

  test.serial(
    "with us-east-1 black-holed, a targeted update moves what it names, and the role is recorded with the last Deployment",
    async (t) => {
      failOver();
      const rest = await up("dr", PROMOTING, parked);
      t.deepEqual([rest.changes["update"], rest.role], [parked.length, "promoting"]);
      t.deepEqual(await preview("dr", PROMOTING), { same: size.dr });
    },
  );

  test.serial("with us-east-1 black-holed, the traffic step changes the control item alone", async (t) => {
    const traffic = await up("dr", ACTIVE, [CONTROL_ITEM]);
    t.deepEqual([traffic.changes["update"], traffic.role], [1, "active"]);
  });

  test.serial("the database fails over by an API of us-west-2, and dr's preview stays clean", async (t) => {
    await aurora.rds(WEST).send(
      new FailoverGlobalClusterCommand({
        GlobalClusterIdentifier: "exchange",
        TargetDbClusterIdentifier: arnOf(WEST),
        AllowDataLoss: true,
      }),
    );
    await aurora.aurora.settled();
    t.deepEqual(await preview("dr", ACTIVE), { same: size.dr });
  });

  once("a preview of prod ends with a reason while us-east-1 is black-holed", async (t) => {
    t.regex(
      await refusal(preview("prod", PARKED)),
      /the region item of exchange-journal cannot be read in us-east-1/,
    );
  });

  once(
    "with us-east-1 black-holed, workloads, alarms and parameters can still be changed in us-west-2",
    async (t) => {
      tunedActive = { ...ACTIVE, ...(await tuned("dr")) };
      const { changes } = await up("dr", tunedActive);
      t.deepEqual(changes, { same: size.dr - TUNED, update: TUNED });
    },
  );

  once("with us-east-1 black-holed, a new service's role fails as it would, with AWS' page", async (t) => {
    const services = await changed("dr", "services", (all) => {
      all["risk"] = { ...all["archiver"], alwaysOn: false };
    });
    t.regex(
      await refusal(up("dr", { ...tunedActive, services }, [RISK_ROLE])),
      /aws:iam\/role:Role cannot create: the control plane of IAM is in us-east-1 \(https:\/\/docs\.aws\.amazon\.com\/whitepapers\/latest\/aws-fault-isolation-boundaries\//,
    );
  });

  test.serial("us-east-1 returns: its database follows", async (t) => {
    local.faults.heal();
    t.true(await eventually(async () => (await rolesOfDatabase())[EAST]?.[1] !== ""));
    t.deepEqual(await rolesOfDatabase(), { [EAST]: follows(WEST), [WEST]: LEADS });
  });

  once("a commit from before the failover is refused in both stacks", async (t) => {
    const older = /This commit is older than failover 1: merge branch failover\/1/;
    t.regex(await refusal(preview("dr", {})), older);
    t.regex(await refusal(up("prod", {})), older);
  });

  test.serial(
    "the old region becomes passive by updates of Deployments and its control item, and nothing is left to do",
    async (t) => {
      const updates = OBEYING.length + 1;
      t.deepEqual(await up("prod", PARKED), {
        changes: { same: size.prod - updates, update: updates },
        role: "passive",
      });
      t.deepEqual([await differences("prod", PARKED), await differences("dr", tunedActive)], [{}, {}]);
    },
  );

  once("without the ignored changes the same preview would cut the old region off the new one", async (t) => {
    t.deepEqual(await differences("prod", PARKED, unguarded), {
      database: ["update", "delete replicationSourceIdentifier"],
    });
  });

  test.serial("a planned switchover back swaps every role, and nothing is left to do", async (t) => {
    local.decided = { generation: 2, active: EAST };
    await aurora.rds(WEST).send(
      new SwitchoverGlobalClusterCommand({
        GlobalClusterIdentifier: "exchange",
        TargetDbClusterIdentifier: arnOf(EAST),
      }),
    );
    await aurora.aurora.settled();
    t.deepEqual(await rolesOfDatabase(), { [EAST]: LEADS, [WEST]: follows(EAST) });
    const accepted = { acceptGeneration: "2" };
    const prod = { ...accepted, role: "active", traffic: "on" };
    const dr = { ...tunedActive, ...accepted, ...PARKED };
    t.is((await up("prod", { ...accepted, role: "promoting", traffic: "off" })).role, "promoting");
    t.is((await up("prod", prod)).role, "active");
    t.is((await up("dr", dr)).role, "passive");
    t.deepEqual([await differences("prod", prod), await differences("dr", dr)], [{}, {}]);
  });

  once(
    "with us-west-2 black-holed, prod previews clean and can be changed; dr's preview ends with a reason",
    async (t) => {
      local.faults.setPlace(WEST, "blackhole");
      const prod = { acceptGeneration: "2", role: "active", traffic: "on" };
      t.deepEqual(await preview("prod", prod), { same: size.prod });
      const { changes } = await up("prod", { ...prod, ...(await tuned("prod")) });
      t.deepEqual(changes, { same: size.prod - TUNED, update: TUNED });
      t.regex(
        await refusal(preview("dr", PARKED)),
        /the region item of exchange-journal cannot be read in us-west-2/,
      );
    },
  );
}
