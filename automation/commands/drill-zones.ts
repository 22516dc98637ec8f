/** The zones of the sandbox as a drill sees and breaks them. */
import { z } from "zod";
import type { PodView } from "../../sandbox/compute/status.ts";
import type { Sandbox } from "../../sandbox/sandbox.ts";
import type { PodSight, Zonal } from "../drill/world.ts";

const STATE_MILLISECONDS = 400;

const deploymentSchema = z.object({
  metadata: z.object({ name: z.string() }),
  spec: z.object({ replicas: z.int() }),
});
const autoscalerSchema = z.object({
  spec: z.object({ maxReplicas: z.int(), scaleTargetRef: z.object({ name: z.string() }) }),
});
const stateSchema = z.object({ phase: z.string() });

export const zonalOf = (sandbox: Sandbox): Zonal => ({
  async look(region) {
    const { nodes, store, views } = reading(sandbox, region);
    const wanted = Object.fromEntries(
      store.list("Deployment").map((object) => {
        const { metadata, spec } = deploymentSchema.parse(object);
        return [metadata.name, spec.replicas];
      }),
    );
    const autoscalers = store
      .list("HorizontalPodAutoscaler")
      .map((object) => autoscalerSchema.parse(object).spec);
    return {
      zones: [...new Set(nodes.all.map(({ zone }) => zone))].sort(),
      databaseZone: sandbox.databaseZone(region) ?? null,
      pods: await Promise.all(
        views.filter(({ pod }) => !pod.terminating).map((view) => sightOf(view, nodes)),
      ),
      wanted,
      atMaximum: autoscalers.every(
        ({ maxReplicas, scaleTargetRef: { name } }) => (wanted[name] ?? 0) >= maxReplicas,
      ),
    };
  },
  lose: (zone, loss) => sandbox.loseZone(zone, loss),
  return: (zone) => sandbox.returnZone(zone),
  restart(region, name) {
    sandbox
      .cluster(region)
      .pods.all.find(({ birth }) => birth.name === name)
      ?.delete();
  },
  setLoad(region, factor) {
    sandbox.cluster(region).load = factor;
  },
  setCapacity(region, cores) {
    sandbox.cluster(region).nodes.coresPerNode = cores;
  },
});

const reading = (sandbox: Sandbox, region: Parameters<Sandbox["cluster"]>[0]) => {
  const cluster = sandbox.cluster(region);
  return { nodes: cluster.nodes, store: cluster.store, views: cluster.views() };
};

async function sightOf(
  { pod, available }: PodView,
  nodes: ReturnType<typeof reading>["nodes"],
): Promise<PodSight> {
  const { name, owner, manifest } = pod.birth;
  const [{ ports }] = manifest.spec.containers;
  const isEngine = manifest.spec.containers[0].args.includes("engine");
  return {
    name,
    deployment: owner,
    zone: (pod.node === undefined ? undefined : nodes.get(pod.node)?.zone) ?? null,
    available,
    unschedulable: pod.unschedulable ?? null,
    phase: isEngine && pod.ip !== undefined ? await phaseOf(pod.ip, ports[0]?.containerPort) : null,
  };
}

async function phaseOf(host: string, port: number | undefined): Promise<string | null> {
  try {
    const signal = AbortSignal.timeout(STATE_MILLISECONDS);
    const response = await fetch(`http://${host}:${port ?? 80}/state`, { signal });
    return stateSchema.parse(await response.json()).phase;
  } catch {
    return null;
  }
}
