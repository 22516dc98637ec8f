/** The program's own manifests and the real workload on three zones, of which one is lost: who takes the orders then. */
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import test, { type ExecutionContext } from "ava";
import { environmentOf, type RegionEnvironment } from "../../components/environment.ts";
import { hasStandby, unitsOf } from "../../components/services.ts";
import { controlKey } from "../../journal/index.ts";
import { hostPort, url } from "../../sandbox/addresses.ts";
import type { Properties } from "../../sandbox/cloud/behaviour.ts";
import { ImageRegistry } from "../../sandbox/compute/images.ts";
import type { Pod } from "../../sandbox/compute/pod.ts";
import { KUBERNETES_TIMINGS, type Timings } from "../../sandbox/compute/timings.ts";
import { spec } from "../components/spec.ts";
import { JOURNAL } from "./aws/fixtures.ts";
import { ZONES } from "./compute/fixture.ts";
import { startRegion } from "./region.ts";

const REGION = "us-east-1" as const;
const WORKLOAD = path.join(import.meta.dirname, "../../workload/main.ts");
const SERVICES = {
  gateway: spec({ args: ["gateway"], replicas: { min: 3, max: 3 }, cpu: "100m" }),
  engine: spec({ args: ["engine"], perShard: true, replicas: { min: 2, max: 2 }, cpu: "100m" }),
};
const environment: RegionEnvironment = {
  ...{ region: REGION, primaryRegion: REGION, journalTable: JOURNAL.name, shards: 1, window: 16 },
  ...{ checkpointBucket: "checkpoints", archiveBucket: "archive", archiveRetentionDays: 1 },
  ...{ peerName: "peer", listenerPort: 8443 },
  database: { host: "none", port: 5432, name: "none", user: "none", owner: undefined },
};

async function startPlatform(
  t: ExecutionContext,
  { timings = KUBERNETES_TIMINGS, engines = 2 }: { timings?: Timings; engines?: number } = {},
) {
  const { faults, compute, dynamo, deploy } = await startRegion(t, {
    ...{ region: REGION, bucket: "checkpoints", timings, instanceType: "m7g.large" },
    images: new ImageRegistry([{ repository: "workload", command: [process.execPath, WORKLOAD] }]),
    environment: (addresses) => ({
      AWS_ENDPOINT_URL: url(addresses.edge(REGION)),
      DNS_RESOLVER: hostPort(addresses.dns),
    }),
  });
  await dynamo.call(REGION, "PutItem", {
    TableName: JOURNAL.name,
    Item: { pk: { S: controlKey(REGION) }, sk: { N: "0" }, traffic: { S: "on" }, maintenance: { S: "off" } },
  });
  const engine = { ...SERVICES.engine, replicas: { min: engines, max: engines } };
  for (const unit of unitsOf({ ...SERVICES, engine }, 1)) {
    const variables = environmentOf({
      ...{
        region: environment,
        port: unit.spec.port,
        shard: unit.shard,
        standby: hasStandby(unit.spec),
        grants: [],
        calls: [],
      },
      own: { SMOKE_TOKEN: "smoke" },
    });
    await deploy(unit, unit.spec.replicas.min, variables);
  }
  return { faults, compute, cluster: compute.cluster(REGION) };
}

type Platform = Awaited<ReturnType<typeof startPlatform>>;

const zoneOf = ({ cluster }: Platform, pod: Pod) => cluster.nodes.get(pod.node ?? "")?.zone ?? "";

async function phaseOf(pod: Pod): Promise<string> {
  const response = await fetch(`http://${pod.ip}:8080/state`, { signal: AbortSignal.timeout(500) }).catch(
    () => undefined,
  );
  return response === undefined ? "unreachable" : ((await response.json()) as { phase: string }).phase;
}

async function place(gateway: Pod, id: string): Promise<{ status: number; body: unknown }> {
  const order = { client: "ann", clientOrderId: id, instrument: "GOLD", side: "buy", price: 1, quantity: 1 };
  const body = JSON.stringify(order);
  const signal = AbortSignal.timeout(5_000);
  const response = await fetch(`http://${gateway.ip}:8080/orders`, { method: "POST", body, signal });
  return { status: response.status, body: await response.json() };
}

async function until(what: string, isSo: () => boolean | Promise<boolean>, limit = 30_000): Promise<number> {
  const began = Date.now();
  while (!(await isSo())) {
    if (Date.now() - began > limit) throw new Error(`not within ${limit} ms: ${what}`);
    await sleep(50);
  }
  return Date.now() - began;
}

