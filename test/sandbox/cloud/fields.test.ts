import test from "ava";
import type { Properties } from "../../../sandbox/cloud/behaviour.ts";
import {
  FieldConflictError,
  ownership,
  plainUpdate,
  serverSideApply,
} from "../../../sandbox/cloud/fields.ts";

const PULUMI = "pulumi-kubernetes-1";
const AUTOSCALER = "kube-controller-manager";

const deployment = (spec: Properties, metadata: Properties = {}): Properties => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "gateway", namespace: "exchange", ...metadata },
  spec,
});
const apply = (live: Properties | undefined, spec: Properties, { force = false, manager = PULUMI } = {}) =>
  serverSideApply(live, deployment(spec), manager, force);
const specOf = (object: Properties) => object["spec"] as Properties;
const scale = (live: Properties, replicas: number) =>
  plainUpdate(live, { ...live, spec: { ...specOf(live), replicas } }, AUTOSCALER, "scale");

test("what a manager applied it owns, and may change", (t) => {
  const live = apply(apply(undefined, { replicas: 3 }), { replicas: 5 });

  t.is(specOf(live)["replicas"], 5);
  t.deepEqual(ownership(live, ["spec", "replicas"], PULUMI), { ours: true, theirs: false });
});

test("an apply against the autoscaler's number is a conflict that names field and owner", (t) => {
  const live = scale(apply(undefined, { replicas: 3 }), 7);

  const error = t.throws(() => apply(live, { replicas: 3 }), { instanceOf: FieldConflictError });

  t.is(
    error?.message,
    'Apply failed with 1 conflict: conflict with "kube-controller-manager" with subresource "scale" using apps/v1: .spec.replicas',
  );
});

test("a conflict in a list names the element", (t) => {
  const containers = (image: string) => ({
    template: { spec: { containers: [{ name: "gateway", image }] } },
  });
  const live = apply(undefined, containers("a"), { manager: "kubectl" });

  t.throws(() => apply(live, containers("b")), {
    message: /conflict with "kubectl": \.spec\.template\.spec\.containers\[name="gateway"\]\.image$/,
  });
});

test("force takes the field and its ownership", (t) => {
  const live = apply(scale(apply(undefined, { replicas: 3 }), 7), { replicas: 0 }, { force: true });

  t.is(specOf(live)["replicas"], 0);
  t.deepEqual(ownership(live, ["spec", "replicas"], PULUMI), { ours: true, theirs: false });
});

test("applying the value that is there already shares it", (t) => {
  const live = apply(scale(apply(undefined, { replicas: 3 }), 7), { replicas: 7 });

  t.deepEqual(ownership(live, ["spec", "replicas"], PULUMI), { ours: true, theirs: true });
});

test("leaving out replicas that one alone owns resets them to 1", (t) => {
  const live = apply(apply(undefined, { replicas: 3, paused: false }), { paused: false });

  t.is(specOf(live)["replicas"], 1);
});

test("leaving out replicas that the autoscaler owns keeps its number", (t) => {
  const live = apply(scale(apply(undefined, { replicas: 3, paused: false }), 7), { paused: false });

  t.is(specOf(live)["replicas"], 7);
});

test("a write that changes nothing takes no ownership", (t) => {
  const live = scale(apply(undefined, { replicas: 3 }), 3);

  t.deepEqual(ownership(live, ["spec", "replicas"], PULUMI), { ours: true, theirs: false });
});

test("named lists merge: each manager keeps its own elements and fields", (t) => {
  const containers = (...list: Properties[]) => ({ template: { spec: { containers: list } } });
  const first = apply(undefined, containers({ name: "gateway", image: "a" }));
  const both = apply(first, containers({ name: "proxy", image: "p" }), { manager: "mesh" });
  const changed = apply(both, containers({ name: "gateway", image: "b" }));
  const without = apply(changed, containers({ name: "other", image: "o" }));

  const names = (object: Properties) =>
    (specOf(object) as ReturnType<typeof containers>).template.spec.containers;
  t.deepEqual(names(changed), [
    { name: "gateway", image: "b" },
    { name: "proxy", image: "p" },
  ]);
  t.deepEqual(names(without), [
    { name: "proxy", image: "p" },
    { name: "other", image: "o" },
  ]);
});

test("lists without names are replaced as a whole", (t) => {
  const live = apply(apply(undefined, { args: ["a", "b"] }), { args: ["c"] });
  t.deepEqual(specOf(live)["args"], ["c"]);
});

test("owners are kept as the API server writes them", (t) => {
  const live = scale(apply(undefined, { replicas: 3 }), 7);
  const { managedFields } = live["metadata"] as { managedFields: Properties[] };

  t.deepEqual(managedFields, [
    {
      manager: "kube-controller-manager",
      operation: "Update",
      subresource: "scale",
      apiVersion: "apps/v1",
      fieldsType: "FieldsV1",
      fieldsV1: { "f:spec": { "f:replicas": {} } },
    },
  ]);
});

test("the status belongs to nobody who applies", (t) => {
  const live = { ...apply(undefined, { replicas: 3 }), status: { readyReplicas: 3 } };
  const after = apply(live, { replicas: 3 });

  t.deepEqual(after["status"], { readyReplicas: 3 });
});
