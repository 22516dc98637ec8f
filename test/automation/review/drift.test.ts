import test from "ava";
import { asDrift } from "../../../automation/review/drift.ts";
import { judge } from "../../../automation/review/judge.ts";
import type { Step } from "../../../automation/review/preview.ts";
import { previewOf, stateOf, stepOf, updateOf } from "./steps.ts";

const TABLE = "aws:dynamodb/table:Table";
const drifted = (step: Step, isNew = false): readonly string[] =>
  judge([asDrift(previewOf([step], { isNew }))]).map(({ risk, because }) => `${risk}: ${because.join("; ")}`);

test("what the program would switch on again, somebody has switched off", (t) => {
  const step = updateOf(TABLE, { deletionProtectionEnabled: false }, { deletionProtectionEnabled: true });
  t.deepEqual(drifted(step), ["protection: deletionProtectionEnabled: true → false"]);
});

test("what the program would make again, somebody has deleted", (t) => {
  const step = stepOf("create", TABLE, "journal", { new: stateOf({ name: "journal" }) });
  t.deepEqual(drifted(step, true), ["deleted: no longer in the cloud"]);
});

test("what the program would replace, somebody has made in another way", (t) => {
  const step = stepOf("replace", TABLE, "journal", {
    old: stateOf({ hashKey: "id", replicas: [] }),
    new: stateOf({ hashKey: "pk", replicas: [{ regionName: "us-west-2" }] }),
    changed: ["hashKey", "replicas[0]"],
    replaceReasons: ["hashKey"],
  });
  t.deepEqual(drifted(step), ['replica: replicas: [{"regionName":"us-west-2"}] → []']);
});
