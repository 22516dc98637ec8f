/** Kubernetes objects of one service as plain values. */
import type { input as k8s } from "@pulumi/kubernetes/types/index.js";
import type { EnvironmentVariable } from "./environment.ts";
import { hasStandby, type ServiceSpec, type Unit } from "./services.ts";

/**
 * Fixed, so that the load balancer's target group needs no controller to learn it; inside Kubernetes' default range.
 */
export const EXPOSED_NODE_PORT = 30443;

/**
 * How long a pod stays bound to a node that stopped answering. Kubernetes' default of 300 s is longer than the whole
 * objective; less than this would move pods for a hiccup.
 */
export const UNREACHABLE_SECONDS = 20;
const USER = 10001;
const CPU_PERCENT = 60;
const SCALE_DOWN_WINDOW_SECONDS = 300;

const NAME = "app.kubernetes.io/name";
const INSTANCE = "app.kubernetes.io/instance";

export const selectorOf = (service: string): Record<string, string> => ({ [NAME]: service });
const labelsOf = (unit: Unit): Record<string, string> => ({ [NAME]: unit.service, [INSTANCE]: unit.name });

/**
 * `skipAwait`: one pod that finds no node must not spend the recovery time; the runbook verifies rollouts itself.
 * https://www.pulumi.com/registry/packages/kubernetes/installation-configuration/#pulumicomskipawait
 */
const SKIP_AWAIT = { "pulumi.com/skipAwait": "true" };
/** `patchForce`: whoever scaled the Deployment owns `spec.replicas`, and parking it would end in a conflict. */
const DEPLOYMENT_ANNOTATIONS = { ...SKIP_AWAIT, "pulumi.com/patchForce": "true" };

const toleration = (condition: string) => ({
  key: `node.kubernetes.io/${condition}`,
  operator: "Exists",
  effect: "NoExecute",
  tolerationSeconds: UNREACHABLE_SECONDS,
});

/** `ScheduleAnyway`: with a zone gone, the others must take its share. */
const spreadOver = (topologyKey: string, service: string) => ({
  maxSkew: 1,
  topologyKey,
  whenUnsatisfiable: "ScheduleAnyway",
  labelSelector: { matchLabels: selectorOf(service) },
});

/**
 * Required, and no wish: the loss of a zone must never take a shard's engine and its standby at once. Two of three zones
 * suffice for it, so that with one gone the survivor's partner still finds a place.
 */
const apart = (unit: Unit) => ({
  podAntiAffinity: {
    requiredDuringSchedulingIgnoredDuringExecution: [
      { topologyKey: "topology.kubernetes.io/zone", labelSelector: { matchLabels: labelsOf(unit) } },
    ],
  },
});

/**
 * The next one is up before the last goes. Not so where one stands by: a third pod would need a third zone, which may
 * be the lost one; there the standby is replaced first or takes over.
 */
const rollingUpdateOf = ({ spec }: Unit) =>
  hasStandby(spec) ? { maxSurge: 0, maxUnavailable: 1 } : { maxSurge: 1, maxUnavailable: 0 };

function containerOf(unit: Unit, environment: readonly EnvironmentVariable[]): k8s.core.v1.Container {
  const { spec } = unit;
  return {
    name: unit.service,
    image: spec.image,
    args: [...spec.args],
    env: [...environment],
    ports: [{ name: "http", containerPort: spec.port }],
    resources: { requests: { cpu: spec.cpu, memory: spec.memory }, limits: { memory: spec.memory } },
    livenessProbe: {
      httpGet: { path: spec.probes.liveness, port: spec.port },
      periodSeconds: 5,
      timeoutSeconds: 2,
      failureThreshold: 3,
    },
    readinessProbe: {
      httpGet: { path: spec.probes.readiness, port: spec.port },
      periodSeconds: 2,
      timeoutSeconds: 1,
      failureThreshold: 2,
    },
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    },
    volumeMounts: [{ name: "tmp", mountPath: "/tmp" }],
  };
}

