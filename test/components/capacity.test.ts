import test from "ava";
import { fullLoad, nodeCapacity, nodesFor, nodesNeeded } from "../../components/capacity.ts";

const service = { cpu: "500m", memory: "512Mi", perShard: false, replicas: { min: 3, max: 12 } };

test("a node leaves its size less what it keeps for itself; an unknown one nothing that could be reckoned with", (t) => {
  t.deepEqual(nodeCapacity("m7g.xlarge"), { cores: 3.5, mebibytes: 14_848 });
  t.deepEqual(nodeCapacity("c8gd.4xlarge"), { cores: 15.5, mebibytes: 31_232 });
  t.deepEqual(nodeCapacity("r7i.large"), { cores: 1.5, mebibytes: 14_848 });
  t.is(nodeCapacity("m7g.metal"), undefined);
  t.is(nodeCapacity("g6.xlarge"), undefined);
});

test("the full load is every replica that a service may have, per shard where it is", (t) => {
  const engine = { cpu: "1", memory: "2Gi", perShard: true, replicas: { min: 2, max: 2 } };
  t.deepEqual(fullLoad({ gateway: service, engine }, 4), { cores: 14, mebibytes: 22_528 });
});

test("as many nodes per zone as its scarcer resource asks for", (t) => {
  const node = { cores: 3.5, mebibytes: 14_848 };
  t.is(nodesNeeded({ cores: 14, mebibytes: 1 }, node, 2), 2);
  t.is(nodesNeeded({ cores: 14.1, mebibytes: 1 }, node, 2), 3);
  t.is(nodesNeeded({ cores: 1, mebibytes: 60_000 }, node, 2), 3);
});

test("a warm standby runs all its nodes in every role, and their number is the cluster's", (t) => {
  for (const role of ["passive", "promoting", "active"] as const) {
    t.deepEqual(nodesFor(role, "warm", { min: 3, max: 6 }), { min: 3, desired: 3, max: 6, ignored: true });
  }
});

test("a cold one keeps a node per zone while parked, and is started explicitly like the pods", (t) => {
  const sizes = { min: 3, max: 6 };
  t.deepEqual(nodesFor("passive", "cold", sizes), { min: 1, desired: 1, max: 6, ignored: false });
  t.deepEqual(nodesFor("promoting", "cold", sizes), { min: 3, desired: 3, max: 6, ignored: false });
  t.deepEqual(nodesFor("active", "cold", sizes), { min: 3, desired: 3, max: 6, ignored: true });
});
