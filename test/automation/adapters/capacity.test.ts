import test from "ava";
import { capacityOf, quantity } from "../../../automation/adapters/capacity.ts";

const container = (cpu: string, memory: string, image = "app@sha256:1") => ({
  image,
  resources: { requests: { cpu, memory } },
});
const node = (changes: object = {}) => ({
  spec: {},
  status: {
    allocatable: { cpu: "4", memory: "8Gi" },
    conditions: [{ type: "Ready", status: "True" }],
    ...changes,
  },
});

test("quantities are read as Kubernetes writes them", (t) => {
  t.deepEqual(["500m", "2", "1Gi", "512Mi", "1e3", undefined].map(quantity), [
    0.5,
    2,
    2 ** 30,
    2 ** 29,
    1000,
    0,
  ]);
  t.throws(() => quantity("lots"), { message: '"lots" is not a Kubernetes quantity' });
});

test("free is what nodes that are ready offer, less what runs on them", (t) => {
  const pods = [
    { spec: { nodeName: "a", containers: [container("1", "1Gi")] }, status: { phase: "Running" } },
    { spec: { nodeName: "a", containers: [container("1", "1Gi")] }, status: { phase: "Succeeded" } },
    { spec: { containers: [container("1", "1Gi")] }, status: { phase: "Pending" } },
  ];
  const nodes = [
    node(),
    { ...node(), spec: { unschedulable: true } },
    node({ conditions: [{ type: "Ready", status: "Unknown" }] }),
  ];
  const { free, needed } = capacityOf([{ count: 3, containers: [container("500m", "1Gi")] }], pods, nodes);
  t.deepEqual(free, { cpu: 3, memory: 7 * 2 ** 30 });
  t.deepEqual(needed, { cpu: 1.5, memory: 3 * 2 ** 30 });
});

test("nodes that do not say what they offer leave the room unknown, not zero", (t) => {
  const wanted = [{ count: 1, containers: [container("1", "1Gi")] }];
  const { free, needed } = capacityOf(wanted, [], [node({ allocatable: {} })]);
  t.is(free, undefined);
  t.deepEqual(needed, { cpu: 1, memory: 2 ** 30 });
});

test("an image that no node lists is named; nodes that list none leave it unknown", (t) => {
  const wanted = [{ count: 1, containers: [container("1", "1Gi", "app@sha256:2")] }];
  t.deepEqual(capacityOf(wanted, [], [node({ images: [{ names: ["app@sha256:1"] }] })]).missingImages, [
    "app@sha256:2",
  ]);
  t.is(capacityOf(wanted, [], [node()]).missingImages, undefined);
});
