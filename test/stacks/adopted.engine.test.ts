/** A network and a cluster that another team's program made, adopted by `prod` on the real engine. */
import { LogGroup } from "@pulumi/aws/cloudwatch/logGroup.js";
import { AccessEntry } from "@pulumi/aws/eks/accessEntry.js";
import { Addon } from "@pulumi/aws/eks/addon.js";
import { Cluster } from "@pulumi/aws/eks/cluster.js";
import { NodeGroup } from "@pulumi/aws/eks/nodeGroup.js";
import { Role } from "@pulumi/aws/iam/role.js";
import { Provider } from "@pulumi/aws/provider.js";
import type { EngineEvent, Stack } from "@pulumi/pulumi/automation/index.js";
import test from "ava";
import { assumedByService } from "../../components/iam.ts";
import { Network } from "../../components/network.ts";
import { hosted } from "./hosted.ts";
import { ACCOUNT_ID, Local } from "./local.ts";
import { changed } from "./stackFile.ts";

const REGION = "us-east-1";
const ZONES = ["a", "b", "c"].map((letter) => `${REGION}${letter}`);
const ADMINS = ["exchange-deploy", "exchange-failover"].map(
  (name) => `arn:aws:iam::${ACCOUNT_ID}:role/${name}`,
);

interface Theirs {
  readonly cidr: string;
  readonly minSize: number;
  readonly publicAccessCidrs: string[];
  readonly policies: boolean;
  readonly logs: boolean;
  readonly admins: readonly string[];
}
const FIT: Theirs = {
  cidr: "10.10.0.0/16",
  minSize: 4,
  publicAccessCidrs: ["203.0.113.0/24"],
  policies: true,
  logs: true,
  admins: ADMINS,
};

const UNSAFE: Theirs = {
  ...FIT,
  minSize: 2,
  publicAccessCidrs: ["0.0.0.0/0"],
  policies: false,
  logs: false,
  admins: ADMINS.slice(0, 1),
};

const theirs =
  ({ cidr, minSize, publicAccessCidrs, policies, logs, admins }: Theirs) =>
  async () => {
    const provider = new Provider("aws", { region: REGION });
    const network = new Network("shared", { region: REGION, cidr, zones: ZONES }, { provider });
    const role = new Role("nodes", { assumeRolePolicy: assumedByService("ec2.amazonaws.com") }, { provider });
    const cluster = new Cluster(
      "platform",
      {
        name: "platform",
        version: "1.34",
        roleArn: role.arn,
        vpcConfig: {
          subnetIds: network.zones.map(({ privateSubnetId }) => privateSubnetId),
          endpointPublicAccess: true,
          publicAccessCidrs,
        },
      },
      { provider },
    );
    const clusterName = cluster.name;
    for (const { name, privateSubnetId } of network.zones) {
      new NodeGroup(
        name,
        {
          ...{
            clusterName,
            nodeRoleArn: role.arn,
            nodeGroupName: `workers-${name}`,
            subnetIds: [privateSubnetId],
          },
          instanceTypes: ["m7g.xlarge"],
          scalingConfig: { minSize, desiredSize: minSize, maxSize: 8 },
        },
        { provider },
      );
    }
    for (const addonName of ["eks-pod-identity-agent", "amazon-cloudwatch-observability"]) {
      new Addon(addonName, { clusterName, addonName }, { provider });
    }
    if (logs) {
      new LogGroup("application", { name: "/aws/containerinsights/platform/application" }, { provider });
    }
    const configurationValues = JSON.stringify({ enableNetworkPolicy: String(policies) });
    new Addon("vpc-cni", { clusterName, addonName: "vpc-cni", configurationValues }, { provider });
    for (const principalArn of admins)
      new AccessEntry(principalArn, { clusterName, principalArn }, { provider });
    return {
      vpcId: network.vpcId,
      subnets: network.zones.map((zone) => ({
        public: zone.publicSubnetId,
        private: zone.privateSubnetId,
        data: zone.dataSubnetId,
      })),
    };
  };

let local: Local;
let owner: Stack;
type Subnets = Readonly<Record<"public" | "private" | "data", string>>;
let given: { readonly vpcId: string; readonly subnets: readonly Subnets[] };

test.before(async () => {
  local = await Local.start();
  owner = await local.stackOf("shared", "theirs", theirs(FIT));
  const { outputs } = await hosted(() => local.up(owner));
  given = outputs as unknown as typeof given;
});
test.after.always(() => local.close());

