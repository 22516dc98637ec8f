import test from "ava";
import {
  addressesPerZone,
  DEFAULT_DATABASE_GIGABYTES,
  estimate,
  HOURS_PER_MONTH,
  type Line,
  PER_REGION,
} from "../../../automation/cost/estimate.ts";
import { instanceHour, readPrices } from "../../../automation/cost/prices.ts";
import { render } from "../../../automation/cost/render.ts";
import { type Config, parseConfig } from "../../../stacks/config.ts";
import { standing } from "../../stacks/graph.ts";
import { rawConfig } from "../../stacks/stackFile.ts";

const PRICES = readPrices();
const ASSUMPTIONS = { averageKilobytesPerSecond: 100, databaseGigabytes: DEFAULT_DATABASE_GIGABYTES };
const parsed = parseConfig(await rawConfig("prod"), "prod");
const config: Config = {
  ...parsed,
  cluster: { ...parsed.cluster, instanceType: "m7g.xlarge", nodesPerZone: { min: 2, max: 6 } },
  database: { ...parsed.database, instanceClass: "db.r7g.large", instances: { primary: 3, secondary: 1 } },
};
const estimated = (changed: Partial<Config> = {}) => estimate({ ...config, ...changed }, PRICES, ASSUMPTIONS);
const found = ({ lines }: { lines: readonly Line[] }, region: string, item: string) =>
  lines.find((line) => line.region === region && line.item === item);

test("instances cost by family and size, and one that the table does not have is unknown", (t) => {
  t.is(instanceHour(PRICES, "m7g.large"), 0.0816);
  t.is(instanceHour(PRICES, "m7g.xlarge"), 0.1632);
  t.is(instanceHour(PRICES, "db.r7g.2xlarge"), 4 * 0.276);
  t.is(instanceHour(PRICES, "m99.large"), undefined);
  t.is(instanceHour(PRICES, "m7g.metal"), undefined);
});

test("the same configuration costs what its parts cost", (t) => {
  const result = estimated();
  t.is(found(result, "us-east-1", "3 × db.r7g.large")?.monthly, 3 * 0.276 * HOURS_PER_MONTH);
  t.is(found(result, "us-west-2", "1 × db.r7g.large")?.monthly, 0.276 * HOURS_PER_MONTH);
  t.is(found(result, "us-east-1", "6 × m7g.xlarge")?.monthly, 6 * 0.1632 * HOURS_PER_MONTH);
  t.is(found(result, "us-west-2", "6 × m7g.xlarge"), undefined);
  // 100 KB/s for a month, a unit per KB in its own replica and the witness.
  t.is(found(result, "us-east-1", "replicated writes, million")?.quantity, 525.6);
});

test("a reservation costs what warm nodes cost but their disks; only without it is cold cheaper", (t) => {
  const nodes = Object.fromEntries(estimated().standbys.map((one) => [one.standby, one.nodesMonthly ?? 0]));
  const running = 0.1632 * HOURS_PER_MONTH;
  const disk = 50 * 0.08;
  t.deepEqual(
    Object.entries(nodes).map(([standby, cost]) => [standby, cost.toFixed(2)]),
    [
      ["warm", (6 * running + 6 * disk).toFixed(2)],
      ["cold-reserved", (6 * running + 3 * disk).toFixed(2)],
      ["cold", (3 * running + 3 * disk).toFixed(2)],
    ],
  );
});

test("what is adopted is on its owner's bill, the addresses before the load balancer are ours", (t) => {
  const existing = { vpcId: "vpc-1", subnets: [] };
  const cluster = { name: "platform", nodeGroups: {} };
  const result = estimated({
    network: { ...config.network, secondary: { ...config.network.secondary, existing } },
    cluster: { ...config.cluster, existing: { primary: undefined, secondary: cluster } },
  });
  const items = (region: string) =>
    result.lines.filter((line) => line.region === region).map(({ item }) => item);
  const theirs = [
    "EKS control plane, hours",
    "NAT gateways, hours",
    "interface endpoints, hours",
    "node disks, GB",
  ];
  t.deepEqual(
    theirs.filter((item) => !items("us-east-1").includes(item)),
    [],
  );
  t.deepEqual(
    theirs.filter((item) => items("us-west-2").includes(item)),
    [],
  );
  t.is(found(result, "us-west-2", "public addresses, hours")?.quantity, 3 * HOURS_PER_MONTH);
  t.deepEqual([...new Set(result.standbys.map(({ nodesMonthly }) => nodesMonthly))], [0]);
});

test("what the configuration says is marked", (t) => {
  const said = (standby: "warm" | "cold", reserved: boolean) =>
    estimated({ cluster: { ...config.cluster, standby, reserved } }).configured;
  t.deepEqual(
    [said("warm", false), said("warm", true), said("cold", true), said("cold", false)],
    ["warm", "warm", "cold-reserved", "cold"],
  );
  const result = estimated({ cluster: { ...config.cluster, standby: "cold", reserved: false } });
  t.regex(render(result), /^cold +\$\d+ +\$[\d,]+ {3}\(configured\) one node per zone runs/m);
});

test("an unknown price makes every sum that needs it unknown, and is named", (t) => {
  const result = estimated({ cluster: { ...config.cluster, instanceType: "m99.large" } });
  t.deepEqual(
    result.standbys.map(({ totalMonthly }) => totalMonthly),
    [null, null, null],
  );
  t.regex(
    render(result),
    /unknown {7}6 × m99.large in us-east-1: add the price to automation\/cost\/prices.json/,
  );
  const elsewhere = estimated({
    regions: { primary: "eu-west-1", secondary: "eu-west-2", witness: "eu-west-3" },
  });
  t.true(elsewhere.lines.every(({ monthly }) => monthly === null));
});

test("it says that it is an estimate, of which date, and what is not in it", (t) => {
  const result = estimated();
  t.true(result.isEstimate);
  t.regex(render(result), /^An estimate per month in US dollars, by list prices; no bill\.\n/);
  t.regex(render(result), /prices {8}of 2026-11-25/);
  t.regex(render(result), /not counted {3}data transfer to clients/);
});

test("the quantities are the program's own", async (t) => {
  const zones = 3;
  for (const stack of ["prod", "dr"] as const) {
    const { resources } = await standing(stack);
    const count = (type: string, keep: (inputs: Record<string, unknown>) => boolean = () => true) =>
      resources.filter((one) => one.type === type && keep(one.inputs)).length;
    t.is(count("aws:ec2/natGateway:NatGateway"), zones);
    t.is(count("aws:ec2/eip:Eip"), zones * addressesPerZone(config.network.primary));
    t.is(
      count("aws:ec2/vpcEndpoint:VpcEndpoint", ({ vpcEndpointType }) => vpcEndpointType === "Interface"),
      PER_REGION.interfaceEndpoints,
    );
    t.is(count("aws:route53/healthCheck:HealthCheck"), zones);
    t.is(count("aws:eks/nodeGroup:NodeGroup"), zones);
    t.true(count("aws:kms/key:Key") <= PER_REGION.keys);
    const [template] = resources.filter(({ type }) => type === "aws:ec2/launchTemplate:LaunchTemplate");
    t.is(template?.inputs.blockDeviceMappings[0].ebs.volumeSize, PER_REGION.nodeDiskGigabytes);
  }
});
