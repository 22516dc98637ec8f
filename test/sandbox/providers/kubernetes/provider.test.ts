import test from "ava";
import { Faults } from "../../../../sandbox/faults.ts";
import { KubernetesProvider } from "../../../../sandbox/providers/kubernetes/provider.ts";
import type { Call, DiffRequest } from "../../../../sandbox/providers/protocol/provider.ts";
import { Secret, UNKNOWN, type Values } from "../../../../sandbox/providers/protocol/value.ts";
import { reachThrough } from "../../../../sandbox/providers/reach.ts";
import { Registry } from "../../../../sandbox/providers/registry.ts";
import { FakeCluster, kubeconfig, SERVER } from "./cluster.ts";

const DEPLOYMENT = "kubernetes:apps/v1:Deployment";
const deployment = (spec: Values, metadata: Values = { name: "gateway", namespace: "exchange" }): Values => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata,
  spec,
});

function setUp(config: Values = { kubeconfig: kubeconfig() }) {
  const faults = new Faults();
  const cluster = new FakeCluster();
  const provider = new KubernetesProvider({
    version: "4.0.0",
    behaviours: cluster.behaviours,
    registry: new Registry(),
    reach: reachThrough(faults, 50),
    clusterRegion: (server) => {
      if (server !== SERVER) throw new Error(`${server}: no such host`);
      return "us-east-1";
    },
  });
  const call: Call = { session: { config }, signal: new AbortController().signal };
  return { faults, cluster, provider, call };
}

const resource = (type: string) => ({ urn: `urn:pulumi:t::p::${type}::r`, type, name: "gateway" });
const checking = (news: Values, olds: Values = {}) => ({
  ...resource(DEPLOYMENT),
  news,
  olds,
  randomSeed: new Uint8Array(32),
  autonaming: undefined,
});
const diffing = (olds: Values, news: Values, oldInputs: Values = olds): DiffRequest => ({
  ...resource(DEPLOYMENT),
  id: "exchange/gateway",
  olds,
  oldInputs,
  news,
  ignoreChanges: [],
});

test("an object without a name gets one, keeps it, and says that it was given", (t) => {
  const { provider, call } = setUp();

  const first = provider.check(checking(deployment({}, {})), call).inputs;
  const metadata = first["metadata"] as { name: string };
  const second = provider.check(checking(deployment({ paused: true }, {}), first), call).inputs;

  t.regex(metadata.name, /^gateway-[0-9a-f]{8}$/);
  t.deepEqual(first["metadata"], {
    name: metadata.name,
    annotations: { "pulumi.com/autonamed": "true" },
    namespace: "default",
  });
  t.deepEqual(second["metadata"], first["metadata"]);
});

test("a namespaced object goes to the provider's namespace, a cluster-wide one to none", (t) => {
  const { provider, call } = setUp({ kubeconfig: kubeconfig(), namespace: "exchange" });
  const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: "exchange" } };

  const placed = provider.check(checking(deployment({}, { name: "gateway" })), call).inputs;

  t.deepEqual(placed["metadata"], { name: "gateway", namespace: "exchange" });
  t.deepEqual(provider.check(checking(namespace), call).inputs, namespace);
});

test("a changed selector replaces the Deployment, old before new because of its name", (t) => {
  const { provider } = setUp();
  const before = deployment({ replicas: 3, selector: { matchLabels: { app: "a" } } });
  const after = deployment({ replicas: 5, selector: { matchLabels: { app: "b" } } });

  t.deepEqual(provider.diff(diffing(before, after)), {
    changes: [
      { path: "spec.replicas", kind: "update", replaces: false },
      { path: "spec.selector.matchLabels.app", kind: "update", replaces: true },
    ],
    stables: [],
    deleteBeforeReplace: true,
  });
});

test("an object that moves to another name is replaced, new before old", (t) => {
  const { provider } = setUp();
  const before = deployment({}, { name: "gateway", namespace: "a" });
  const after = deployment({}, { name: "gateway", namespace: "b" });

  const { changes, deleteBeforeReplace } = provider.diff(diffing(before, after));

  t.deepEqual(changes, [{ path: "metadata.namespace", kind: "update", replaces: true }]);
  t.false(deleteBeforeReplace);
});

