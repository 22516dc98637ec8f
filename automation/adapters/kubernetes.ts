/** The few calls to a cluster's API that `dr` needs: Deployments, pods, nodes, one secret, the pod proxy. */
import { z } from "zod";
import type { Region } from "../../components/model.ts";
import { messageOf } from "../errors.ts";
import type { Fact } from "../fact.ts";
import type { Capacity, ClusterPort, DeploymentState, Target } from "../failover/ports.ts";
import { capacityOf, type NodeObject, type PodObject } from "./capacity.ts";
import { exchange } from "./http.ts";
import type { Credentials } from "./sigv4.ts";
import { presign } from "./sigv4.ts";

export interface ClusterAddress {
  readonly region: Region;
  readonly name: string;
  readonly endpoint: string;
  /** Base64 of the PEM. */
  readonly certificateAuthority: string;
  readonly namespace: string;
}

/** Owner of `spec.replicas` after a direct scaling; Pulumi takes it back by `pulumi.com/patchForce`. */
const FIELD_MANAGER = "dr-failover";
const TIMEOUT_MILLISECONDS = 5_000;
const PEER_TIMEOUT_MILLISECONDS = 3_000;
/** Less than a look: a pod in a dead zone must not hide those that answer. */
const METRICS_TIMEOUT_MILLISECONDS = 1_500;
const TOKEN_SECONDS = 60;

const environmentSchema = z.array(
  z.object({
    name: z.string(),
    value: z.string().optional(),
    valueFrom: z
      .object({ secretKeyRef: z.object({ name: z.string(), key: z.string() }).optional() })
      .optional(),
  }),
);
const containerSchema = z.object({
  image: z.string().optional(),
  env: environmentSchema.default([]),
  resources: z
    .object({ requests: z.record(z.string(), z.union([z.string(), z.number()])).optional() })
    .optional(),
  ports: z.array(z.object({ containerPort: z.number() })).default([]),
});
const conditionSchema = z.object({
  type: z.string(),
  status: z.string(),
  reason: z.string().optional(),
  message: z.string().optional(),
});
const podSchema = z.object({
  metadata: z.object({ name: z.string(), labels: z.record(z.string(), z.string()).optional() }),
  spec: z.object({ nodeName: z.string().optional(), containers: z.array(containerSchema) }),
  status: z
    .object({
      phase: z.string().optional(),
      conditions: z.array(conditionSchema).optional(),
      containerStatuses: z
        .array(
          z.object({
            state: z
              .object({
                waiting: z.object({ reason: z.string(), message: z.string().optional() }).optional(),
              })
              .optional(),
          }),
        )
        .optional(),
    })
    .default({}),
});
const deploymentSchema = z.object({
  metadata: z.object({ name: z.string() }),
  spec: z.object({
    replicas: z.number().default(1),
    selector: z.object({ matchLabels: z.record(z.string(), z.string()) }),
    template: z.object({ spec: z.object({ containers: z.array(containerSchema) }) }),
  }),
  status: z.object({ readyReplicas: z.number().optional() }).default({}),
});
const nodeSchema = z.object({
  metadata: z.object({ name: z.string(), labels: z.record(z.string(), z.string()).optional() }),
  spec: z.object({ unschedulable: z.boolean().optional() }).default({}),
  status: z.object({
    allocatable: z.record(z.string(), z.union([z.string(), z.number()])).default({}),
    images: z.array(z.object({ names: z.array(z.string()).default([]) })).optional(),
    conditions: z.array(z.object({ type: z.string(), status: z.string() })).default([]),
  }),
});
const list = <T extends z.ZodType>(item: T) => z.object({ items: z.array(item) });

const stateOf = ({ metadata, spec, status }: z.infer<typeof deploymentSchema>): DeploymentState => ({
  name: metadata.name,
  desired: spec.replicas,
  ready: status.readyReplicas ?? 0,
});

/** What every pod says while it is being made. */
const ORDINARY = new Set(["ContainerCreating", "PodInitializing"]);

function troubleOf({ status }: z.infer<typeof podSchema>): string | undefined {
  const waiting = status.containerStatuses?.map(({ state }) => state?.waiting);
  const unplaced = status.conditions?.filter(
    ({ type, status: is }) => type === "PodScheduled" && is === "False",
  );
  const found = [...(waiting ?? []), ...(unplaced ?? [])].find(
    (one) => one?.reason !== undefined && !ORDINARY.has(one.reason),
  );
  return found && [found.reason, found.message].filter((word) => word !== undefined).join(": ");
}

const isLoopback = (endpoint: string): boolean =>
  /^(127\.\d+\.\d+\.\d+|localhost|\[::1\])$/.test(new URL(endpoint).hostname);

const ZONE_LABEL = "topology.kubernetes.io/zone";

