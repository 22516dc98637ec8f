import test from "ava";
import { type SeenCluster, type SeenGroup, unfitCluster } from "../../components/adoptedCluster.ts";
import { type SeenNetwork, type SeenSubnet, TIERS, unfitNetwork } from "../../components/adoptedNetwork.ts";

const network = {
  cidr: "10.10.0.0/16",
  existing: { vpcId: "vpc-1", subnets: [{ public: "public-a", private: "private-a", data: "data-a" }] },
};
const WAYS_OUT = { public: "igw-1", private: "nat-1", data: undefined } as const;

const seenNetwork = (
  change: Partial<SeenNetwork> = {},
  subnet: Partial<SeenSubnet> = {},
  only = "all",
): SeenNetwork => ({
  cidr: "10.10.0.0/16",
  hasDnsNames: true,
  subnets: TIERS.map((tier) => ({
    ...{ id: `${tier}-a`, tier, zone: "us-east-1a", availabilityZone: "us-east-1a", vpcId: "vpc-1" },
    freeAddresses: 1_000,
    isRouted: true,
    wayOut: WAYS_OUT[tier],
    ...(only === "all" || only === tier ? subnet : {}),
  })),
  ...change,
});

test("a VPC with three tiers, names and room is fit", (t) => {
  t.deepEqual(unfitNetwork(network, seenNetwork()), []);
});

const NETWORKS: readonly (readonly [title: string, seen: SeenNetwork, problem: string])[] = [
  [
    "another range than config says",
    seenNetwork({ cidr: "10.20.0.0/16" }),
    "vpc-1 has the range 10.20.0.0/16, config says 10.10.0.0/16: the other region's must not overlap the real one",
  ],
  [
    "no DNS names",
    seenNetwork({ hasDnsNames: false }),
    "vpc-1 does not resolve names of AWS: turn on DNS support and DNS hostnames",
  ],
  [
    "a subnet of another VPC",
    seenNetwork({}, { vpcId: "vpc-2" }, "data"),
    "data subnet data-a is in vpc-2, not in vpc-1",
  ],
  [
    "a subnet of another zone",
    seenNetwork({}, { availabilityZone: "us-east-1b" }, "private"),
    "private subnet private-a is in us-east-1b, its place in config says us-east-1a",
  ],
  [
    "no room for pods",
    seenNetwork({}, { freeAddresses: 100 }, "private"),
    "private subnet private-a has 100 free addresses, 250 are needed",
  ],
  [
    "a subnet whose routes nobody wrote",
    seenNetwork({}, { isRouted: false, wayOut: undefined }, "data"),
    "data subnet data-a follows the main route table of its VPC: associate one that is written for it",
  ],
  [
    "a load balancer that nobody reaches",
    seenNetwork({}, { wayOut: "nat-1" }, "public"),
    "public subnet public-a has no route to an internet gateway",
  ],
  [
    "nodes that the internet reaches",
    seenNetwork({}, { wayOut: "igw-1" }, "private"),
    "private subnet private-a needs a default route to a NAT or transit gateway, it leads to igw-1",
  ],
  [
    "nodes without a way out",
    seenNetwork({}, { wayOut: undefined }, "private"),
    "private subnet private-a needs a default route to a NAT or transit gateway, it leads nowhere",
  ],
  [
    "a database with a way to the internet",
    seenNetwork({}, { wayOut: "igw-1" }, "data"),
    "data subnet data-a has a route to the internet: a database must not",
  ],
];
for (const [title, seen, problem] of NETWORKS) {
  test(`an existing network is refused in whole words: ${title}`, (t) => {
    t.deepEqual(unfitNetwork(network, seen), [problem]);
  });
}

