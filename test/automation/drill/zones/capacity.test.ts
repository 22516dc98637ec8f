import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import test from "ava";
import { parse } from "yaml";
import { CORES_PER_NODE } from "../../../../automation/drill/az-loss.ts";
import { writeProject } from "../../../../sandbox/project.ts";

const SHARDS = 2;

interface Config {
  readonly "trading-platform:cluster": { readonly nodesPerZone: { readonly min: number } };
  readonly "trading-platform:services": Readonly<
    Record<
      string,
      { readonly cpu: string; readonly perShard?: boolean; readonly replicas: { readonly max: number } }
    >
  >;
}

test("in the drill two zones hold what three hold at most, and one zone's worth does not", async (t) => {
  const directory = await mkdtemp(path.join(tmpdir(), "az-loss-"));
  t.teardown(() => rm(directory, { recursive: true }));
  await writeProject({ directory, dns: "route53", shards: SHARDS });
  const { config } = parse(await readFile(path.join(directory, "Pulumi.prod.yaml"), "utf8")) as {
    config: Config;
  };
  const services = Object.values(config["trading-platform:services"]);
  t.deepEqual([...new Set(services.map(({ cpu }) => cpu))], ["100m"]);
  const pods = services.reduce(
    (sum, { perShard, replicas: { max } }) => sum + max * (perShard === true ? SHARDS : 1),
    0,
  );
  const podsPerZone = config["trading-platform:cluster"].nodesPerZone.min * Math.round(10 * CORES_PER_NODE);
  t.true(pods <= 2 * podsPerZone, `${pods} pods, room for ${podsPerZone} in a zone`);
  t.true(pods > podsPerZone, `${pods} pods, room for ${podsPerZone} in a zone`);
});