async function adopting(existing: object, nodeGroup = (zone: string) => `workers-${zone}`) {
  return await local.stack("prod", {
    network: await changed("prod", "network", (value) => {
      value.primary.existing = existing;
    }),
    cluster: await changed("prod", "cluster", (value) => {
      const nodeGroups = Object.fromEntries(ZONES.map((zone) => [zone, nodeGroup(zone)]));
      value.existing = { primary: { name: "platform", nodeGroups } };
    }),
  });
}

/** The engine's first error, whole. */
async function refusal(adopting: Promise<Stack>): Promise<string> {
  const stack = await adopting;
  const errors: string[] = [];
  const onEvent = ({ diagnosticEvent }: EngineEvent) => {
    if (diagnosticEvent?.severity === "error") errors.push(diagnosticEvent.message);
  };
  await hosted(() => stack.preview({ onEvent })).catch(() => {});
  return errors[0]?.replace(/<\{%.*?%\}>/g, "").trim() ?? "nothing refused";
}

test.serial(
  "what is not there, and subnets out of their places, are refused with every reason",
  async (t) => {
    t.is(
      await refusal(adopting({ ...given, vpcId: "vpc-00000000" })),
      "Refused, nothing was changed: there is no vpc-00000000 in us-east-1",
    );
    const [a, b, c] = given.subnets;
    const lost = "subnet-00000000";
    t.is(
      await refusal(
        adopting({
          ...given,
          subnets: [
            { ...a, data: b?.data },
            { ...b, data: a?.data },
            { ...c, data: lost, public: c?.data },
          ],
        }),
      ),
      `Refused, nothing was changed: the existing network is not fit:
  there is no subnet-00000000 in us-east-1
  data subnet ${b?.data} is in us-east-1b, its place in config says us-east-1a
  data subnet ${a?.data} is in us-east-1a, its place in config says us-east-1b
  public subnet ${c?.data} has no route to an internet gateway`,
    );
    t.is(
      await refusal(adopting(given, (zone) => (zone === "us-east-1b" ? "workers" : `workers-${zone}`))),
      `Refused, nothing was changed: the existing cluster is not fit:
  there is no node group workers in cluster platform`,
    );
  },
);

test.serial("a cluster that its owner made unsafe is refused with every reason", async (t) => {
  await hosted(() => owner.up({ program: theirs(UNSAFE) }));
  const few = (zone: string) =>
    `  node group workers-${zone} keeps 2 nodes at least, cluster.nodesPerZone.min says 4: without one zone the others would not carry the load\n`;
  t.is(
    await refusal(adopting(given)),
    `Refused, nothing was changed: the existing cluster is not fit:
  cluster platform can be reached from 0.0.0.0/0: name who may, or close its public endpoint
${ZONES.map(few).join("")}  cluster platform has no log group /aws/containerinsights/platform/application: its add-on amazon-cloudwatch-observability has to write there
  cluster platform does not enforce network policies: set enableNetworkPolicy of the add-on vpc-cni to "true"
  cluster platform has no access entry for ${ADMINS[1]}: who deploys or fails over could not enter`,
  );
  await hosted(() => owner.up());
});

test.serial(
  "adopted, both are used and left alone: prod previews, deploys, and is at rest like their owner",
  async (t) => {
    const prod = await adopting(given);
    const { changeSummary: planned } = await hosted(() => prod.preview());
    t.deepEqual(Object.keys(planned), ["create"]);
    const { changes: made } = await hosted(() => local.up(prod));
    t.deepEqual(made, planned);
    const { resources } = (await prod.exportStack()).deployment as { resources: { type: string }[] };
    t.deepEqual(
      resources.filter(({ type }) =>
        /^aws:(ec2\/(vpc|subnet|route|nat|internet)|eks\/(?!podIdentity))/i.test(type),
      ),
      [],
    );
    const rest = { same: planned.create };
    t.deepEqual((await hosted(() => prod.preview({ refresh: true }))).changeSummary, rest);
    const { same, ...changes } = (await hosted(() => owner.preview({ refresh: true }))).changeSummary;
    t.deepEqual(changes, {});

    // Somebody weakens it later: that is told, and stops nothing.
    await hosted(() => owner.up({ program: theirs({ ...UNSAFE, logs: true }) }));
    const warnings: string[] = [];
    const onEvent = ({ diagnosticEvent }: EngineEvent) => {
      if (diagnosticEvent?.severity === "warning") warnings.push(diagnosticEvent.message);
    };
    t.deepEqual((await hosted(() => prod.preview({ onEvent }))).changeSummary, rest);
    t.regex(warnings.join("\n"), /A first deployment would be refused; this one goes on\./);
  },
);
