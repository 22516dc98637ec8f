import { PassThrough } from "node:stream";
import test, { type ExecutionContext } from "ava";
import { bootstrap } from "../../../automation/bootstrap/bootstrap.ts";
import { bootstrapClients } from "../../../automation/bootstrap/clients.ts";
import { HalfwayError, RefusedError, UsageError } from "../../../automation/errors.ts";
import { readSettings } from "../../../automation/settings.ts";
import { parseConfig } from "../../../stacks/config.ts";
import { rawConfig } from "../../stacks/stackFile.ts";
import { Account } from "./account.ts";

process.env["AWS_ACCESS_KEY_ID"] = "a";
process.env["AWS_SECRET_ACCESS_KEY"] = "b";

const parsed = parseConfig(await rawConfig("prod"), "prod");
const config = {
  ...parsed,
  cluster: { ...parsed.cluster, instanceType: "m7g.xlarge", nodesPerZone: { min: 2, max: 6 } },
};

async function world(t: ExecutionContext, accountId?: string) {
  const account = new Account();
  const endpoint = await account.start(accountId);
  t.teardown(() => account.edges?.close());
  const run = async (options: { yes?: boolean; dryRun?: boolean; answer?: string } = {}) => {
    const said: Record<"stdout" | "stderr", string> = { stdout: "", stderr: "" };
    const stream = (name: "stdout" | "stderr") => {
      const through = new PassThrough();
      through.on("data", (text) => (said[name] += text));
      return through;
    };
    const stdin = new PassThrough();
    stdin.end(options.answer ?? "");
    const before = account.changes().length;
    const code = await bootstrap(
      config,
      {
        repository: "acme/exchange",
        operators: [],
        yes: options.answer === undefined && options.dryRun !== true,
        dryRun: options.dryRun === true,
      },
      bootstrapClients(config.regions, endpoint),
      {
        settings: readSettings({}, "/"),
        stdin,
        stdout: stream("stdout"),
        stderr: stream("stderr"),
        signal: new AbortController().signal,
      },
    );
    return { code, ...said, changes: account.changes().slice(before) };
  };
  return { account, run };
}

const PLANNED = [
  "will    state key alias/exchange-state in us-east-2: create a key with yearly rotation, and its alias alias/exchange-state",
  "will    state bucket exchange-state-123456789012 in us-east-2: create it",
  "will    state bucket exchange-state-123456789012 in us-east-2: keep every version of the state",
  "will    state bucket exchange-state-123456789012 in us-east-2: block public access in all four ways",
  "will    state bucket exchange-state-123456789012 in us-east-2: encrypt it with alias/exchange-state",
  "will    state bucket exchange-state-123456789012 in us-east-2: refuse requests without TLS, and anybody's deletion of versions",
  "will    identity provider token.actions.githubusercontent.com: trust token.actions.githubusercontent.com for sts.amazonaws.com",
  "will    role exchange-deploy: create it: CI deploys; destroys nothing that holds data and moves no production",
  "will    role exchange-deploy: set what it may do",
  "will    role exchange-failover: create it: operators and CI fail over; exactly the calls that a failover makes, and a drill around it",
  "will    role exchange-failover: set what it may do",
  "will    role exchange-break-glass: create it: when nothing else works: everything, by a person with a second factor",
  "will    role exchange-break-glass: attach AdministratorAccess",
  "will    accelerated recovery of zone Z0123456789EXAMPLE: enable it (free)",
];

test("a dry run prints what would be made, and changes nothing", async (t) => {
  const { run } = await world(t);
  const { code, stdout, changes } = await run({ dryRun: true });
  t.is(code, 0);
  t.deepEqual(changes, []);
  t.deepEqual(stdout.split("\n").slice(0, PLANNED.length), PLANNED);
});