test.serial(
  "a new version of the pair rolls out: it neither waits for a third zone nor for the standby to be active",
  async (t) => {
    const platform = await startPlatform(t, {
      timings: { ...KUBERNETES_TIMINGS, nodeMonitorGraceMilliseconds: 500 },
    });
    const { cluster } = platform;
    const pair = () => cluster.pods.of("exchange", "engine-0").filter((pod) => !pod.terminating);
    const phases = async () => (await Promise.all(pair().map(phaseOf))).sort().join();
    const gateway = () => cluster.pods.of("exchange", "gateway").find((pod) => pod.readySince !== undefined);
    const ask = async (id: string) => {
      const one = gateway();
      return one === undefined ? 0 : (await place(one, id)).status;
    };
    await until("one active and one standby", async () => (await phases()) === "active,standby");
    await until("a first order", async () => (await ask("GOLD:1")) === 201);
    const old = new Set(pair());
    // With a zone lost there is no third one for a surge.
    platform.compute.loseZone(
      ZONES.find((zone) => pair().every((pod) => zoneOf(platform, pod) !== zone)) ?? "",
      "kill",
    );
    await until("the node to be given up", () => cluster.nodes.all.some((node) => !cluster.isReady(node)));
    const live = cluster.store.mustGet("Deployment", "exchange", "engine-0");
    const next = structuredClone(live) as { spec: { template: { metadata: { annotations?: object } } } };
    next.spec.template.metadata.annotations = { version: "2" };
    cluster.store.put(next as unknown as Properties);
    await until("both replaced", async () => pair().length === 2 && pair().every((pod) => !old.has(pod)));
    await until("the new pair", async () => (await phases()) === "active,standby");
    // Gateways find the new engine within a second or two; an order that was lost would be new: 201.
    const answers: number[] = [];
    await until("an answer", async () => {
      const status = await ask("GOLD:1");
      answers.push(status);
      return status > 0 && status < 300;
    });
    t.is(answers.at(-1), 200, "a duplicate of what the former engine acknowledged");
  },
);

for (const how of ["kill", "freeze"] as const) {
  test.serial(
    `the active engine's zone is lost (${how}): its standby takes over, and the gateways left find it`,
    async (t) => {
      const platform = await startPlatform(t);
      const { cluster, compute, faults } = platform;
      const all = () => cluster.pods.of("exchange", "gateway").filter((pod) => pod.readySince !== undefined);
      await until(
        "all pods ready",
        () => cluster.views().every(({ available }) => available) && all().length === 3,
      );
      const engines = cluster.pods.of("exchange", "engine-0");
      t.is(new Set(engines.map((pod) => zoneOf(platform, pod))).size, 2, "never in one zone");
      const phases = async () => (await Promise.all(engines.map(phaseOf))).sort();
      await until("one active and one standby", async () => (await phases()).join() === "active,standby");
      const active = (await phaseOf(engines[0] as Pod)) === "active" ? engines[0] : engines[1];
      const lost = zoneOf(platform, active as Pod);
      const gateway = all().find((pod) => zoneOf(platform, pod) !== lost) as Pod;
      await until("a first order", async () => (await place(gateway, "GOLD:1")).status < 300);
      const first = await place(gateway, "GOLD:1");

      compute.loseZone(lost, how);
      faults.setPlace(lost, how === "kill" ? "cut" : "blackhole");
      const outage = await until("an order again", async () => (await place(gateway, "GOLD:2")).status < 300);
      t.log(`${outage} ms`);
      t.true(outage > 3_500, "nobody is given up at once");
      t.deepEqual(await place(gateway, "GOLD:1"), first, "what was acknowledged before is known");

      faults.heal();
      compute.returnZone(lost);
      await until("the pair again", async () => {
        const pair = cluster.pods.of("exchange", "engine-0").filter((pod) => !pod.terminating);
        return (await Promise.all(pair.map(phaseOf))).sort().join() === "active,standby";
      });
      t.deepEqual(await place(gateway, "GOLD:1"), first);
    },
  );
}

test.serial(
  "sabotage: with the standby taken away nobody takes the orders while the node is believed in",
  async (t) => {
    const platform = await startPlatform(t, { engines: 1 });
    const { cluster, compute, faults } = platform;
    const ready = () => cluster.views().every(({ available }) => available) && cluster.views().length === 4;
    await until("all pods ready", ready);
    const [engine] = cluster.pods.of("exchange", "engine-0");
    const lost = zoneOf(platform, engine as Pod);
    const gateways = cluster.pods.of("exchange", "gateway");
    const gateway = gateways.find((pod) => zoneOf(platform, pod) !== lost) as Pod;
    await until("a first order", async () => (await place(gateway, "GOLD:1")).status < 300);
    compute.loseZone(lost, "kill");
    faults.setPlace(lost, "cut");
    const served = async () => (await place(gateway, "GOLD:2")).status < 300;
    await t.throwsAsync(until("an order again", served, 12_000), { message: /^not within/ });
  },
);
