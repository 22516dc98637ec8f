import test from "ava";
import {
  CONTROL_TYPE,
  checkPlan,
  DEPLOYMENT_TYPE,
  differences,
  NODE_GROUP_TYPE,
  type PlannedStep,
} from "../../../automation/adapters/plan-check.ts";

const ENGINE = `urn:pulumi:dr::trading-platform::${DEPLOYMENT_TYPE}::engine-0`;
const CONTROL = `urn:pulumi:dr::trading-platform::${CONTROL_TYPE}::control`;
const item = (traffic: string, region = "us-west-2") =>
  JSON.stringify({
    pk: { S: `control#${region}` },
    sk: { N: "0" },
    traffic: { S: traffic },
    maintenance: { S: "off" },
  });

const scaling = (changes: Partial<PlannedStep> = {}): PlannedStep => ({
  op: "update",
  urn: ENGINE,
  type: DEPLOYMENT_TYPE,
  oldInputs: { metadata: { name: "engine-0" }, spec: { replicas: 0, template: { image: "a" } } },
  newInputs: { metadata: { name: "engine-0" }, spec: { replicas: 1, template: { image: "a" } } },
  changed: ["spec.replicas"],
  ...changes,
});
const switching = (changes: Partial<PlannedStep> = {}): PlannedStep => ({
  op: "update",
  urn: CONTROL,
  type: CONTROL_TYPE,
  oldInputs: { tableName: "t", item: item("off"), __defaults: [] },
  newInputs: { tableName: "t", item: item("on"), __defaults: ["region"] },
  changed: ["item"],
  ...changes,
});
const TARGETS = [ENGINE, CONTROL];

test("scaling a named Deployment and switching the control item is the flip", (t) => {
  const same = { ...scaling(), op: "same", urn: "urn:other", type: "aws:s3/bucket:Bucket" };
  t.deepEqual(checkPlan([scaling(), switching(), same], TARGETS), []);
});

test("starting a cold standby's nodes belongs to the flip, another kind of machine does not", (t) => {
  const urn = `urn:pulumi:dr::trading-platform::${NODE_GROUP_TYPE}::cluster-us-west-2a`;
  const group = (desiredSize: number, instanceType: string) => ({
    instanceTypes: [instanceType],
    scalingConfig: { minSize: desiredSize, desiredSize, maxSize: 6 },
  });
  const starting = (instanceType: string): PlannedStep => ({
    ...{ op: "update", urn, type: NODE_GROUP_TYPE, changed: [] },
    oldInputs: group(1, "m7g.xlarge"),
    newInputs: group(3, instanceType),
  });
  t.deepEqual(checkPlan([starting("m7g.xlarge")], [urn]), []);
  t.deepEqual(checkPlan([starting("m8g.xlarge")], [urn]), [
    "cluster-us-west-2a would also change instanceTypes[0]",
  ]);
});

test("an image that would ride along is refused by its path", (t) => {
  const newInputs = { metadata: { name: "engine-0" }, spec: { replicas: 1, template: { image: "b" } } };
  t.deepEqual(checkPlan([scaling({ newInputs })], TARGETS), [
    "engine-0 would also change spec.template.image",
  ]);
});

test("what only the provider knows to change counts as well: a secret shows no difference in the inputs", (t) => {
  t.deepEqual(checkPlan([scaling({ changed: ["spec.replicas", "spec.template.env[0].value"] })], TARGETS), [
    "engine-0 would also change spec.template.env[0].value",
  ]);
});

test("a create, a delete and a replacement are refused, of a target too", (t) => {
  t.deepEqual(
    checkPlan([scaling({ op: "replace" }), switching({ op: "create" }), scaling({ op: "delete" })], TARGETS),
    [
      `create of ${CONTROL_TYPE} control, only an update is allowed`,
      `delete of ${DEPLOYMENT_TYPE} engine-0, only an update is allowed`,
      `replace of ${DEPLOYMENT_TYPE} engine-0, only an update is allowed`,
    ],
  );
});

test("an update of anything that is not a target is refused", (t) => {
  t.deepEqual(checkPlan([scaling({ urn: `${ENGINE}x` })], TARGETS), [
    `update of ${DEPLOYMENT_TYPE} engine-0x`,
  ]);
  t.deepEqual(checkPlan([switching({ type: "aws:s3/bucket:Bucket" })], TARGETS), [
    "update of aws:s3/bucket:Bucket control",
  ]);
});

test("the control item may change its switches, not the region it speaks for", (t) => {
  const newInputs = { tableName: "t", item: item("on", "us-east-1") };
  t.deepEqual(checkPlan([switching({ newInputs })], TARGETS), ["control would also change pk"]);
});

test("differences are paths of leaves; Pulumi's bookkeeping is none", (t) => {
  t.deepEqual(differences({ a: { b: 1, c: [1, 2] }, __defaults: ["x"] }, { a: { b: 2, c: [1, 3] } }), [
    "a.b",
    "a.c[1]",
  ]);
  t.deepEqual(differences({ a: 1 }, {}), ["a"]);
  t.deepEqual(differences({ a: [] }, { a: {} }), ["a"]);
});