test("what the API server added is no change, what the program stops saying is one", (t) => {
  const { provider } = setUp();
  const asked = deployment({ replicas: 3, paused: false });
  const live = deployment({ replicas: 3, paused: false, progressDeadlineSeconds: 600 });

  t.deepEqual(provider.diff(diffing(live, asked, asked)).changes, []);
  t.deepEqual(provider.diff(diffing(live, deployment({ replicas: 3 }), asked)).changes, [
    { path: "spec.paused", kind: "delete", replaces: false },
  ]);
});

test("with a clusterIdentifier only its change replaces the provider, and with it every object", (t) => {
  const { provider } = setUp();
  const config = (clusterIdentifier: string | undefined, file: Values["kubeconfig"]): Values => ({
    ...(clusterIdentifier !== undefined && { clusterIdentifier }),
    kubeconfig: file ?? null,
  });
  const replaces = (before: Values, after: Values) =>
    provider.diffConfig(diffing(before, after)).changes.map((change) => [change.path, change.replaces]);
  const other = kubeconfig("https://other");

  t.deepEqual(replaces(config("c", kubeconfig()), config("c", other)), [["kubeconfig", false]]);
  t.deepEqual(replaces(config("c", kubeconfig()), config("c", UNKNOWN)), [["kubeconfig", false]]);
  t.deepEqual(replaces(config("c", kubeconfig()), config("d", kubeconfig())), [["clusterIdentifier", true]]);
  t.deepEqual(replaces(config(undefined, kubeconfig()), config(undefined, other)), [["kubeconfig", true]]);
  t.deepEqual(replaces(config(undefined, kubeconfig()), config(undefined, UNKNOWN)), [["kubeconfig", true]]);
  t.deepEqual(replaces(config("c", kubeconfig()), config("c", kubeconfig())), []);
});

test("a Secret's content is secret in the state, and stored as the API server stores it", async (t) => {
  const { provider, call, cluster } = setUp();
  const inputs: Values = {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "token", namespace: "exchange" },
    stringData: { token: new Secret("hush") },
  };

  const { outputs } = await provider.create(
    { ...resource("kubernetes:core/v1:Secret"), inputs, timeoutSeconds: 0, preview: false },
    call,
  );

  t.deepEqual(outputs["data"], new Secret({ token: "aHVzaA==" }));
  t.deepEqual(cluster.get("Secret", "token")?.["data"], { token: "aHVzaA==" });
  t.is(cluster.get("Secret", "token")?.["stringData"], undefined);
  t.deepEqual(provider.diff(diffing(outputs, inputs, inputs)).changes, []);
});

test("a cluster in a dead region is unreachable, one that nobody made has no host", async (t) => {
  const { provider, call, faults } = setUp();
  const request = { ...resource(DEPLOYMENT), inputs: deployment({}), timeoutSeconds: 0, preview: false };
  faults.setPlace("us-east-1", "cut");
  await t.throwsAsync(provider.create(request, call), { message: "us-east-1 is unreachable from internet" });

  const stray = { ...call, session: { config: { kubeconfig: kubeconfig("https://gone") } } };
  await t.throwsAsync(provider.create(request, stray), { message: "https://gone: no such host" });
});

test("an object that exists already is not created over", async (t) => {
  const { provider, call } = setUp();
  const request = { ...resource(DEPLOYMENT), inputs: deployment({}), timeoutSeconds: 0, preview: false };
  await provider.create(request, call);

  await t.throwsAsync(provider.create(request, call), {
    message: 'Deployment "exchange/gateway" already exists',
  });
});

test("a refresh sees the live number of replicas as an input, and nothing that the program never said", async (t) => {
  const { provider, call, cluster } = setUp();
  const inputs = deployment({ replicas: 3 });
  const request = { ...resource(DEPLOYMENT), inputs, timeoutSeconds: 0, preview: false };
  const { id, outputs } = await provider.create(request, call);
  cluster.scale("gateway", 7);

  const read = await provider.read({ ...resource(DEPLOYMENT), id, properties: outputs, inputs }, call);

  t.deepEqual(read?.inputs, deployment({ replicas: 7 }));
});

test("an object deleted by hand is gone at the next refresh", async (t) => {
  const { provider, call, cluster } = setUp();
  const inputs = deployment({ replicas: 3 });
  const request = { ...resource(DEPLOYMENT), inputs, timeoutSeconds: 0, preview: false };
  const { id, outputs } = await provider.create(request, call);
  cluster.objects.clear();

  t.is(await provider.read({ ...resource(DEPLOYMENT), id, properties: outputs, inputs }, call), undefined);
});
