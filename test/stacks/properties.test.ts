/** What holds for both stacks of any valid configuration. */
import test from "ava";
import fc from "fast-check";
import type { Region } from "../../components/model.ts";
import { platforms, swappedPlatforms } from "./arbitrary.ts";
import { deploy, type Graph, type Registration, standing } from "./graph.ts";

const RUNS = { seed: 20261125, numRuns: 6 } as const;

const label = ({ type, name }: Registration) => `${type.split(":").at(-1)} ${name}`;
const custom = ({ resources }: Graph) => resources.filter((resource) => resource.custom);
const of = (graph: Graph, type: RegExp) => custom(graph).filter((resource) => type.test(resource.type));

/** What holds data, or an identity that cannot be had again. */
const STATEFUL =
  /^aws:(rds\/(cluster|clusterInstance|globalCluster)|dynamodb\/table|s3\/bucket|kms\/(key|replicaKey)|backup\/(vault|logicallyAirGappedVault)|eks\/cluster|ecr\/repository):/;
/** Where each of them names its key. */
const KEYS: readonly (readonly [type: RegExp, key: (inputs: Registration["inputs"]) => unknown])[] = [
  [/^aws:rds\/cluster:/, (inputs) => inputs.kmsKeyId],
  [/^aws:rds\/clusterInstance:/, (inputs) => inputs.performanceInsightsKmsKeyId],
  [/^aws:dynamodb\/table:/, (inputs) => inputs.serverSideEncryption.kmsKeyArn],
  [/^aws:dynamodb\/table:/, (inputs) => inputs.replicas[0].kmsKeyArn],
  [/^aws:backup\/vault:/, (inputs) => inputs.kmsKeyArn],
  [/^aws:eks\/cluster:/, (inputs) => inputs.encryptionConfig.provider.keyArn],
  [/^aws:ecr\/repository:/, (inputs) => inputs.encryptionConfigurations[0].kmsKey],
  [/^aws:sns\/topic:/, (inputs) => inputs.kmsMasterKeyId],
  [
    /^aws:s3\/bucketServerSideEncryptionConfiguration:/,
    (inputs) => inputs.rules[0].applyServerSideEncryptionByDefault.kmsMasterKeyId,
  ],
];
/** Where dr may name the other region: see "dr mentions us-east-1 only where it must". */
const MENTIONS = /^(aws:rds\/cluster:|aws:backup\/plan:|aws:fis\/|kubernetes:apps\/v1:Deployment)/;

function unprotected(graph: Graph): readonly string[] {
  return of(graph, STATEFUL)
    .filter(({ protect }) => !protect)
    .map(label);
}

function unencrypted(graph: Graph): readonly string[] {
  const made = of(graph, /^aws:kms\/(key|replicaKey):/).map(({ name }) => `arn:aws:kms:::key/${name}`);
  const wrong = KEYS.flatMap(([type, key]) =>
    of(graph, type)
      .filter(({ inputs }) => !made.includes(String(key(inputs))))
      .map(label),
  );
  const encrypted = new Set(of(graph, /^aws:s3\/bucketServerSideEncryption/).map(({ name }) => name));
  const plain = of(graph, /^aws:s3\/bucket:/).filter(({ name }) => !encrypted.has(name));
  return [...wrong, ...plain.map(label)];
}

/** Data of one region that the other one has not. */
function unreplicated(prod: Graph, dr: Graph, other: Region): readonly string[] {
  const [table] = of(prod, /^aws:dynamodb\/table:/);
  const replica = table?.inputs.replicas[0];
  const inBoth = (type: RegExp) => of(prod, type).length === of(dr, type).length;
  return [
    replica?.regionName === other && replica.consistencyMode === "STRONG" ? "" : "journal",
    inBoth(/^aws:rds\/cluster:/) && of(dr, /^aws:rds\/clusterInstance:/).length > 0 ? "" : "database",
    inBoth(/^aws:s3\/bucket:/) ? "" : "buckets",
    inBoth(/^aws:backup\/vault:/) ? "" : "backups",
  ].filter((what) => what !== "");
}

