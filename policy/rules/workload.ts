/** Pods survive a zone, a drain and a break-in into one of them. */
import type { DeploymentArgs } from "@pulumi/kubernetes/apps/v1/deployment.js";
import type { PodDisruptionBudgetArgs } from "@pulumi/kubernetes/policy/v1/podDisruptionBudget.js";
import { type Finding, type ResourceRule, type StackRule, undecided, violation } from "../rule.ts";
import { at, listAt, ofType, type Seen, step, UNKNOWN } from "../seen.ts";

const DEPLOYMENT = "kubernetes:apps/v1:Deployment";
const WORKLOADS = new Set([DEPLOYMENT, "kubernetes:apps/v1:StatefulSet", "kubernetes:apps/v1:DaemonSet"]);
const ZONE = "topology.kubernetes.io/zone";
/** Kubernetes itself waits 300 s, which is the whole objective. */
export const MAXIMUM_TOLERATION_SECONDS = 30;
const CONDITIONS = ["node.kubernetes.io/unreachable", "node.kubernetes.io/not-ready"];

const pod = (r: Seen, path: string) => at<DeploymentArgs>(r, `spec.template.spec.${path}`);

const isBudgetOf = (budget: Seen, deployment: Seen): boolean => {
  const wanted = at<PodDisruptionBudgetArgs>(budget, "spec.selector.matchLabels");
  const labels = at<DeploymentArgs>(deployment, "spec.template.metadata.labels");
  const isSameNamespace =
    JSON.stringify(at<DeploymentArgs>(deployment, "metadata.namespace")) ===
    JSON.stringify(at<PodDisruptionBudgetArgs>(budget, "metadata.namespace"));
  return (
    isSameNamespace &&
    typeof wanted === "object" &&
    wanted !== null &&
    Object.entries(wanted).every(([label, value]) => step(labels, label) === value)
  );
};

/** Allows nothing to be drained, for ever. */
const isStuck = (budget: Seen): boolean =>
  [0, "0", "0%"].includes(at<PodDisruptionBudgetArgs>(budget, "spec.maxUnavailable") as string | number) ||
  at<PodDisruptionBudgetArgs>(budget, "spec.minAvailable") === "100%";

function spread(r: Seen): readonly Finding[] {
  const constraints = listAt<DeploymentArgs>(r, "spec.template.spec.topologySpreadConstraints");
  const tolerations = listAt<DeploymentArgs>(r, "spec.template.spec.tolerations");
  if (constraints === UNKNOWN || tolerations === UNKNOWN) return [undecided(r, "where its pods may run")];
  const late = CONDITIONS.filter(
    (condition) =>
      !tolerations.some(
        (one) =>
          step(one, "key") === condition &&
          Number(step(one, "tolerationSeconds") ?? Number.POSITIVE_INFINITY) <= MAXIMUM_TOLERATION_SECONDS,
      ),
  );
  return [
    ...(constraints.some((one) => step(one, "topologyKey") === ZONE)
      ? []
      : [violation(r, `add a topologySpreadConstraint over ${ZONE}`)]),
    ...late.map((condition) =>
      violation(r, `tolerate ${condition} for at most ${MAXIMUM_TOLERATION_SECONDS} s: the default is 300`),
    ),
  ];
}

export const zonesAndBudgets: StackRule = {
  name: "zones-and-budgets",
  description:
    "Deployments spread over zones, leave dead nodes within 30 seconds, and have a disruption budget.",
  of: "stack",
  check(resources) {
    const budgets = ofType(resources, "kubernetes:policy/v1:PodDisruptionBudget");
    return [
      ...ofType(resources, DEPLOYMENT).flatMap((r) => [
        ...spread(r),
        ...(budgets.some((budget) => isBudgetOf(budget, r))
          ? []
          : [violation(r, "add a PodDisruptionBudget whose selector matches its pods")]),
      ]),
      ...budgets
        .filter(isStuck)
        .map((budget) =>
          violation(budget, "allow one pod to be moved (maxUnavailable: 1): no node could be drained"),
        ),
    ];
  },
};

const BY_DIGEST = /@sha256:[0-9a-f]{64}$/;

function container(r: Seen, one: unknown, index: number): readonly Finding[] {
  const name = String(step(one, "name") ?? index);
  const wants: readonly (readonly [path: string, holds: (value: unknown) => boolean, what: string])[] = [
    ["securityContext.readOnlyRootFilesystem", (v) => v === true, "readOnlyRootFilesystem: true"],
    ["securityContext.allowPrivilegeEscalation", (v) => v === false, "allowPrivilegeEscalation: false"],
    [
      "securityContext.capabilities.drop",
      (v) => Array.isArray(v) && v.includes("ALL"),
      "capabilities: { drop: [ALL] }",
    ],
    ["resources.requests.cpu", (v) => v !== undefined, "a CPU request"],
    ["resources.requests.memory", (v) => v !== undefined, "a memory request"],
    ["image", (v) => BY_DIGEST.test(String(v)), "its image by digest (@sha256:…)"],
  ];
  return wants.flatMap(([path, holds, what]) => {
    const value = path.split(".").reduce(step, one);
    if (value === UNKNOWN) return [undecided(r, `${path} of container ${name}`)];
    return holds(value) ? [] : [violation(r, `give container ${name} ${what}`)];
  });
}

export const hardenedPods: ResourceRule = {
  name: "hardened-pods",
  description: "Pods run as no root, read-only, without capabilities, with requests, from images by digest.",
  of: "resource",
  check(r) {
    if (!WORKLOADS.has(r.type)) return [];
    const containers = pod(r, "containers");
    const nonRoot = pod(r, "securityContext.runAsNonRoot");
    const seccomp = pod(r, "securityContext.seccompProfile.type");
    if (containers === UNKNOWN || nonRoot === UNKNOWN || seccomp === UNKNOWN) {
      return [undecided(r, "what its pods may do")];
    }
    return [
      ...(nonRoot === true ? [] : [violation(r, "set securityContext.runAsNonRoot: true")]),
      ...(seccomp === "RuntimeDefault"
        ? []
        : [violation(r, "set securityContext.seccompProfile: { type: RuntimeDefault }")]),
      ...(Array.isArray(containers) ? containers : []).flatMap((one, n) => container(r, one, n)),
    ];
  },
};