export interface GatewayPod {
  readonly name: string;
  readonly zone: string;
  readonly ready: boolean;
  readonly metrics: Fact<string>;
}

export class KubernetesError extends Error {
  override readonly name = "KubernetesError";
  /** Of the API server's answer. */
  readonly status: number | undefined;

  constructor(message: string, status?: number) {
    super(message);
    this.status = status;
  }
}

export class Cluster implements ClusterPort {
  readonly #address: ClusterAddress;
  readonly #credentials: () => Promise<Credentials>;

  constructor(address: ClusterAddress, credentials: () => Promise<Credentials>) {
    this.#address = address;
    this.#credentials = credentials;
  }

  async deployments(): Promise<readonly DeploymentState[]> {
    return (await this.#deployments()).map(stateOf);
  }

  /** The same, and why pods of those that are not ready do not start. */
  async rollout(): Promise<readonly (DeploymentState & { readonly trouble: string | undefined })[]> {
    const [deployments, pods] = await Promise.all([
      this.#deployments(),
      // Whether they are ready, the Deployments say; who may not list pods is not told why.
      this.#list(`${this.#namespaced("api/v1")}/pods`, podSchema).catch(() => []),
    ]);
    return deployments.map((deployment) => {
      const wanted = Object.entries(deployment.spec.selector.matchLabels);
      const own = pods.filter(({ metadata: { labels } }) =>
        wanted.every(([label, value]) => labels?.[label] === value),
      );
      return { ...stateOf(deployment), trouble: own.map(troubleOf).find((trouble) => trouble !== undefined) };
    });
  }

  /** One Deployment as the cluster has it; undefined: there is none. */
  async deployment(name: string): Promise<unknown> {
    try {
      return await this.#call("GET", `${this.#namespaced("apis/apps/v1")}/deployments/${name}`);
    } catch (error) {
      if (error instanceof KubernetesError && error.status === 404) return undefined;
      throw error;
    }
  }

  async scale(targets: readonly Target[]): Promise<void> {
    await Promise.all(
      targets.map(({ name, replicas }) =>
        this.#call(
          "PATCH",
          `${this.#namespaced("apis/apps/v1")}/deployments/${name}?fieldManager=${FIELD_MANAGER}&force=true`,
          { apiVersion: "apps/v1", kind: "Deployment", metadata: { name }, spec: { replicas } },
        ),
      ),
    );
  }

  async capacity(targets: readonly Target[]): Promise<Capacity> {
    const [deployments, pods, nodes] = await Promise.all([
      this.#deployments(),
      this.#pods(),
      this.#list("api/v1/nodes", nodeSchema),
    ]);
    const wanted = deployments.flatMap(({ metadata, spec }) => {
      const target = targets.find(({ name }) => name === metadata.name);
      const missing = target === undefined ? 0 : Math.max(0, target.replicas - spec.replicas);
      return missing === 0 ? [] : [{ count: missing, containers: spec.template.spec.containers }];
    });
    return capacityOf(wanted, pods satisfies readonly PodObject[], nodes satisfies readonly NodeObject[]);
  }

  /** The gateway's own, read where it is used: the survivor's cluster needs no other system for it. */
  async smokeToken(): Promise<string> {
    for (const { metadata, spec } of await this.#deployments()) {
      const entry = spec.template.spec.containers
        .flatMap(({ env }) => env)
        .find(({ name }) => name === "SMOKE_TOKEN");
      if (entry?.value !== undefined) return entry.value;
      const reference = entry?.valueFrom?.secretKeyRef;
      if (reference === undefined) continue;
      const secret = z
        .object({ data: z.record(z.string(), z.string()) })
        .parse(await this.#call("GET", `${this.#namespaced("api/v1")}/secrets/${reference.name}`));
      const value = secret.data[reference.key];
      if (value !== undefined) return Buffer.from(value, "base64").toString("utf8");
      throw new KubernetesError(
        `secret ${reference.name} has no key ${reference.key}, which Deployment ${metadata.name} names`,
      );
    }
    throw new KubernetesError(`no Deployment in namespace ${this.#address.namespace} has SMOKE_TOKEN`);
  }

  /** Pods that clients' requests reach, with what they count; `metrics` is their Prometheus text. */
  async gateways(): Promise<readonly GatewayPod[]> {
    const [pods, nodes] = await Promise.all([
      this.#list(`${this.#namespaced("api/v1")}/pods`, podSchema),
      this.#list("api/v1/nodes", nodeSchema),
    ]);
    const zones = new Map(nodes.map(({ metadata }) => [metadata.name, metadata.labels?.[ZONE_LABEL]]));
    // The smoke test's secret is what only gateways have.
    const gateways = pods.filter(({ spec }) =>
      spec.containers.some(({ env }) => env.some(({ name }) => name === "SMOKE_TOKEN")),
    );
    return await Promise.all(
      gateways.map(async ({ metadata, spec, status }) => {
        const port = spec.containers[0]?.ports[0]?.containerPort ?? 8080;
        const path = `${this.#namespaced("api/v1")}/pods/${metadata.name}:${port}/proxy/metrics`;
        return {
          name: metadata.name,
          zone: zones.get(spec.nodeName ?? "") ?? "unknown zone",
          ready: status.conditions?.some((one) => one.type === "Ready" && one.status === "True") === true,
          metrics: await this.#text("GET", path, undefined, METRICS_TIMEOUT_MILLISECONDS).catch(
            (error: unknown) => ({ unknown: messageOf(error) }),
          ),
        };
      }),
    );
  }