test("it makes everything in order, and the second run finds nothing to do", async (t) => {
  const { account, run } = await world(t);
  const first = await run();
  t.is(first.code, 0);
  t.deepEqual(first.changes, [
    "CreateKey",
    "CreateAlias",
    "EnableKeyRotation",
    "PUT bucket",
    "PUT versioning",
    "PUT publicAccessBlock",
    "PUT encryption",
    "PUT policy",
    "CreateOpenIDConnectProvider",
    "CreateRole",
    "PutRolePolicy",
    "CreateRole",
    "PutRolePolicy",
    "CreateRole",
    "AttachRolePolicy",
    "POST zone",
  ]);
  t.regex(
    first.stderr,
    /PULUMI_BACKEND_URL='s3:\/\/exchange-state-123456789012\?region=us-east-2&awssdk=v2'/,
  );
  t.is(account.zoneRecovery, "ENABLED");
  const again = await run();
  t.deepEqual([again.code, again.changes], [0, []]);
  t.false(again.stdout.includes("will "));
});

test("what somebody changed is put right, and nothing else is touched", async (t) => {
  const { account, run } = await world(t);
  await run();
  const role = account.roles.get("exchange-failover");
  if (role !== undefined) role.trust = '{"Statement":[]}';
  for (const key of account.keys.values()) key.rotated = false;
  account.buckets.get("exchange-state-123456789012")?.delete("versioning");
  const { changes, stdout } = await run();
  t.deepEqual(changes, ["EnableKeyRotation", "PUT versioning", "UpdateAssumeRolePolicy"]);
  t.true(stdout.includes("will    role exchange-failover: set who may take it\n"));
});

test("a role that somebody gave more is told, and left to people", async (t) => {
  const { account, run } = await world(t);
  await run();
  account.roles.get("exchange-failover")?.attached.add("arn:aws:iam::aws:policy/PowerUserAccess");
  const { stdout, stderr, changes } = await run();
  t.deepEqual(changes, []);
  t.true(
    stdout.includes(
      "short   role exchange-failover: somebody gave it more, take it away: arn:aws:iam::aws:policy/PowerUserAccess\n",
    ),
  );
  t.regex(stderr, /5 are left for you, marked short/);
});

test("quotas: six addresses exceed the default of five, and it says how to ask for more", async (t) => {
  const { account, run } = await world(t);
  account.quotas.set("us-west-2 L-0263D0A3", 20);
  const { stdout } = await run({ dryRun: true });
  t.true(
    stdout.includes(
      "short   quota of Elastic IPs in us-east-1: 5, the program needs 6 beside what the account uses already: aws service-quotas request-service-quota-increase --region us-east-1 --service-code ec2 --quota-code L-0263D0A3 --desired-value 6\n",
    ),
  );
  t.true(
    stdout.includes(
      "there   quota of Elastic IPs in us-west-2: 20, the program needs 6 beside what the account uses already\n",
    ),
  );
  // Three zones of at most six m7g.xlarge.
  t.true(
    stdout.includes(
      "short   quota of vCPUs of running on-demand standard instances in us-east-1: 5, the program needs 72",
    ),
  );
});

test("another account's credentials are refused", async (t) => {
  const { run } = await world(t, "999999999999");
  await t.throwsAsync(run(), {
    instanceOf: RefusedError,
    message:
      "these credentials are of account 999999999999, the configuration is for 123456789012: nothing was changed",
  });
});

test("what cannot be seen is unknown, and then nothing is changed", async (t) => {
  const { account, run } = await world(t);
  account.denied.add("GetRole").add("DescribeKey");
  await t.throwsAsync(run(), {
    instanceOf: RefusedError,
    message: "4 of 17 pieces cannot be seen: nothing was changed",
  });
  t.deepEqual(account.changes(), []);
});

test("without the account's id typed nothing is made", async (t) => {
  const { account, run } = await world(t);
  await t.throwsAsync(run({ answer: "yes\n" }), {
    instanceOf: UsageError,
    message: 'not confirmed: got "yes", must be 123456789012. Nothing was changed',
  });
  t.deepEqual(account.changes(), []);
  t.is((await run({ answer: "123456789012\n" })).code, 0);
});

test("stopped half-way by a refusal, the next run goes on from there", async (t) => {
  const { account, run } = await world(t);
  account.denied.add("POST zone");
  await t.throwsAsync(run(), {
    instanceOf: HalfwayError,
    message:
      "accelerated recovery of zone Z0123456789EXAMPLE: not authorized to perform POST zone. Run the same command again",
  });
  account.denied.clear();
  t.deepEqual((await run()).changes, ["POST zone"]);
});
