/**
 * The parts of Kubernetes objects that act in the sandbox, with the API's own defaults. What is not listed here is
 * stored and shown but does nothing; what would change behaviour and is not modelled is refused.
 */
import { z } from "zod";
import type { Properties } from "../cloud/behaviour.ts";

const absent = (what: string) =>
  z.undefined({ error: `${what} is not modelled by the sandbox: leave it out or extend sandbox/compute` });

const httpGet = z.object({
  path: z.string().default("/"),
  port: z.union([z.int(), z.string()]),
  httpHeaders: z.array(z.object({ name: z.string(), value: z.string() })).default([]),
});

const probe = z.object({
  httpGet,
  exec: absent("an exec probe").optional(),
  tcpSocket: absent("a tcpSocket probe").optional(),
  grpc: absent("a grpc probe").optional(),
  initialDelaySeconds: z.number().default(0),
  periodSeconds: z.number().default(10),
  timeoutSeconds: z.number().default(1),
  failureThreshold: z.int().default(3),
  successThreshold: z.int().default(1),
});
export type Probe = z.infer<typeof probe>;

const keyRef = z.object({ name: z.string(), key: z.string(), optional: z.boolean().default(false) });

const environmentVariable = z.object({
  name: z.string(),
  value: z.string().optional(),
  valueFrom: z
    .object({
      fieldRef: z.object({ fieldPath: z.string() }).optional(),
      secretKeyRef: keyRef.optional(),
      configMapKeyRef: keyRef.optional(),
      resourceFieldRef: absent("resourceFieldRef").optional(),
    })
    .optional(),
});
export type EnvironmentVariable = z.infer<typeof environmentVariable>;

const quantity = z.union([z.string(), z.number()]).transform(String);
const resources = z.object({
  requests: z.object({ cpu: quantity.optional(), memory: quantity.optional() }).default({}),
  limits: z.object({ cpu: quantity.optional(), memory: quantity.optional() }).default({}),
});

const container = z.object({
  name: z.string(),
  image: z.string(),
  command: z.array(z.string()).optional(),
  args: z.array(z.string()).default([]),
  env: z.array(environmentVariable).default([]),
  envFrom: absent("envFrom").optional(),
  lifecycle: absent("a container's lifecycle hook").optional(),
  ports: z.array(z.object({ name: z.string().optional(), containerPort: z.int() })).default([]),
  resources: resources.default({ requests: {}, limits: {} }),
  livenessProbe: probe.optional(),
  readinessProbe: probe.optional(),
  startupProbe: probe.optional(),
});
export type Container = z.infer<typeof container>;

const labels = z.record(z.string(), z.string()).default({});
const selector = z.object({
  matchLabels: z.record(z.string(), z.string()),
  matchExpressions: absent("matchExpressions").optional(),
});

/** Strict, so that a kind of affinity which is not modelled is refused. */
const affinity = z.strictObject({
  podAntiAffinity: z.strictObject({
    requiredDuringSchedulingIgnoredDuringExecution: z.array(
      z.strictObject({ topologyKey: z.string(), labelSelector: selector }),
    ),
  }),
});

const toleration = z.object({
  key: z.string().optional(),
  operator: z.string().default("Equal"),
  effect: z.string().optional(),
  tolerationSeconds: z.number().optional(),
});

const podTemplateOf = <R extends z.ZodType<"Always" | "Never">>(restartPolicy: R) =>
  z.object({
    metadata: z.object({ labels, annotations: labels }),
    spec: z.object({
      restartPolicy,
      containers: z.tuple([container], { error: "the sandbox models exactly one container per pod" }),
      initContainers: absent("initContainers").optional(),
      hostname: z.string().optional(),
      terminationGracePeriodSeconds: z.number().default(30),
      serviceAccountName: z.string().default("default"),
      nodeSelector: labels,
      affinity: affinity.optional(),
      tolerations: z.array(toleration).default([]),
      topologySpreadConstraints: z
        .array(
          z.object({
            maxSkew: z.int(),
            topologyKey: z.string(),
            labelSelector: selector.default({ matchLabels: {} }),
            whenUnsatisfiable: z.enum(["ScheduleAnyway", "DoNotSchedule"]).default("DoNotSchedule"),
          }),
        )
        .default([]),
    }),
  });
const serving = podTemplateOf(z.literal("Always").default("Always"));
const ending = podTemplateOf(
  z.literal("Never", { error: "the sandbox models Jobs with restartPolicy Never" }),
);
export type PodTemplate = z.infer<typeof serving> | z.infer<typeof ending>;

const countOrPercent = z.union([z.int(), z.string().regex(/^\d+%$/)]);
export type CountOrPercent = z.infer<typeof countOrPercent>;

