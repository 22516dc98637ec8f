/**
 * Replay as a Kubernetes Indexed Job, a pod per shard: for journals that outgrow one machine, and for databases that
 * only the cluster reaches. It is the projector's own pod (image, identity, environment) with another program.
 * https://kubernetes.io/docs/concepts/workloads/controllers/job/#completion-mode
 */
import { z } from "zod";
import { EXIT_REFUSED, EXIT_USAGE } from "../../workload/process.ts";
import { Endpoints } from "../adapters/endpoints.ts";
import { loadDeployment, stackOf } from "../deployment.ts";
import { RefusedError, UsageError } from "../errors.ts";
import { regionWorld } from "../failover/world.ts";
import type { Settings } from "../settings.ts";

export const PROJECTOR = "projector";
/** Pods of one shard that may fail: each goes on where the last ended. */
const FAILURES_PER_SHARD = 6;
/**
 * With these a shard is given up at once: no other pod of it would fare better. With such a policy a pod that is deleted is
 * replaced only when it has ended. https://kubernetes.io/docs/concepts/workloads/controllers/job/#pod-failure-policy
 */
const FINAL = [EXIT_USAGE, EXIT_REFUSED];
const CONTAINER = "replay";
/** Finished Jobs are evidence for a day. */
const KEPT_SECONDS = 86_400;

const INSTANCE = "app.kubernetes.io/instance";

const variable = z.looseObject({ name: z.string() });
const deployment = z.looseObject({
  spec: z.looseObject({
    template: z.looseObject({
      metadata: z.looseObject({ labels: z.record(z.string(), z.string()).default({}) }),
      spec: z.looseObject({
        containers: z.array(z.looseObject({ env: z.array(variable).default([]) })).min(1),
      }),
    }),
  }),
});

export interface JobOptions {
  /** Of the projector, as the cluster has it. */
  readonly deployment: unknown;
  readonly name: string;
  readonly namespace: string;
  readonly shards: number;
  readonly batchEvents: number;
  /** Instead of the projector's own. */
  readonly database?: { readonly host: string; readonly port: string; readonly name: string } | undefined;
}

/** What `kubectl apply -f -` takes. */
export function jobOf({
  deployment: found,
  name,
  namespace,
  shards,
  batchEvents,
  database,
}: JobOptions): object {
  const { metadata, spec } = deployment.parse(found).spec.template;
  const [container] = spec.containers;
  if (container === undefined) throw new Error("the projector's Deployment has no container");
  const { livenessProbe: _l, readinessProbe: _r, ports: _p, ...rest } = container;
  const own: Readonly<Record<string, string>> = {
    BATCH_EVENTS: String(batchEvents),
    ...(database && { PGHOST: database.host, PGPORT: database.port, PGDATABASE: database.name }),
  };
  const env = [
    ...container.env.filter((one) => !(one.name in own)),
    ...Object.entries(own).map(([key, value]) => ({ name: key, value })),
  ];
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { name, namespace, labels: { ...metadata.labels, [INSTANCE]: name } },
    spec: {
      completionMode: "Indexed",
      completions: shards,
      parallelism: shards,
      backoffLimitPerIndex: FAILURES_PER_SHARD,
      podFailurePolicy: {
        rules: [
          { action: "FailIndex", onExitCodes: { containerName: CONTAINER, operator: "In", values: FINAL } },
        ],
      },
      ttlSecondsAfterFinished: KEPT_SECONDS,
      template: {
        // The projector's name, for the network policy that lets its pods reach the database; another instance, so that
        // its Service does not send anybody here.
        metadata: { labels: { ...metadata.labels, [INSTANCE]: name } },
        spec: {
          ...spec,
          restartPolicy: "Never",
          topologySpreadConstraints: undefined,
          containers: [{ ...rest, name: CONTAINER, args: ["replay"], env }],
        },
      },
    },
  };
}

export interface JobRequest {
  readonly region: string;
  readonly database?: string | undefined;
  readonly batchEvents: number;
}

/** @throws RefusedError when the region runs no projector to take the pod from */
export async function replayJob(settings: Settings, request: JobRequest): Promise<object> {
  const database = request.database === undefined ? undefined : partsOf(request.database);
  const outputs = stackOf(await loadDeployment(settings), request.region, "--region");
  const { primary, secondary, witness } = outputs.regions;
  const { cluster } = regionWorld(outputs, new Endpoints([primary, secondary, witness]), settings);
  const found = await cluster.deployment(PROJECTOR);
  if (found === undefined) {
    throw new RefusedError(
      `there is no Deployment ${PROJECTOR} in ${outputs.region}: nothing to take the pod from`,
    );
  }
  const { namespace, shards } = outputs;
  const name = `replay-${Date.now()}`;
  return jobOf({ deployment: found, name, namespace, shards, batchEvents: request.batchEvents, database });
}

function partsOf(database: string) {
  const url = URL.canParse(database) ? new URL(database) : undefined;
  if (url === undefined || !/^postgres(ql)?:$/.test(url.protocol) || url.pathname.length < 2) {
    throw new UsageError(
      `--database ${database}: must be a URL with the database's name, e.g. postgres://host:5432/exchange`,
    );
  }
  if (url.username !== "") {
    throw new UsageError(
      `--database names the user ${url.username}: with --job leave it out, pods sign in as the projector does`,
    );
  }
  return { host: url.hostname, port: url.port || "5432", name: url.pathname.slice(1) };
}
