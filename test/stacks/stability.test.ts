/**
 * Static stability, read off the resource graph: what a failover changes in the surviving region, and all that this
 * needs, is there already. What it does not prove: that AWS keeps its word; the walk on the engine black-holes regions.
 */
import test from "ava";
import { needsControlRegion } from "../../sandbox/providers/aws/controlPlanes.ts";
import { deploy, type Graph, type Registration, standing } from "./graph.ts";

const STACKS = ["prod", "dr"] as const;
const FAILED_OVER = { generation: 1, active: "us-west-2" } as const;
const accepted = { acceptGeneration: "1" };

const label = ({ type, name }: Registration) => `${type.split(":").at(-1)} ${name}`;
const custom = ({ resources }: Graph) => resources.filter((resource) => resource.custom);

/** Resources of `after` that are new or not as in `before`. */
function changed(before: Graph, after: Graph): readonly Registration[] {
  const text = (resource: Registration) => JSON.stringify([resource.inputs, resource.ignoreChanges]);
  const known = new Map(before.resources.map((resource) => [resource.urn, text(resource)]));
  return after.resources.filter((resource) => known.get(resource.urn) !== text(resource));
}

let once: Promise<readonly Registration[]> | undefined;
/** What a failover changes in the stack of the region that takes over. */
const failover = (): Promise<readonly Registration[]> => (once ??= registerFailover());

async function registerFailover(): Promise<readonly Registration[]> {
  const passive = await deploy("dr");
  const world = { regionItem: FAILED_OVER };
  const promoting = await deploy(
    "dr",
    { ...accepted, role: "promoting" },
    { ...world, lastOutputs: { role: "passive" } },
  );
  const active = await deploy(
    "dr",
    { ...accepted, role: "active", traffic: "on" },
    { ...world, lastOutputs: { role: "promoting" } },
  );
  return [...changed(passive, promoting), ...changed(promoting, active)];
}

test.serial(
  "a failover makes nothing: what it changes is there, in the surviving region, and needs no us-east-1",
  async (t) => {
    const passive = new Set((await standing("dr")).resources.map(({ urn }) => urn));
    const touched = await failover();
    t.deepEqual([...new Set(touched.map(({ type }) => type))].sort(), [
      "aws:dynamodb/tableItem:TableItem",
      "kubernetes:apps/v1:Deployment",
    ]);
    for (const resource of touched) {
      t.true(passive.has(resource.urn), label(resource));
      t.is(needsControlRegion(resource.type, "update", resource.inputs), undefined, label(resource));
    }
  },
);

test.serial(
  "nothing that a failover changes depends on a resource outside its own stack and region",
  async (t) => {
    const { resources } = await standing("dr");
    const byUrn = new Map(resources.map((resource) => [resource.urn, resource]));
    const reached = new Set<string>();
    const visit = (urn: string): void => {
      if (reached.has(urn)) return;
      reached.add(urn);
      const resource = byUrn.get(urn);
      if (resource === undefined) throw new Error(`${urn} is not registered by the stack`);
      t.true([undefined, "us-west-2"].includes(resource.inputs?.region), label(resource));
      for (const next of resource.dependsOn) visit(next);
    };
    for (const { urn } of await failover()) visit(urn);
    t.true(reached.size > 20);
  },
);

test.serial("no stack reads another one's state", async (t) => {
  for (const stack of STACKS) {
    const { resources, invocations } = await standing(stack);
    t.false(resources.some(({ type }) => type === "pulumi:pulumi:StackReference"));
    const read = invocations.filter(({ token }) => token === "pulumi:pulumi:readStackOutputs");
    t.deepEqual(
      read.map(({ args }) => args.name),
      [`organization/trading-platform/${stack}`],
    );
  }
});

test.serial("every key that a stack's resources name is one that this stack made", async (t) => {
  for (const stack of STACKS) {
    const graph = await standing(stack);
    const made = custom(graph)
      .filter(({ type }) => /^aws:kms\/(key|replicaKey):/.test(type))
      .map(({ name }) => `arn:aws:kms:::key/${name}`);
    for (const resource of custom(graph)) {
      const named = JSON.stringify(resource.inputs).match(/arn:aws:kms:::key\/[\w-]+/g) ?? [];
      t.deepEqual(
        named.filter((arn) => !made.includes(arn)),
        [],
        label(resource),
      );
    }
  }
});

test.serial(
  "pods pull from their own region's registry and take their secrets from their own cluster",
  async (t) => {
    for (const [stack, region] of [
      ["prod", "us-east-1"],
      ["dr", "us-west-2"],
    ] as const) {
      const graph = await standing(stack);
      const secrets = custom(graph)
        .filter(({ type }) => type === "kubernetes:core/v1:Secret")
        .map(({ name }) => name);
      const deployments = custom(graph).filter(({ type }) => type === "kubernetes:apps/v1:Deployment");
      for (const { name, inputs } of deployments) {
        for (const { image, env } of inputs.spec.template.spec.containers) {
          t.true(image.startsWith(`123456789012.dkr.ecr.${region}.amazonaws.com/`), name);
          const wanted = env.flatMap(
            ({ valueFrom }: { valueFrom?: { secretKeyRef?: { name: string } } }) =>
              valueFrom?.secretKeyRef?.name ?? [],
          );
          t.deepEqual(
            wanted.filter((secret: string) => !secrets.includes(secret)),
            [],
            name,
          );
        }
      }
    }
  },
);

test.serial("roles and DNS records are made beforehand: the failover's changes hold none", async (t) => {
  const touched = await failover();
  t.deepEqual(touched.filter(({ type }) => /^(aws:iam|aws:route53|cloudflare):?/.test(type)).map(label), []);
});
