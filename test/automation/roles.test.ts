import test from "ava";
import { roleSteps } from "../../automation/roles.ts";
import { isLegalRoleStep, ROLES } from "../../components/model.ts";

test("from passive to active the way leads through promoting, and back it is one step", (t) => {
  t.deepEqual(roleSteps("passive", "active"), ["promoting", "active"]);
  t.deepEqual(roleSteps("active", "passive"), ["passive"]);
  t.deepEqual(roleSteps("promoting", "passive"), ["active", "passive"]);
  t.deepEqual(roleSteps("active", "active"), ["active"]);
});

test("every step on every way is legal, and the way ends where it should", (t) => {
  for (const from of ROLES) {
    for (const to of ROLES) {
      const steps = roleSteps(from, to);
      t.is(steps.at(-1), to);
      for (const [index, role] of steps.entries()) t.true(isLegalRoleStep(steps[index - 1] ?? from, role));
    }
  }
});
