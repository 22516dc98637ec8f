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

const DNS = {
  route53: {},
  cloudflare: {
    dns: JSON.stringify({
      provider: "cloudflare",
      name: "exchange.example.com",
      zoneId: "a".repeat(32),
      cloudflareAccountId: "b".repeat(32),
    }),
  },
} as const;

/** The stack of the region that takes over, and what a failover changes in it. */
interface Failover {
  readonly passive: Graph;
  readonly touched: readonly Registration[];
}
const once = new Map<keyof typeof DNS, Promise<Failover>>();
function failover(dns: keyof typeof DNS = "route53"): Promise<Failover> {
  const known = once.get(dns) ?? registerFailover(DNS[dns]);
  once.set(dns, known);
  return known;
}

async function registerFailover(dns: Readonly<Record<string, string>>): Promise<Failover> {
  const passive = await deploy("dr", dns);
  const world = { regionItem: FAILED_OVER };
  const promoting = await deploy(
    "dr",
    { ...dns, ...accepted, role: "promoting" },
    { ...world, lastOutputs: { role: "passive" } },
  );
  const active = await deploy(
    "dr",
    { ...dns, ...accepted, role: "active", traffic: "on" },
    { ...world, lastOutputs: { role: "promoting" } },
  );
  return { passive, touched: [...changed(passive, promoting), ...changed(promoting, active)] };
}

for (const dns of ["route53", "cloudflare"] as const) {
  test.serial(
    `with ${dns} a failover makes nothing: what it changes is there, in the surviving region, and needs no us-east-1`,
    async (t) => {
      const { passive: graph, touched } = await failover(dns);
      const passive = new Set(graph.resources.map(({ urn }) => urn));
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
}

/** What a failover changes, and all that this depends on. */
async function closure(): Promise<readonly Registration[]> {
  const { passive, touched } = await failover();
  const byUrn = new Map(passive.resources.map((resource) => [resource.urn, resource]));
  const reached = new Map<string, Registration>();
  const visit = (urn: string): void => {
    if (reached.has(urn)) return;
    const resource = byUrn.get(urn);
    if (resource === undefined) throw new Error(`${urn} is not registered by the stack`);
    reached.set(urn, resource);
    for (const next of resource.dependsOn) visit(next);
  };
  for (const { urn } of touched) visit(urn);
  return [...reached.values()];
}

test.serial(
  "nothing that a failover changes depends on a resource outside its own stack and region",
  async (t) => {
    const reached = await closure();
    for (const resource of reached) {
      t.true([undefined, "us-west-2"].includes(resource.inputs?.["region"]), label(resource));
    }
    t.true(reached.length > 20);
  },
);

/** Names of the values that mention a region, e.g. of an environment variable. */
function mentions(value: unknown, region: string, name = ""): readonly string[] {
  if (typeof value === "string") return value.includes(region) ? [name] : [];
  if (typeof value !== "object" || value === null) return [];
  const own = (value as { name?: unknown }).name;
  return Object.entries(value).flatMap(([key, member]) =>
    mentions(member, region, key === "value" && typeof own === "string" ? own : key),
  );
}

test.serial(
  "of all that a failover needs, three values mention us-east-1, and nothing waits for any of them",
  async (t) => {
    const named = (await closure()).flatMap(({ inputs }) => mentions(inputs, "us-east-1"));
    // Where the database came from, which is read at its creation; who leads before the first decision; and the name
    // by which an archiver asks, for three seconds at most, whether the other region answers: evidence, never needed.
    t.deepEqual([...new Set(named)].sort(), ["PEER_NAME", "PRIMARY_REGION", "sourceRegion"]);
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
  const touched = [...(await failover("route53")).touched, ...(await failover("cloudflare")).touched];
  t.deepEqual(touched.filter(({ type }) => /^(aws:iam|aws:route53|cloudflare):?/.test(type)).map(label), []);
});