function cycle({ resources }: Graph): readonly string[] {
  const after = new Map(resources.map(({ urn, dependsOn, parent }) => [urn, [...dependsOn, parent]]));
  const done = new Set<string>();
  const visit = (urn: string, path: readonly string[]): readonly string[] => {
    if (path.includes(urn)) return path;
    if (done.has(urn)) return [];
    for (const next of after.get(urn) ?? []) {
      const found = visit(next, [...path, urn]);
      if (found.length > 0) return found;
    }
    done.add(urn);
    return [];
  };
  return [...after.keys()].map((urn) => visit(urn, [])).find((found) => found.length > 0) ?? [];
}

function repeatedNames(graph: Graph): readonly string[] {
  const physical = custom(graph).flatMap(({ type, inputs }) => {
    const { name, bucket, identifier, clusterIdentifier, metadata } = inputs;
    const given = type.startsWith("kubernetes:") ? metadata?.name : (name ?? identifier ?? clusterIdentifier);
    const own = /^aws:s3\/bucket:/.test(type) ? bucket : given;
    // An alias of the journal's key exists in either region; DNS records share names on purpose.
    const scope = inputs.region ?? "";
    return own === undefined || /record/i.test(type) ? [] : [`${type} ${scope} ${String(own)}`];
  });
  const urns = graph.resources.map(({ urn }) => urn);
  return [...physical, ...urns].filter((one, n, all) => all.indexOf(one) !== n);
}

test.serial(
  "any valid configuration: state is protected, encrypted with keys of its own region and replicated; names are unique; nothing waits in a circle; dr needs nothing of the other region",
  async (t) => {
    await fc.assert(
      fc.asyncProperty(platforms, async ({ regions, overrides }) => {
        const prod = await deploy("prod", overrides("prod"));
        const dr = await deploy("dr", overrides("dr"));
        for (const graph of [prod, dr]) {
          t.deepEqual(unprotected(graph), []);
          t.deepEqual(unencrypted(graph), []);
          t.deepEqual(repeatedNames(graph), []);
          t.deepEqual(cycle(graph), []);
        }
        t.deepEqual(unreplicated(prod, dr, regions.secondary), []);
        const mentions = custom(dr).filter(
          ({ type, inputs }) => !MENTIONS.test(type) && JSON.stringify(inputs).includes(regions.primary),
        );
        t.deepEqual(mentions.map(label), []);
      }),
      RUNS,
    );
  },
);

test.serial(
  "with the regions exchanged each stack says the same of the other region, so that twice is as before",
  async (t) => {
    await fc.assert(
      fc.asyncProperty(swappedPlatforms, async ({ straight, swapped }) => {
        const { primary, secondary } = straight.regions;
        const swap = (line: string) =>
          line
            .replaceAll(primary, "(elsewhere)")
            .replaceAll(secondary, primary)
            .replaceAll("(elsewhere)", secondary)
            // A range belongs to a place in the pair, not to a region.
            .replace(/10\.(10|20)\./g, "10.x.");
        const text = ({ resources }: Graph) =>
          resources.map(({ urn, inputs, protect, ignoreChanges }) =>
            JSON.stringify([urn, inputs, protect, ignoreChanges]),
          );
        for (const stack of ["prod", "dr"] as const) {
          const one = text(await deploy(stack, straight.overrides(stack)));
          const other = text(await deploy(stack, swapped.overrides(stack)));
          t.deepEqual(other.map(swap).sort(), one.map(swap).map(swap).sort());
        }
      }),
      { ...RUNS, numRuns: 3 },
    );
  },
);

test.serial("canary: each check sees what is taken away", async (t) => {
  const graph = await standing("prod");
  const without = (type: RegExp, change: Partial<Registration>): Graph => ({
    ...graph,
    resources: graph.resources.map((resource) =>
      type.test(resource.type) ? { ...resource, ...change } : resource,
    ),
  });
  t.deepEqual(unprotected(graph), []);
  t.deepEqual(unprotected(without(/^aws:dynamodb\/table:/, { protect: false })), ["Table journal"]);
  t.deepEqual(unencrypted(without(/^aws:rds\/cluster:/, { inputs: {} })), ["Cluster database"]);
  t.deepEqual(unreplicated(graph, graph, "eu-west-1"), ["journal"]);
  const [alias] = of(graph, /^aws:kms\/alias:/);
  t.true(cycle(without(/^aws:kms\/key:/, { dependsOn: [alias?.urn ?? ""] })).length > 0);
  const twice = { ...graph, resources: [...graph.resources, ...of(graph, /^aws:dynamodb\/table:/)] };
  t.is(repeatedNames(twice).length, 2);
});
