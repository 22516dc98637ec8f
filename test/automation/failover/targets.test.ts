import test from "ava";
import { CONTROL_TYPE, DEPLOYMENT_TYPE, NODE_GROUP_TYPE } from "../../../automation/adapters/plan-check.ts";
import type { StackState } from "../../../automation/adapters/state.ts";
import { NoTargetError, targetsOf } from "../../../automation/failover/targets.ts";

const resource = (type: string, name: string, inputs: Record<string, unknown>) => ({
  urn: `urn:pulumi:dr::trading-platform::${type}::${name}`,
  type,
  inputs,
});
const resources = [
  resource(NODE_GROUP_TYPE, "cluster-us-west-2a", {}),
  resource(DEPLOYMENT_TYPE, "gateway", { metadata: { name: "gateway" } }),
  resource(DEPLOYMENT_TYPE, "archiver", { metadata: { name: "archiver" } }),
  resource(CONTROL_TYPE, "journal-control", { item: '{"pk":{"S":"control#us-west-2"}}' }),
];
const state = { resources } as unknown as StackState;
const flippable = {
  stack: "dr",
  region: "us-west-2",
  deployments: [{ name: "gateway", replicas: 3 }],
} as const;
const names = (urns: readonly string[]) => urns.map((urn) => urn.split("::").at(-1));
const flip = { acceptGeneration: 1, direct: false } as const;

test("promoting targets the Deployments that obey roles, and the nodes that a cold standby starts for them", (t) => {
  t.deepEqual(names(targetsOf({ ...flip, role: "promoting" }, state, flippable)), [
    "cluster-us-west-2a",
    "gateway",
  ]);
});

test("traffic, and the role after it, target the region's control item alone", (t) => {
  t.deepEqual(
    names(targetsOf({ ...flip, role: "promoting", traffic: "on" }, state, flippable)),
    names(targetsOf({ ...flip, role: "active" }, state, flippable)),
  );
  t.deepEqual(names(targetsOf({ ...flip, role: "active" }, state, flippable)), ["journal-control"]);
});

test("a Deployment that the state does not know stops the flip: Pulumi would do nothing and call it success", (t) => {
  const missing = { ...flippable, deployments: [{ name: "engine-0", replicas: 1 }] };
  t.throws(() => targetsOf({ ...flip, role: "promoting" }, state, missing), { instanceOf: NoTargetError });
});
