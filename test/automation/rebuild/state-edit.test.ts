import test from "ava";
import type { PlannedStep } from "../../../automation/adapters/plan-check.ts";
import { HalfwayError } from "../../../automation/errors.ts";
import { checkRenaming, isImported, retarget, tableShape } from "../../../automation/rebuild/state-edit.ts";

const item = '{"pk":{"S":"control#us-east-1"}}';
const resources = [
  {
    urn: "urn::aws:kms/alias:Alias::journal",
    type: "aws:kms/alias:Alias",
    id: "alias/exchange-journal",
    protect: false,
    inputs: { name: "alias/exchange-journal" },
    outputs: {},
  },
  {
    urn: "urn::aws:dynamodb/table:Table::journal",
    type: "aws:dynamodb/table:Table",
    id: "exchange-journal",
    protect: true,
    inputs: { name: "exchange-journal", hashKey: "pk" },
    outputs: {
      name: "exchange-journal",
      arn: "arn:aws:dynamodb:us-east-1:123456789012:table/exchange-journal",
      serverSideEncryption: { enabled: true, kmsKeyArn: "arn:key" },
      replicas: [{ regionName: "us-west-2", kmsKeyArn: "arn:replica-key" }],
      tagsAll: { platform: "exchange" },
    },
  },
  {
    urn: "urn::aws:dynamodb/tableItem:TableItem::journal-control",
    type: "aws:dynamodb/tableItem:TableItem",
    id: "exchange-journal|pk|control#us-east-1|0",
    protect: false,
    inputs: { tableName: "exchange-journal", item },
    outputs: { tableName: "exchange-journal", item },
  },
];

test("a fresh table gets the keys and tags that the program declares", (t) => {
  t.deepEqual(tableShape({ resources, stack: "prod" }), {
    keyArn: "arn:key",
    replicaKeyArn: "arn:replica-key",
    tags: { platform: "exchange" },
  });
  t.throws(() => tableShape({ resources: [], stack: "prod" }), {
    instanceOf: HalfwayError,
    message:
      "Pulumi's state of stack prod has no aws:dynamodb/table:Table with its keys: deploy it first with `dr deploy --stack prod`",
  });
});

test("another table takes the place: its own names change, those that only look like it stay; again is the same", (t) => {
  const once = retarget({ manifest: "m", resources }, "exchange-journal", "exchange-journal-r1") as {
    resources: typeof resources;
  };
  const [alias, table, control] = once.resources;
  t.deepEqual(alias, resources[0]);
  t.like(table, {
    id: "exchange-journal-r1",
    protect: true,
    inputs: { name: "exchange-journal-r1", hashKey: "pk" },
    outputs: {
      name: "exchange-journal-r1",
      arn: "arn:aws:dynamodb:us-east-1:123456789012:table/exchange-journal-r1",
    },
  });
  t.like(control, {
    id: "exchange-journal-r1|pk|control#us-east-1|0",
    inputs: { tableName: "exchange-journal-r1", item },
    outputs: { tableName: "exchange-journal-r1" },
  });
  t.deepEqual(retarget(once, "exchange-journal", "exchange-journal-r1"), once);
  const state = (of: typeof resources) => ({
    stack: "prod",
    resources: of,
    outputs: {},
    pendingOperations: 0,
  });
  t.false(isImported(state(resources), "exchange-journal-r1"));
  t.true(isImported(state(once.resources), "exchange-journal-r1"));
});

const step = (type: string, oldInputs: object, newInputs: object, op = "update"): PlannedStep => ({
  ...{ op, type, urn: `urn::${type}::it`, changed: [] },
  ...{ oldInputs: oldInputs as PlannedStep["oldInputs"], newInputs: newInputs as PlannedStep["newInputs"] },
});

test("an update may exchange the table's name wherever it stands, and nothing else", (t) => {
  const names = { from: "exchange-journal", into: "exchange-journal-r1" };
  const policy = (table: string) => ({ policy: `{"table/${table}","alias/exchange-journal"}` });
  const selection = "aws:backup/selection:Selection";
  t.deepEqual(
    checkRenaming(
      [
        step("aws:iam/rolePolicy:RolePolicy", policy("exchange-journal"), policy("exchange-journal-r1")),
        step(
          selection,
          { resources: ["table/exchange-journal"] },
          { resources: ["table/exchange-journal-r1"] },
          "replace",
        ),
        step(selection, { resources: ["table/exchange-journal"] }, {}, "delete-replaced"),
      ],
      names,
    ),
    [],
  );
  t.deepEqual(
    checkRenaming(
      [
        step(
          "kubernetes:apps/v1:Deployment",
          { image: "a", table: "exchange-journal" },
          { image: "b", table: "exchange-journal-r1" },
        ),
        step("aws:dynamodb/table:Table", {}, {}, "replace"),
        step("aws:s3/bucket:Bucket", {}, {}, "create"),
      ],
      names,
    ),
    [
      "kubernetes:apps/v1:Deployment it would also change image",
      "replace of aws:dynamodb/table:Table it",
      "create of aws:s3/bucket:Bucket it",
    ],
  );
});
