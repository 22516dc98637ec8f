import test from "ava";
import {
  autoscalerOf,
  deploymentOf,
  disruptionBudgetOf,
  networkPolicyOf,
  serviceOf,
} from "../../components/manifests.ts";
import { unitsOf } from "../../components/services.ts";
import { spec } from "./spec.ts";

const [unit] = unitsOf({ engine: spec({ perShard: true, replicas: { min: 1, max: 1 } }) }, 1);
if (unit === undefined) throw new Error("no unit");
const gateway = { name: "gateway", service: "gateway", shard: undefined, spec: spec({ exposed: true }) };

// biome-ignore lint/suspicious/noExplicitAny: manifests are looked into freely
const plain = (value: unknown): any => JSON.parse(JSON.stringify(value));

test("a Deployment is named by unit, selects its own pods, and carries both annotations", (t) => {
  const deployment = plain(deploymentOf(unit, 1, []));
  const labels = { "app.kubernetes.io/name": "engine", "app.kubernetes.io/instance": "engine-0" };
  t.deepEqual(deployment.metadata, {
    name: "engine-0",
    labels,
    annotations: { "pulumi.com/skipAwait": "true", "pulumi.com/patchForce": "true" },
  });
  t.deepEqual(deployment.spec.selector.matchLabels, labels);
  t.deepEqual(deployment.spec.template.metadata.labels, labels);
  t.is(deployment.spec.replicas, 1);
});

test("pods run as nobody, on a read-only root, without privileges or an API token", (t) => {
  const pod = plain(deploymentOf(unit, 1, [])).spec.template.spec;
  t.like(pod.securityContext, { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } });
  t.deepEqual(pod.containers[0].securityContext, {
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ["ALL"] },
  });
  t.false(pod.automountServiceAccountToken);
  t.is(pod.serviceAccountName, "engine");
});

test("pods leave a node that stopped answering after 20 s instead of 300", (t) => {
  const { tolerations } = plain(deploymentOf(unit, 1, [])).spec.template.spec;
  t.deepEqual(
    tolerations.map(({ key, effect, tolerationSeconds }: Record<string, unknown>) => [
      key,
      effect,
      tolerationSeconds,
    ]),
    [
      ["node.kubernetes.io/unreachable", "NoExecute", 20],
      ["node.kubernetes.io/not-ready", "NoExecute", 20],
    ],
  );
});

test("spread over zones is a wish, so that a dead zone cannot block the others, and counts all shards together", (t) => {
  const spread = plain(deploymentOf(unit, 1, [])).spec.template.spec.topologySpreadConstraints;
  for (const constraint of spread) {
    t.is(constraint.whenUnsatisfiable, "ScheduleAnyway");
    t.deepEqual(constraint.labelSelector.matchLabels, { "app.kubernetes.io/name": "engine" });
  }
  t.deepEqual(
    spread.map(({ topologyKey }: Record<string, unknown>) => topologyKey),
    ["topology.kubernetes.io/zone", "kubernetes.io/hostname"],
  );
});

test("an engine and its standby are never in one zone, and the next version waits for no third zone", (t) => {
  const [paired] = unitsOf({ engine: spec({ perShard: true, replicas: { min: 2, max: 2 } }) }, 1);
  if (paired === undefined) throw new Error("no unit");
  const { strategy, template } = plain(deploymentOf(paired, 2, [])).spec;
  t.deepEqual(template.spec.affinity, {
    podAntiAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: [
        {
          topologyKey: "topology.kubernetes.io/zone",
          labelSelector: {
            matchLabels: { "app.kubernetes.io/name": "engine", "app.kubernetes.io/instance": "engine-0" },
          },
        },
      ],
    },
  });
  t.deepEqual(strategy.rollingUpdate, { maxSurge: 0, maxUnavailable: 1 });

  const alone = plain(deploymentOf(unit, 1, [])).spec;
  t.is(alone.template.spec.affinity, undefined);
  t.deepEqual(alone.strategy.rollingUpdate, { maxSurge: 1, maxUnavailable: 0 });
});

test("resources and probes are the service's", (t) => {
  const [container] = plain(deploymentOf(unit, 1, [])).spec.template.spec.containers;
  t.deepEqual(container.resources, {
    requests: { cpu: "500m", memory: "512Mi" },
    limits: { memory: "512Mi" },
  });
  t.deepEqual(container.livenessProbe.httpGet, { path: "/healthz", port: 8080 });
  t.deepEqual(container.readinessProbe.httpGet, { path: "/ready", port: 8080 });
});

test("only the exposed service has a port on every node, answered by nodes that run it", (t) => {
  t.deepEqual(plain(serviceOf(gateway)).spec, {
    type: "NodePort",
    externalTrafficPolicy: "Local",
    selector: { "app.kubernetes.io/name": "gateway", "app.kubernetes.io/instance": "gateway" },
    ports: [{ name: "http", port: 8080, targetPort: 8080, nodePort: 30443 }],
  });
  t.is(plain(serviceOf(unit)).spec.type, "ClusterIP");
});

test("a Service is not waited for: a parked Deployment leaves it without endpoints", (t) => {
  t.deepEqual(plain(serviceOf(unit)).metadata.annotations, { "pulumi.com/skipAwait": "true" });
});

test("the autoscaler moves between the service's two numbers", (t) => {
  t.like(plain(autoscalerOf(gateway)).spec, {
    scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "gateway" },
    minReplicas: 3,
    maxReplicas: 12,
  });
});

test("a drain takes a service's pods one at a time, over all shards", (t) => {
  t.deepEqual(plain(disruptionBudgetOf("engine")).spec, {
    maxUnavailable: 1,
    selector: { matchLabels: { "app.kubernetes.io/name": "engine" } },
    unhealthyPodEvictionPolicy: "AlwaysAllow",
  });
});

test("a pod hears only its callers, and speaks only to callees, DNS, credentials and named ports", (t) => {
  const { spec: rules } = plain(
    networkPolicyOf("projector", spec(), {
      callers: ["gateway"],
      callees: [{ name: "engine", port: 9000 }],
      databasePort: 5432,
      listenerPort: 8443,
    }),
  );
  const podsOf = (name: string) => [{ podSelector: { matchLabels: { "app.kubernetes.io/name": name } } }];
  t.deepEqual(rules.policyTypes, ["Ingress", "Egress"]);
  t.deepEqual(rules.ingress, [{ from: podsOf("gateway"), ports: [{ protocol: "TCP", port: 8080 }] }]);
  t.deepEqual(rules.egress.at(-1), { to: podsOf("engine"), ports: [{ protocol: "TCP", port: 9000 }] });
  t.deepEqual(
    rules.egress.at(-2).ports.map(({ port }: { port: number }) => port),
    [443, 8443, 5432],
  );
});

test("nobody may call a service that no other names, except the exposed one", (t) => {
  const context = { callers: [], callees: [], databasePort: undefined, listenerPort: 443 };
  t.deepEqual(plain(networkPolicyOf("archiver", spec(), context)).spec.ingress, []);
  t.deepEqual(plain(networkPolicyOf("gateway", spec({ exposed: true }), context)).spec.ingress, [
    { from: [{ ipBlock: { cidr: "0.0.0.0/0" } }], ports: [{ protocol: "TCP", port: 8080 }] },
  ]);
});