  async peer() {
    const name = `a pod in ${this.#address.region}`;
    try {
      const { reachable, reason } = await this.#askArchiver();
      return { name, answered: reachable, detail: reason };
    } catch (error) {
      return { name, answered: null, detail: messageOf(error) };
    }
  }

  async #askArchiver(): Promise<{ reachable: boolean; reason: string }> {
    const pods = await this.#list(`${this.#namespaced("api/v1")}/pods`, podSchema);
    const archivers = pods.filter(
      ({ metadata, status }) => metadata.name.startsWith("archiver-") && status.phase === "Running",
    );
    const [pod] = archivers;
    if (pod === undefined) throw new KubernetesError("no archiver pod is running");
    const port = pod.spec.containers[0]?.ports[0]?.containerPort ?? 8080;
    const answer = await this.#call(
      "GET",
      `${this.#namespaced("api/v1")}/pods/${pod.metadata.name}:${port}/proxy/peer`,
      undefined,
      PEER_TIMEOUT_MILLISECONDS,
    );
    return z.object({ reachable: z.boolean(), reason: z.string().default("") }).parse(answer);
  }

  /** Of the whole cluster; of the namespace only where the role may not list more. */
  async #pods() {
    try {
      return await this.#list("api/v1/pods", podSchema);
    } catch (error) {
      if (!(error instanceof KubernetesError) || (error.status !== 403 && error.status !== 404)) throw error;
      return await this.#list(`${this.#namespaced("api/v1")}/pods`, podSchema);
    }
  }

  #deployments() {
    return this.#list(`${this.#namespaced("apis/apps/v1")}/deployments`, deploymentSchema);
  }

  #namespaced(group: string): string {
    return `${group}/namespaces/${this.#address.namespace}`;
  }

  async #list<T extends z.ZodType>(path: string, item: T): Promise<z.infer<T>[]> {
    return list(item).parse(await this.#call("GET", path)).items as z.infer<T>[];
  }

  async #call(
    method: "GET" | "PATCH",
    path: string,
    body?: object,
    timeoutMilliseconds?: number,
  ): Promise<unknown> {
    return JSON.parse(await this.#text(method, path, body, timeoutMilliseconds)) as unknown;
  }

  async #text(
    method: "GET" | "PATCH",
    path: string,
    body?: object,
    timeoutMilliseconds = TIMEOUT_MILLISECONDS,
  ): Promise<string> {
    const { endpoint, certificateAuthority } = this.#address;
    const secure = endpoint.startsWith("https:");
    // Whoever reads the token on its way is the operator for a minute.
    if (!secure && !isLoopback(endpoint)) {
      throw new KubernetesError(`${endpoint} is not encrypted: dr sends credentials over TLS only`);
    }
    const answer = await exchange(`${endpoint.replace(/\/$/, "")}/${path}`, {
      method,
      timeoutMilliseconds,
      headers: {
        accept: "application/json",
        authorization: `Bearer ${await this.#token()}`,
        ...(body ? { "content-type": "application/apply-patch+yaml" } : {}),
      },
      ...(body ? { body: JSON.stringify(body) } : {}),
      ...(secure
        ? { certificateAuthority: Buffer.from(certificateAuthority, "base64").toString("utf8") }
        : {}),
    });
    if (answer.status >= 300) {
      throw new KubernetesError(
        `${method} ${path}: ${answer.status} ${answer.body.slice(0, 300)}`,
        answer.status,
      );
    }
    return answer.body;
  }

  /** https://docs.aws.amazon.com/eks/latest/userguide/cluster-auth.html */
  async #token(): Promise<string> {
    const { region, name } = this.#address;
    const url = presign({
      url: new URL(`https://sts.${region}.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15`),
      service: "sts",
      region,
      expiresSeconds: TOKEN_SECONDS,
      headers: { "x-k8s-aws-id": name },
      credentials: await this.#credentials(),
      now: new Date(),
    });
    return `k8s-aws-v1.${Buffer.from(url.href).toString("base64url")}`;
  }
}
