import test from "ava";
import { GRANTS, type GrantScope, statementsFor } from "../../components/grants.ts";
import { assumedByPods } from "../../components/iam.ts";
import { controlKey, logKey, REGION_KEY } from "../../journal/model.ts";

const scope: GrantScope = {
  name: "exchange",
  accountId: "123456789012",
  region: "us-west-2",
  journalTable: "exchange-journal",
  databaseResourceId: "cluster-ABC",
  databaseUser: "projector",
};
const actions = (...grants: (typeof GRANTS)[number][]) =>
  statementsFor(grants, scope).flatMap(({ Effect, Action }) => Action.map((action) => `${Effect} ${action}`));

test("no grant has a wildcard action, nor a resource outside the region, account and names of this platform", (t) => {
  for (const { Action, Resource } of statementsFor(GRANTS, scope)) {
    t.true(Action.every((action) => !action.includes("*")));
    for (const resource of Resource) {
      t.regex(
        resource,
        /^arn:aws:(s3:::exchange-(archive|checkpoints)-123456789012-us-west-2(\/\*)?|[a-z-]+:us-west-2:123456789012:.+)$/,
      );
    }
  }
});

test("a key may be used through its service only, by the alias that both regions give it", (t) => {
  const keys = statementsFor(GRANTS, scope).filter(({ Action }) => Action.includes("kms:Decrypt"));
  t.deepEqual(
    keys.map(({ Condition }) => Condition),
    [
      {
        StringEquals: { "kms:ViaService": "dynamodb.us-west-2.amazonaws.com" },
        "ForAnyValue:StringEquals": { "kms:ResourceAliases": "alias/exchange-journal" },
      },
      {
        StringEquals: { "kms:ViaService": "s3.us-west-2.amazonaws.com" },
        "ForAnyValue:StringEquals": { "kms:ResourceAliases": "alias/exchange-storage" },
      },
    ],
  );
});

test("who reads the journal cannot write it", (t) => {
  t.deepEqual(actions("journal-read"), [
    "Allow dynamodb:GetItem",
    "Allow dynamodb:Query",
    "Allow kms:Decrypt",
    "Allow kms:GenerateDataKey",
  ]);
});

test("who appends cannot decide which region is active, nor touch a control item", (t) => {
  const deny = statementsFor(["journal-append"], scope).find(({ Effect }) => Effect === "Deny");
  const denied = Object.values(deny?.Condition ?? {})[0]?.["dynamodb:LeadingKeys"];
  const matches = (key: string) =>
    [denied].flat().some((pattern) => pattern && new RegExp(`^${pattern.replace("*", ".*")}$`).test(key));
  t.deepEqual(deny?.Action, ["dynamodb:PutItem"]);
  t.true(matches(REGION_KEY));
  t.true(matches(controlKey("us-west-2")));
  t.false(matches(logKey(0, 1)));
});

test("nobody deletes from the archive", (t) => {
  t.deepEqual(
    actions(...GRANTS).filter((action) => /Allow .*(Delete|Bypass)/.test(action)),
    [],
  );
});

test("statements that two grants share appear once", (t) => {
  const statements = statementsFor(
    ["journal-read", "journal-append", "checkpoints-read", "archive-write"],
    scope,
  );
  t.is(new Set(statements.map((statement) => JSON.stringify(statement))).size, statements.length);
});

test("only pods of this cluster and account take a service's role", (t) => {
  const [statement] = JSON.parse(
    assumedByPods("123456789012", "arn:aws:eks:us-west-2:123456789012:cluster/c"),
  ).Statement;
  t.deepEqual(statement.Principal, { Service: "pods.eks.amazonaws.com" });
  t.deepEqual(statement.Condition, {
    StringEquals: { "aws:SourceAccount": "123456789012" },
    ArnEquals: { "aws:SourceArn": "arn:aws:eks:us-west-2:123456789012:cluster/c" },
  });
});
