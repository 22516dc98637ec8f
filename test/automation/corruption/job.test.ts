import test from "ava";
import { jobOf } from "../../../automation/corruption/job.ts";
import { deploymentOf, networkPolicyOf, serviceOf } from "../../../components/manifests.ts";
import { spec } from "../../components/spec.ts";

const unit = { name: "projector", service: "projector", shard: undefined, spec: spec() };
const environment = [
  { name: "POD_IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } },
  { name: "SHARDS", value: "4" },
  { name: "PGHOST", value: "writer.rds" },
  { name: "PGDATABASE", value: "exchange" },
];
const deployment = JSON.parse(JSON.stringify(deploymentOf(unit, 1, environment)));
const job = (database?: { host: string; port: string; name: string }) =>
  JSON.parse(
    JSON.stringify(
      jobOf({
        deployment,
        name: "replay-1",
        namespace: "exchange",
        shards: 4,
        batchEvents: 50_000,
        database,
      }),
    ),
  );

test("a pod per shard runs the projector's image with the program replay, and no probes that would end it", (t) => {
  const { apiVersion, kind, metadata, spec: wanted } = job();
  t.deepEqual(
    [apiVersion, kind, metadata.name, metadata.namespace],
    ["batch/v1", "Job", "replay-1", "exchange"],
  );
  t.like(wanted, {
    completionMode: "Indexed",
    completions: 4,
    parallelism: 4,
    backoffLimitPerIndex: 6,
    podFailurePolicy: {
      rules: {
        length: 1,
        0: { action: "FailIndex", onExitCodes: { containerName: "replay", operator: "In", values: [2, 10] } },
      },
    },
    ttlSecondsAfterFinished: 86_400,
  });
  const pod = wanted.template.spec;
  t.is(pod.restartPolicy, "Never");
  t.is(pod.serviceAccountName, "projector");
  t.is(pod.containers.length, 1);
  const [container] = pod.containers;
  t.like(container, { name: "replay", image: unit.spec.image, args: ["replay"] });
  t.deepEqual(
    [container.livenessProbe, container.readinessProbe, container.ports],
    [undefined, undefined, undefined],
  );
  t.deepEqual(container.env, [...environment, { name: "BATCH_EVENTS", value: "50000" }]);
  t.deepEqual(container.securityContext, deployment.spec.template.spec.containers[0].securityContext);
});

test("another database takes the place of the projector's", (t) => {
  const { env } = job({ host: "restored.rds", port: "5433", name: "copy" }).spec.template.spec.containers[0];
  t.deepEqual(env.slice(-4), [
    { name: "BATCH_EVENTS", value: "50000" },
    { name: "PGHOST", value: "restored.rds" },
    { name: "PGPORT", value: "5433" },
    { name: "PGDATABASE", value: "copy" },
  ]);
  t.is(env.filter(({ name }: { name: string }) => name === "PGHOST").length, 1);
});

test("its pods have the projector's network, but are not behind its Service", (t) => {
  const { labels } = job().spec.template.metadata;
  const chosenBy = (selector: Readonly<Record<string, string>>) =>
    Object.entries(selector).every(([name, value]) => labels[name] === value);
  const plain = (value: unknown) => JSON.parse(JSON.stringify(value));
  const context = { callers: [], callees: [], databasePort: 5432, listenerPort: 443 };
  t.true(chosenBy(plain(networkPolicyOf("projector", spec(), context)).spec.podSelector.matchLabels));
  t.false(chosenBy(plain(serviceOf(unit)).spec.selector));
});
