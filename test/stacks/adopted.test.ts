import test from "ava";
import { deploy, type World } from "./graph.ts";
import { changed } from "./stackFile.ts";

const ZONES = ["us-west-2a", "us-west-2b", "us-west-2c"];
const TIERS = ["public", "private", "data"] as const;
/** `subnet-00000011` is the second zone's second tier. */
const idOf = (zone: number, tier: number) => `subnet-000000${zone}${tier}`;
const TARGETS = [{ gatewayId: "igw-1" }, { natGatewayId: "nat-1" }, {}];
const place = (id: string) => ({ zone: Number(id.at(-2)), tier: Number(id.at(-1)) });

const world: World = {
  lookups: {
    "aws:ec2/getVpc:getVpc": () => ({
      cidrBlock: "10.20.0.0/16",
      enableDnsHostnames: true,
      enableDnsSupport: true,
    }),
    "aws:ec2/getSubnet:getSubnet": ({ id }) => ({
      vpcId: "vpc-00000001",
      availabilityZone: ZONES[place(id).zone],
      availableIpAddressCount: 4_000,
    }),
    "aws:ec2/getRouteTable:getRouteTable": ({ subnetId }) => ({
      routes: [
        { cidrBlock: "10.20.0.0/16", gatewayId: "local" },
        { cidrBlock: "0.0.0.0/0", ...TARGETS[place(subnetId).tier] },
      ],
    }),
    "aws:eks/getCluster:getCluster": ({ name }) => ({
      arn: `arn:aws:eks:us-west-2:123456789012:cluster/${name}`,
      endpoint: "https://platform.eks",
      version: "1.34",
      status: "ACTIVE",
      certificateAuthorities: [{ data: "Q0E=" }],
      vpcConfig: {
        clusterSecurityGroupId: "sg-platform",
        endpointPublicAccess: false,
        publicAccessCidrs: [],
      },
    }),
    "aws:eks/getNodeGroup:getNodeGroup": ({ nodeGroupName }) => ({
      subnetIds: [idOf("abc".indexOf(nodeGroupName.at(-1)), 1)],
      instanceTypes: ["m7g.xlarge"],
      scalingConfigs: [{ minSize: 4 }],
      resources: [{ autoscalingGroups: [{ name: `group-of-${nodeGroupName}` }] }],
    }),
    "aws:cloudwatch/getLogGroup:getLogGroup": ({ name }) => ({ name }),
    "aws:eks/getAccessEntry:getAccessEntry": () => ({ kubernetesGroups: [] }),
    "aws:eks/getAddon:getAddon": () => ({ configurationValues: '{"enableNetworkPolicy":"true"}' }),
  },
};

const network = () =>
  changed("dr", "network", (value) => {
    value.secondary.existing = {
      vpcId: "vpc-00000001",
      subnets: ZONES.map((_, zone) => Object.fromEntries(TIERS.map((tier, n) => [tier, idOf(zone, n)]))),
    };
  });
const cluster = () =>
  changed("dr", "cluster", (value) => {
    value.existing = {
      secondary: {
        name: "platform",
        nodeGroups: Object.fromEntries(ZONES.map((zone) => [zone, `workers-${zone.at(-1)}`])),
      },
    };
  });

test.serial(
  "an existing network is used as it is: nothing of it is made, and everything lands in it",
  async (t) => {
    const { resources, invocations } = await deploy("dr", { network: await network() }, world);
    const made = resources.filter(({ type }) =>
      /^aws:ec2\/(vpc|subnet|route|natGateway|internetGateway)/.test(type),
    );
    t.deepEqual(made, []);
    const groups = resources.filter(({ type }) => type === "aws:eks/nodeGroup:NodeGroup");
    t.deepEqual(groups.map(({ inputs }) => inputs.subnetIds[0]).sort(), [idOf(0, 1), idOf(1, 1), idOf(2, 1)]);
    const data = resources.find(({ type }) => type === "aws:rds/subnetGroup:SubnetGroup");
    t.deepEqual(data?.inputs.subnetIds, [idOf(0, 2), idOf(1, 2), idOf(2, 2)]);
    t.deepEqual(
      new Set(invocations.filter(({ token }) => token.startsWith("aws:ec2")).map(({ args }) => args.region)),
      new Set(["us-west-2"]),
      "no lookup leaves the region",
    );
  },
);

