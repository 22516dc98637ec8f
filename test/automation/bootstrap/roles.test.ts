import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import test from "ava";
import {
  CALENDAR_CALLS,
  calendarStatements,
  DATABASE_CALLS,
  failoverStatements,
  JOURNAL_CALLS,
  STATE_CALLS,
} from "../../../automation/bootstrap/calls.ts";
import {
  DEPLOYED_SERVICES,
  ENVIRONMENTS,
  ROLE_PREFIXES,
  rolesOf,
} from "../../../automation/bootstrap/roles.ts";
import { STACKS } from "../../../components/model.ts";
import { standing } from "../../stacks/graph.ts";
import { WORKFLOWS } from "../review/workflows.ts";

const ROOT = path.join(import.meta.dirname, "../../..");
const SCOPE = {
  name: "exchange",
  accountId: "123456789012",
  regions: { primary: "us-east-1", secondary: "us-west-2", witness: "us-east-2" },
  journalTable: "exchange-journal",
  adopts: false,
  repository: "acme/exchange",
  operators: ["arn:aws:iam::123456789012:user/ann"],
} as const;

const IMPORT = /^(?:import|export)\s+(?!type\b)[^;]*?from\s+"(\.[^"]+\.ts)"|import\("(\.[^"]+\.ts)"\)/gm;

/** A file and all that it loads, now or later. */
async function loadedBy(
  file: string,
  seen = new Map<string, string>(),
): Promise<ReadonlyMap<string, string>> {
  if (seen.has(file)) return seen;
  const text = await readFile(file, "utf8");
  seen.set(file, text);
  for (const [, now, later] of text.matchAll(IMPORT)) {
    await loadedBy(path.resolve(path.dirname(file), now ?? later ?? ""), seen);
  }
  return seen;
}

test("the failover role is the calls that the failover's code makes, no more and no fewer", async (t) => {
  const code = await loadedBy(path.join(ROOT, "automation/failover/start.ts"));
  const commands = [...code.values()].flatMap((text) =>
    [...text.matchAll(/new (\w+Command)\(/g)].map(([, name]) => name),
  );
  const known = { ...JOURNAL_CALLS, ...DATABASE_CALLS, ...STATE_CALLS };
  t.deepEqual([...new Set(commands)].sort(), Object.keys(known).sort());
  // Signed by hand instead.
  t.deepEqual(
    [...code.keys()].filter((file) => file.endsWith("/aws-call.ts")),
    [],
  );
});

test("the failover role names its actions, and calls nothing of a region's control plane but the failover itself", (t) => {
  const statements = failoverStatements(SCOPE);
  const actions = statements.flatMap(({ Action }) => Action);
  t.deepEqual(
    actions.filter((action) => action.includes("*")),
    [],
  );
  t.deepEqual(
    actions.filter((action) => /^(iam|route53|ec2|eks|sts):/.test(action)),
    [],
  );
  t.deepEqual(
    statements.filter(({ Resource }) => Resource.includes("*")),
    [],
  );
  t.deepEqual(statements[0], {
    Effect: "Allow",
    Action: ["dynamodb:GetItem", "dynamodb:Query", "dynamodb:PutItem", "dynamodb:UpdateItem"],
    Resource: [
      "arn:aws:dynamodb:us-east-1:123456789012:table/exchange-journal",
      "arn:aws:dynamodb:us-west-2:123456789012:table/exchange-journal",
    ],
  });
});

test("where a network is adopted the failover role may look at it and its cluster, in its two regions, and no more", (t) => {
  const plain = failoverStatements(SCOPE);
  const more = failoverStatements({ ...SCOPE, adopts: true });
  t.deepEqual(more.slice(0, plain.length), plain);
  const [looks, ...others] = more.slice(plain.length);
  t.deepEqual(others, []);
  t.true(looks?.Action.every((action) => /^(ec2|eks|logs):Describe/.test(action)));
  t.deepEqual(looks?.Condition, { StringEquals: { "aws:RequestedRegion": ["us-east-1", "us-west-2"] } });
});

test("only CI's own repository and environment, and people with a second factor, may take a role", (t) => {
  const trusts = rolesOf(SCOPE).map(({ roleName, trust }) => [roleName, JSON.parse(trust).Statement]);
  const pipeline = (...environments: readonly string[]) => ({
    Effect: "Allow",
    Principal: { Federated: "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com" },
    Action: ["sts:AssumeRoleWithWebIdentity"],
    Condition: {
      StringEquals: {
        "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
        "token.actions.githubusercontent.com:sub": environments.map(
          (one) => `repo:acme/exchange:environment:${one}`,
        ),
      },
    },
  });
  const people = {
    Effect: "Allow",
    Principal: { AWS: ["arn:aws:iam::123456789012:user/ann"] },
    Action: ["sts:AssumeRole"],
    Condition: { Bool: { "aws:MultiFactorAuthPresent": "true" } },
  };
  t.deepEqual(trusts, [
    ["exchange-deploy", [pipeline("prod", "dr")]],
    ["exchange-failover", [pipeline("failover"), people]],
    ["exchange-break-glass", [people]],
  ]);
});

test("a job of the workflows that takes a role is in an environment which that role trusts", (t) => {
  const takers = { DEPLOY_ROLE_ARN: ENVIRONMENTS.deploy, FAILOVER_ROLE_ARN: ENVIRONMENTS.failover };
  const found: string[] = [];
  for (const { file, jobs } of WORKFLOWS) {
    for (const [name, { environment = "", steps }] of Object.entries(jobs)) {
      for (const [role, trusted] of Object.entries(takers)) {
        if (!steps.some((step) => String(step.with?.["role-to-assume"]).includes(`vars.${role}`))) continue;
        found.push(`${file} ${name}`);
        // The plan's order: one of the two stacks.
        const ends = environment.startsWith("${{ needs.plan.outputs.") ? STACKS : [environment];
        t.deepEqual(
          ends.filter((one) => !(trusted as readonly string[]).includes(one)),
          [],
          `${file} ${name}`,
        );
      }
    }
  }
  t.deepEqual(found, ["deploy.yml first", "deploy.yml second", "drills.yml region"]);
});

test("around a failover the calendar asks what its code asks, and tells the stacks' topics", async (t) => {
  const directory = path.join(ROOT, "automation/calendar");
  const code = await Promise.all(
    (await readdir(directory))
      .filter((file) => file.endsWith(".ts"))
      .map((file) => readFile(path.join(directory, file), "utf8")),
  );
  const asked = code.flatMap((text) => [
    ...Array.from(
      text.matchAll(/\.rpc\("(\w+)", region, "(\w+)"/g),
      ([, service, what]) => `${service} ${what}`,
    ),
    ...Array.from(
      text.matchAll(/\.query\("(\w+)", region, \{\s*Action: "(\w+)"/g),
      ([, service, what]) => `${service} ${what}`,
    ),
    ...Array.from(
      text.matchAll(/\.pages\("(\w+)", region, "\/experiments\?/g),
      ([, service]) => `${service} GET`,
    ),
  ]);
  t.deepEqual([...new Set(asked)].sort(), Object.keys(CALENDAR_CALLS).sort());
  const [alarms, , topics] = calendarStatements(SCOPE);
  t.deepEqual(alarms?.Resource, [
    "arn:aws:cloudwatch:us-east-1:123456789012:alarm:exchange-*",
    "arn:aws:cloudwatch:us-west-2:123456789012:alarm:exchange-*",
  ]);
  t.deepEqual(topics?.Resource, [
    "arn:aws:sns:us-east-1:123456789012:exchange-notices",
    "arn:aws:sns:us-west-2:123456789012:exchange-notices",
  ]);
});

test("a deployment can write no order and no decision, only what its pods obey", (t) => {
  const [deploy] = rolesOf(SCOPE);
  const denied = JSON.parse(deploy?.document ?? "{}").Statement.find(
    ({ Effect, Action }: { Effect: string; Action: string[] }) =>
      Effect === "Deny" && Action.includes("dynamodb:PutItem"),
  );
  t.deepEqual(denied.Condition, {
    "ForAnyValue:StringNotEquals": {
      "dynamodb:LeadingKeys": ["control#us-east-1", "control#us-west-2"],
    },
  });
});

/** Of Pulumi's type, where the two differ. */
const PREFIXES: Readonly<Record<string, string>> = {
  cloudwatch: "logs",
  lb: "elasticloadbalancing",
  vpc: "ec2",
};

test("the deploy role covers every service and role of the program, and IAM allows that policy's length", async (t) => {
  for (const stack of ["prod", "dr"] as const) {
    const { resources } = await standing(stack);
    const services = resources
      .filter(({ type }) => type.startsWith("aws:"))
      .map(({ type }) => type.split(/[:/]/)[1] ?? "")
      .filter((service) => service !== "iam")
      .map((service) => PREFIXES[service] ?? service);
    const known: readonly string[] = DEPLOYED_SERVICES;
    t.deepEqual(
      [...new Set(services)].filter((service) => !known.includes(service)),
      [],
    );
    const roles = resources.filter(({ type }) => type === "aws:iam/role:Role").map(({ name }) => name);
    t.deepEqual(
      roles.filter((name) => !ROLE_PREFIXES.some((prefix) => `${name}-`.startsWith(`${prefix}-`))),
      [],
    );
  }
  // Of all inline policies of a role together, spaces not counted.
  // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
  for (const { document } of rolesOf(SCOPE)) t.true((document ?? "").length <= 10_240);
});