const cluster = {
  existing: { name: "platform", nodeGroups: { "us-east-1a": "workers-a" } },
  version: "1.34",
  instanceType: "m7g.xlarge",
  nodesPerZone: { min: 4 },
  adminRoles: ["deploy", "failover"],
  zones: [{ name: "us-east-1a", subnetId: "private-a" }],
};
const ADDONS = {
  "amazon-cloudwatch-observability": "",
  "eks-pod-identity-agent": "",
  "vpc-cni": '{"enableNetworkPolicy":"true"}',
};
const seenCluster = (change: Partial<SeenCluster> = {}, group: Partial<SeenGroup> = {}): SeenCluster => ({
  version: "1.34",
  status: "ACTIVE",
  openTo: ["203.0.113.0/24"],
  groups: {
    "us-east-1a": { subnetIds: ["private-a"], minSize: 4, instanceTypes: ["m7g.xlarge"], ...group },
  },
  addons: ADDONS,
  hasLogs: true,
  shutOut: [],
  ...change,
});

test("a cluster with a group per zone, identities and policies is fit", (t) => {
  t.deepEqual(unfitCluster(cluster, seenCluster()), []);
  t.deepEqual(unfitCluster(cluster, seenCluster({ version: "1.36" })), []);
  t.deepEqual(unfitCluster(cluster, seenCluster({ openTo: [] }, { minSize: 6, instanceTypes: [] })), []);
});

const CLUSTERS: readonly (readonly [title: string, seen: SeenCluster, problem: string])[] = [
  ["not there yet", seenCluster({ status: "CREATING" }), "cluster platform is CREATING, not ACTIVE"],
  ["too old", seenCluster({ version: "1.33" }), "cluster platform has Kubernetes 1.33, 1.34 is needed"],
  [
    "a group over several zones",
    seenCluster({}, { subnetIds: ["private-a", "private-b"] }),
    "node group workers-a is in private-a, private-b; only in private-a is the loss of us-east-1a the loss of one group",
  ],
  [
    "a group that is not there",
    seenCluster({ groups: {} }),
    "there is no node group workers-a in cluster platform",
  ],
  [
    "too few nodes to lose a zone",
    seenCluster({}, { minSize: 1 }),
    "node group workers-a keeps 1 nodes at least, cluster.nodesPerZone.min says 4: without one zone the others would not carry the load",
  ],
  [
    "smaller nodes than config reckons with",
    seenCluster({}, { instanceTypes: ["m7g.xlarge", "m7g.large"] }),
    "node group workers-a has m7g.xlarge, m7g.large, cluster.instanceType says m7g.xlarge: the load was reckoned with it",
  ],
  [
    "an API server that anybody reaches",
    seenCluster({ openTo: ["203.0.113.0/24", "0.0.0.0/0"] }),
    "cluster platform can be reached from 0.0.0.0/0: name who may, or close its public endpoint",
  ],
  [
    "no place for what containers print",
    seenCluster({ hasLogs: false }),
    "cluster platform has no log group /aws/containerinsights/platform/application: its add-on amazon-cloudwatch-observability has to write there",
  ],
  [
    "a role that could not enter",
    seenCluster({ shutOut: ["failover"] }),
    "cluster platform has no access entry for failover: who deploys or fails over could not enter",
  ],
  [
    "no pod identities",
    seenCluster({ addons: { ...ADDONS, "eks-pod-identity-agent": undefined } }),
    "cluster platform lacks the add-on eks-pod-identity-agent: pods would have no rights in AWS",
  ],
  [
    "errors that nobody sees",
    seenCluster({ addons: { ...ADDONS, "amazon-cloudwatch-observability": undefined } }),
    "cluster platform lacks the add-on amazon-cloudwatch-observability: no alarm would see an error",
  ],
  [
    "policies that nobody enforces",
    seenCluster({ addons: { ...ADDONS, "vpc-cni": "{}" } }),
    'cluster platform does not enforce network policies: set enableNetworkPolicy of the add-on vpc-cni to "true"',
  ],
];
for (const [title, seen, problem] of CLUSTERS) {
  test(`an existing cluster is refused in whole words: ${title}`, (t) => {
    t.deepEqual(unfitCluster(cluster, seen), [problem]);
  });
}