const unfit: World = {
  lookups: {
    ...world.lookups,
    "aws:ec2/getVpc:getVpc": () => ({
      cidrBlock: "10.10.0.0/16",
      enableDnsHostnames: false,
      enableDnsSupport: true,
    }),
    "aws:eks/getAddon:getAddon": () => ({ configurationValues: "" }),
  },
};

test.serial(
  "an existing network and cluster that are not fit are refused with every reason, before anything is registered",
  async (t) => {
    const overrides = { network: await network(), cluster: await cluster() };
    await t.throwsAsync(deploy("dr", overrides, unfit), {
      message:
        "Refused, nothing was changed: the existing network is not fit:\n" +
        "  vpc-00000001 has the range 10.10.0.0/16, config says 10.20.0.0/16: the other region's must not overlap the real one\n" +
        "  vpc-00000001 does not resolve names of AWS: turn on DNS support and DNS hostnames\n" +
        "the existing cluster is not fit:\n" +
        '  cluster platform does not enforce network policies: set enableNetworkPolicy of the add-on vpc-cni to "true"',
    });
  },
);

test.serial(
  "what is no longer fit stops nothing: a failover is not refused for somebody else's change",
  async (t) => {
    const overrides = { network: await network(), role: "promoting", acceptGeneration: "1" };
    const failingOver = {
      ...unfit,
      regionItem: { generation: 1, active: "us-west-2" },
      lastOutputs: { role: "passive" },
    };
    t.is((await deploy("dr", overrides, failingOver)).outputs.role, "promoting");
  },
);

test.serial(
  "an existing cluster is used as it is: no nodes, add-ons or entries are made, its groups are targets",
  async (t) => {
    const overrides = { network: await network(), cluster: await cluster() };
    const { resources, outputs } = await deploy("dr", overrides, world);
    const eks = resources.filter(({ type }) => type.startsWith("aws:eks/")).map(({ type }) => type);
    t.deepEqual([...new Set(eks)], ["aws:eks/podIdentityAssociation:PodIdentityAssociation"]);
    t.false(resources.some(({ type, parent }) => /logGroup:/.test(type) && /Observability/.test(parent)));
    const attached = resources.filter(({ type }) => type === "aws:autoscaling/attachment:Attachment");
    t.deepEqual(
      attached.map(({ inputs }) => inputs.autoscalingGroupName).sort(),
      ["a", "b", "c"].map((zone) => `group-of-workers-${zone}`),
    );
    const provider = resources.find(({ type }) => type === "pulumi:providers:kubernetes");
    t.is(provider?.inputs.clusterIdentifier, "platform");
    t.is(outputs.cluster.name, "platform");
  },
);

test.serial("a third service is five lines of config", async (t) => {
  const services = await changed("dr", "services", (value) => {
    value.risk = {
      image: value.gateway.image,
      replicas: { min: 2, max: 4 },
      cpu: "250m",
      memory: "256Mi",
    };
  });
  const { resources } = await deploy("dr", { services });
  const kinds = resources
    .filter(({ name }) => name === "risk" || name === "workload-risk")
    .map(({ type }) => type.split(":").at(-1))
    .sort();
  t.deepEqual(kinds, [
    "Deployment",
    "HorizontalPodAutoscaler",
    "NetworkPolicy",
    "PodDisruptionBudget",
    "PodIdentityAssociation",
    "Role",
    "Service",
    "ServiceAccount",
  ]);
});