export function deploymentOf(
  unit: Unit,
  replicas: number,
  environment: readonly EnvironmentVariable[],
): k8s.apps.v1.Deployment {
  return {
    metadata: { name: unit.name, labels: labelsOf(unit), annotations: DEPLOYMENT_ANNOTATIONS },
    spec: {
      replicas,
      revisionHistoryLimit: 3,
      strategy: { type: "RollingUpdate", rollingUpdate: rollingUpdateOf(unit) },
      selector: { matchLabels: labelsOf(unit) },
      template: {
        metadata: { labels: labelsOf(unit) },
        spec: {
          serviceAccountName: unit.service,
          // Pod identity brings a token of its own; nothing here talks to the Kubernetes API.
          automountServiceAccountToken: false,
          terminationGracePeriodSeconds: 30,
          securityContext: {
            runAsNonRoot: true,
            runAsUser: USER,
            runAsGroup: USER,
            seccompProfile: { type: "RuntimeDefault" },
          },
          ...(hasStandby(unit.spec) ? { affinity: apart(unit) } : {}),
          tolerations: [toleration("unreachable"), toleration("not-ready")],
          topologySpreadConstraints: [
            spreadOver("topology.kubernetes.io/zone", unit.service),
            spreadOver("kubernetes.io/hostname", unit.service),
          ],
          containers: [containerOf(unit, environment)],
          volumes: [{ name: "tmp", emptyDir: {} }],
        },
      },
    },
  };
}

export function serviceOf(unit: Unit): k8s.core.v1.Service {
  const port = { name: "http", port: unit.spec.port, targetPort: unit.spec.port };
  return {
    // A parked Deployment leaves its Service without endpoints, for which Pulumi would wait ten minutes.
    metadata: { name: unit.name, labels: labelsOf(unit), annotations: SKIP_AWAIT },
    spec: unit.spec.exposed
      ? {
          type: "NodePort",
          // Only nodes that run the service answer: the target check sees the service, not the node.
          externalTrafficPolicy: "Local",
          selector: labelsOf(unit),
          ports: [{ ...port, nodePort: EXPOSED_NODE_PORT }],
        }
      : { type: "ClusterIP", selector: labelsOf(unit), ports: [port] },
  };
}

/** Parked by Kubernetes itself while the Deployment is at 0. */
export function autoscalerOf(unit: Unit): k8s.autoscaling.v2.HorizontalPodAutoscaler {
  const { min, max } = unit.spec.replicas;
  return {
    metadata: { name: unit.name, labels: labelsOf(unit) },
    spec: {
      scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: unit.name },
      minReplicas: min,
      maxReplicas: max,
      metrics: [
        {
          type: "Resource",
          resource: { name: "cpu", target: { type: "Utilization", averageUtilization: CPU_PERCENT } },
        },
      ],
      behavior: { scaleDown: { stabilizationWindowSeconds: SCALE_DOWN_WINDOW_SECONDS } },
    },
  };
}

/** Over all of a service's units: a drain takes its pods one at a time, whatever their shard. */
export function disruptionBudgetOf(service: string): k8s.policy.v1.PodDisruptionBudget {
  return {
    metadata: { name: service },
    spec: {
      maxUnavailable: 1,
      selector: { matchLabels: selectorOf(service) },
      // A pod that is not ready protects nothing by staying on a node that is drained.
      unhealthyPodEvictionPolicy: "AlwaysAllow",
    },
  };
}

export interface NetworkContext {
  readonly callers: readonly string[];
  readonly callees: readonly { readonly name: string; readonly port: number }[];
  readonly databasePort: number | undefined;
  /** Where a peer region answers. */
  readonly listenerPort: number;
}

const DNS_PORTS = [
  { protocol: "UDP", port: 53 },
  { protocol: "TCP", port: 53 },
];
/** https://docs.aws.amazon.com/eks/latest/userguide/pod-id-considerations.html */
const POD_IDENTITY_AGENT = "169.254.170.23/32";

/** Lets callers in and callees, DNS, credentials, AWS' endpoints and the database out; all else is denied. */
export function networkPolicyOf(
  service: string,
  spec: ServiceSpec,
  context: NetworkContext,
): k8s.networking.v1.NetworkPolicy {
  const tcp = (port: number) => ({ protocol: "TCP", port });
  const pods = (name: string) => ({ podSelector: { matchLabels: selectorOf(name) } });
  const anywhere = { ipBlock: { cidr: "0.0.0.0/0" } };
  const external = new Set([
    443,
    context.listenerPort,
    ...(context.databasePort ? [context.databasePort] : []),
  ]);
  return {
    metadata: { name: service },
    spec: {
      podSelector: { matchLabels: selectorOf(service) },
      policyTypes: ["Ingress", "Egress"],
      ingress: spec.exposed
        ? [{ from: [anywhere], ports: [tcp(spec.port)] }]
        : context.callers.map((caller) => ({ from: [pods(caller)], ports: [tcp(spec.port)] })),
      egress: [
        {
          to: [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "kube-system" } } }],
          ports: DNS_PORTS,
        },
        { to: [{ ipBlock: { cidr: POD_IDENTITY_AGENT } }], ports: [tcp(80)] },
        { to: [anywhere], ports: [...external].map(tcp) },
        ...context.callees.map(({ name, port }) => ({ to: [pods(name)], ports: [tcp(port)] })),
      ],
    },
  };
}
