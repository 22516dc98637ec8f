/** What runs: services as config describes them, and the Deployments that they become. Pure. */
import type { Grant } from "./grants.ts";
import type { Role } from "./model.ts";

export interface ServiceSpec {
  /** By digest. */
  readonly image: string;
  readonly args: readonly string[];
  readonly port: number;
  /** One Deployment per shard, named `<service>-<shard>`: two replicas are the active one and its hot standby. */
  readonly perShard: boolean;
  /** Outside the roles: runs in a passive region too. */
  readonly alwaysOn: boolean;
  /** `min` is the production target; an autoscaler exists when `max` is more. */
  readonly replicas: { readonly min: number; readonly max: number };
  /** Kubernetes quantities; memory is both request and limit. */
  readonly cpu: string;
  readonly memory: string;
  readonly probes: { readonly liveness: string; readonly readiness: string };
  /** Behind the load balancer. Exactly one service is. */
  readonly exposed: boolean;
  /** Services that it talks to: opens the network, and gives `<SERVICE>_URL` unless it is per shard. */
  readonly calls: readonly string[];
  /** What its IAM role and environment allow. */
  readonly grants: readonly Grant[];
  readonly environment: Readonly<Record<string, string>>;
}

export type Services = Readonly<Record<string, ServiceSpec>>;

/** One Deployment: a whole service, which has a Service, or one shard of it. */
export interface Unit {
  /** Kubernetes name. */
  readonly name: string;
  readonly service: string;
  readonly shard: number | undefined;
  readonly spec: ServiceSpec;
}

export function unitsOf(services: Services, shards: number): readonly Unit[] {
  return Object.entries(services).flatMap(([service, spec]): Unit[] =>
    spec.perShard
      ? Array.from({ length: shards }, (_, shard) => ({ name: `${service}-${shard}`, service, shard, spec }))
      : [{ name: service, service, shard: undefined, spec }],
  );
}

export interface ReplicaDecision {
  readonly replicas: number;
  /** Whether the number in the cluster wins over the one here: it is the autoscaler's, or the failover's. */
  readonly ignored: boolean;
}

/**
 * - `passive` parks what obeys roles, explicitly.
 * - `promoting` sets production's number, explicitly: with the number ignored, 0 would stay 0.
 * - `active` ignores the number: setting it would undo the autoscaler at each deployment. It still names one, which
 *   is what a Deployment starts with that did not exist before.
 */
export function replicasFor(role: Role, { alwaysOn, replicas }: ServiceSpec): ReplicaDecision {
  if (alwaysOn) return { replicas: replicas.min, ignored: false };
  return { replicas: role === "passive" ? 0 : replicas.min, ignored: role === "active" };
}

/** The other replica is not a second worker but a hot standby. */
export const hasStandby = ({ perShard, replicas }: ServiceSpec): boolean => perShard && replicas.min > 1;

export const isAutoscaled = ({ replicas }: ServiceSpec): boolean => replicas.max > replicas.min;

export function exposedOf(services: Services): ServiceSpec {
  const exposed = Object.values(services).find((service) => service.exposed);
  if (exposed === undefined) throw new Error("no service is exposed: config allows exactly one");
  return exposed;
}