const deployment = z.object({
  metadata: z.object({ name: z.string(), namespace: z.string() }),
  spec: z.object({
    replicas: z.int().min(0).default(1),
    selector,
    template: serving,
    strategy: z
      .object({
        type: z.enum(["RollingUpdate", "Recreate"]).default("RollingUpdate"),
        rollingUpdate: z
          .object({ maxSurge: countOrPercent.default("25%"), maxUnavailable: countOrPercent.default("25%") })
          .default({ maxSurge: "25%", maxUnavailable: "25%" }),
      })
      .default({ type: "RollingUpdate", rollingUpdate: { maxSurge: "25%", maxUnavailable: "25%" } }),
  }),
});
export type Deployment = z.infer<typeof deployment>;

const EXIT_CODES = "the sandbox models rules that fail an index by the exit codes that it names";
/** https://kubernetes.io/docs/concepts/workloads/controllers/job/#pod-failure-policy */
const podFailurePolicy = z.object({
  rules: z.array(
    z.object({
      action: z.literal("FailIndex", { error: EXIT_CODES }),
      onExitCodes: z.object(
        {
          /** Undefined: any of the pod's. */
          containerName: z.string().optional(),
          operator: z.literal("In", { error: EXIT_CODES }),
          values: z.array(z.int().min(1).max(255)).min(1),
        },
        { error: EXIT_CODES },
      ),
    }),
  ),
});

const job = z.object({
  metadata: z.object({ name: z.string(), namespace: z.string() }),
  spec: z.object({
    completionMode: z.literal("Indexed", { error: "the sandbox models Indexed Jobs" }),
    completions: z.int().min(0),
    parallelism: z.int().min(0).default(1),
    backoffLimitPerIndex: z.int({ error: "the sandbox models Jobs with a limit per index" }).min(0),
    ttlSecondsAfterFinished: z.int().min(0).optional(),
    backoffLimit: absent("backoffLimit").optional(),
    maxFailedIndexes: absent("maxFailedIndexes").optional(),
    podFailurePolicy: podFailurePolicy.optional(),
    podReplacementPolicy: absent("podReplacementPolicy").optional(),
    successPolicy: absent("successPolicy").optional(),
    activeDeadlineSeconds: absent("activeDeadlineSeconds").optional(),
    suspend: absent("suspend").optional(),
    manualSelector: absent("manualSelector").optional(),
    template: ending,
  }),
});
export type Job = z.infer<typeof job>;

const service = z.object({
  metadata: z.object({ name: z.string(), namespace: z.string() }),
  spec: z.object({
    type: z
      .enum(["ClusterIP", "NodePort"], { error: "the sandbox models ClusterIP and NodePort" })
      .default("ClusterIP"),
    clusterIP: z.string().optional(),
    selector: z.record(z.string(), z.string()).optional(),
    publishNotReadyAddresses: z.boolean().default(false),
    externalTrafficPolicy: z.enum(["Cluster", "Local"]).default("Cluster"),
    ports: z.array(
      z.object({
        name: z.string().optional(),
        port: z.int(),
        targetPort: z.union([z.int(), z.string()]).optional(),
        nodePort: z.int().optional(),
      }),
    ),
  }),
});
export type KubernetesService = z.infer<typeof service>;

const autoscaler = z.object({
  metadata: z.object({ name: z.string(), namespace: z.string() }),
  spec: z.object({
    scaleTargetRef: z.object({ kind: z.literal("Deployment"), name: z.string() }),
    minReplicas: z.int().min(1).default(1),
    maxReplicas: z.int(),
    metrics: z
      .array(
        z.object({
          type: z.literal("Resource"),
          resource: z.object({
            name: z.literal("cpu"),
            target: z.object({ type: z.literal("Utilization"), averageUtilization: z.number() }),
          }),
        }),
      )
      .max(1)
      .default([]),
    behavior: z
      .object({
        scaleDown: z.object({ stabilizationWindowSeconds: z.number().default(300) }).optional(),
      })
      .default({}),
  }),
});
export type Autoscaler = z.infer<typeof autoscaler>;

const SCHEMAS = {
  Deployment: deployment,
  Job: job,
  Service: service,
  HorizontalPodAutoscaler: autoscaler,
} as const;
export type ActingKind = keyof typeof SCHEMAS;
type Manifest<K extends ActingKind> = z.infer<(typeof SCHEMAS)[K]>;

const isActing = (kind: string): kind is ActingKind => kind in SCHEMAS;

/** Stored objects are replaced, never changed, so that one parse of each is enough. */
const parsedObjects = new WeakMap<Properties, unknown>();

/** Throws what the API server would say, with the field's path. */
export function parseManifest<K extends ActingKind>(kind: K, object: Properties): Manifest<K> {
  const known = parsedObjects.get(object);
  if (known !== undefined) return known as Manifest<K>;
  const parsed = SCHEMAS[kind].safeParse(object);
  if (parsed.success) {
    parsedObjects.set(object, parsed.data);
    return parsed.data as Manifest<K>;
  }
  const name = (object["metadata"] as { name?: string } | undefined)?.name ?? "";
  const problems = parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
  throw new Error(`${kind} "${name}" is invalid: ${problems.join("; ")}`, { cause: parsed.error });
}

/** Refuses an object of an acting kind that the sandbox could not run as it says. */
export function checkManifest(kind: string, object: Properties): void {
  if (isActing(kind)) parseManifest(kind, object);
}
