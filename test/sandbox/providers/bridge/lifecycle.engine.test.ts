/** One stack through create, no-op, refresh, change and replacement by the real engine; each test looks at a part. */
import { Eip } from "@pulumi/aws/ec2/eip.js";
import { Vpc } from "@pulumi/aws/ec2/vpc.js";
import { Provider } from "@pulumi/aws/provider.js";
import { Cluster } from "@pulumi/aws/rds/cluster.js";
import { Topic, type TopicArgs } from "@pulumi/aws/sns/topic.js";
import * as pulumi from "@pulumi/pulumi";
import test from "ava";
import type { Behaviour, Json } from "../../../../sandbox/cloud/behaviour.ts";
import { opsOn, type Step, type World, world } from "../engine.ts";

const TOPIC = "aws:sns/topic:Topic";
const DATABASE = "aws:rds/cluster:Cluster";
/** Both with its preview. */
const PROVIDERS_AND_STACK = ["east", "west", "sandbox-test"];

interface Changing {
  readonly autonamed: TopicArgs;
  readonly named: TopicArgs;
  readonly cidrBlock: string;
  readonly tier: string;
  readonly password: string;
  readonly passwordVersion: number;
}
const FIRST: Changing = {
  autonamed: { displayName: "Fills" },
  named: { name: "executions" },
  cidrBlock: "10.0.0.0/16",
  tier: "a",
  password: "hush-hush",
  passwordVersion: 1,
};
const SECOND: Changing = {
  autonamed: { fifoTopic: true },
  named: { name: "trades" },
  cidrBlock: "10.1.0.0/16",
  tier: "b",
  password: "hush-hush-hush",
  passwordVersion: 2,
};

const known: Record<string, boolean> = {};
async function note(label: string, value: pulumi.Output<unknown> & { isKnown?: Promise<boolean> }) {
  known[label] = (await value.isKnown) ?? false;
}

const program = (changing: Changing) => async () => {
  const provider = new Provider("east", { region: "us-east-1", defaultTags: { tags: { commit: "abc" } } });
  const west = new Provider("west", { region: "us-west-2" });
  const autonamed = new Topic("fills", changing.autonamed, { provider });
  new Topic("executions", changing.named, { provider });
  const ignoring = new Topic(
    "ignoring",
    { displayName: changing.tier },
    { provider, ignoreChanges: ["displayName"] },
  );
  const secret = new Topic("secret", { displayName: pulumi.secret("whisper") }, { provider });
  new Topic("west", {}, { provider: west });
  const elsewhere = new Topic("elsewhere", { region: "us-east-2" }, { provider: west });
  new Topic("drifting", { displayName: "as deployed" }, { provider });
  new Vpc("network", { cidrBlock: changing.cidrBlock, tags: { tier: changing.tier } }, { provider });
  const address = new Eip("nat", { domain: "vpc", tags: { team: "trading" } }, { provider });
  new Cluster(
    "orders",
    {
      engine: "aurora-postgresql",
      clusterIdentifier: "orders",
      masterUsername: "platform",
      masterPasswordWo: changing.password,
      masterPasswordWoVersion: changing.passwordVersion,
      skipFinalSnapshot: true,
    },
    { provider },
  );
  await Promise.all([
    note("domain", address.domain),
    note("publicIp", address.publicIp),
    note("allocationId", address.allocationId),
  ]);
  return {
    name: autonamed.name,
    arn: autonamed.arn,
    ignoring: ignoring.displayName,
    secret: secret.displayName,
    elsewhere: elsewhere.arn,
    tagsAll: address.tagsAll,
  };
};

const passwords: Json[] = [];
const displayNames: Json[] = [];
let drift = false;
const database: Behaviour = {
  create: async ({ masterPasswordWo = null }) => {
    passwords.push(masterPasswordWo);
    return {};
  },
};
const topic: Behaviour = {
  create: async ({ displayName }) => {
    if (displayName !== undefined) displayNames.push(displayName);
    return {};
  },
  read: async (_, last, { urn }) =>
    drift && urn.endsWith("::drifting") ? { ...last, displayName: "changed by hand" } : last,
};

let it: World;
let seenAtPreview: Record<string, boolean>;
let created: Awaited<ReturnType<World["up"]>>;
let noOp: Step[];
let clean: Awaited<ReturnType<World["refresh"]>>;
let state: string;
let planned: Step[];
let changed: Awaited<ReturnType<World["up"]>>;
let drifted: Step[];

test.before(async () => {
  it = await world({ behaviours: { [TOPIC]: topic, [DATABASE]: database } });
  await it.preview(program(FIRST));
  seenAtPreview = { ...known };
  created = await it.up(program(FIRST));
  noOp = await it.preview(program(FIRST));
  clean = await it.refresh();
  state = await it.state();
  planned = await it.preview(program(SECOND));
  changed = await it.up(program(SECOND));
  drift = true;
  await it.refresh();
  drifted = await it.preview(program(SECOND));
});

test.after.always(async () => {
  await it?.close();
});

const detailsOf = (name: string) => planned.find((step) => step.name === name)?.details;

test("what was created previews as unchanged and refreshes clean", (t) => {
  t.is(created.steps.filter(({ op }) => op === "create").length, 10 + PROVIDERS_AND_STACK.length);
  t.deepEqual(noOp, []);
  t.deepEqual(clean, { same: 10 + PROVIDERS_AND_STACK.length });
});

test("what the cloud makes up is unknown at preview, what the program gave is not", (t) => {
  t.deepEqual(seenAtPreview, { domain: true, publicIp: false, allocationId: false });
});

test("a resource without a name gets its Pulumi name and seven hex digits, and an ARN in its region", (t) => {
  const name = String(created.outputs["name"]?.value);
  t.regex(name, /^fills-[0-9a-f]{7}$/);
  t.is(created.outputs["arn"]?.value, `arn:aws:sns:us-east-1:123456789012:${name}`);
});

test("an input's own region goes before the provider's", (t) => {
  const places = it.providers.registry
    .list({ type: TOPIC })
    .filter(({ urn }) => /(west|elsewhere)$/.test(urn))
    .map(({ urn, region, outputs }) => [urn.split("::").at(-1), region, outputs["region"]]);
  t.deepEqual(places.sort(), [
    ["elsewhere", "us-east-2", "us-east-2"],
    ["west", "us-west-2", "us-west-2"],
  ]);
  t.regex(String(created.outputs["elsewhere"]?.value), /^arn:aws:sns:us-east-2:/);
});

test("default tags of the provider reach every resource", (t) => {
  t.deepEqual(created.outputs["tagsAll"]?.value, { commit: "abc", team: "trading" });
});

test("secrets stay secret in outputs and state, and those who act see them plain", (t) => {
  t.deepEqual(created.outputs["secret"], { value: "whisper", secret: true });
  t.true(displayNames.includes("whisper"));
  t.false(state.includes("whisper"));
});

test("a write-only password reaches the cloud, never the state, and changes by its version only", (t) => {
  t.deepEqual(passwords, [FIRST.password]);
  t.deepEqual(detailsOf("orders"), { masterPasswordWoVersion: "update" });
});

test("a changed name that the program chose replaces, the old one deleted first", (t) => {
  t.deepEqual(opsOn(changed.steps, "executions"), ["delete-replaced", "replace", "create-replacement"]);
});

test("a replaced resource whose name the provider chose is made before the old one goes", (t) => {
  t.deepEqual(opsOn(changed.steps, "fills"), ["create-replacement", "replace", "delete-replaced"]);
  t.not(changed.outputs["name"]?.value, created.outputs["name"]?.value);
});

test("a preview says which properties changed, and which of them replace", (t) => {
  t.deepEqual(detailsOf("network"), { cidrBlock: "update-replace", "tags.tier": "update" });
});

test("ignoreChanges holds against the program", (t) => {
  t.deepEqual(opsOn(planned, "ignoring"), []);
  t.is(changed.outputs["ignoring"]?.value, "a");
});

test("what changed behind Pulumi's back shows after a refresh", (t) => {
  const names = drifted.map(({ op, name, details }) => [op, name, details]);
  t.deepEqual(names, [["update", "drifting", { displayName: "update" }]]);
});
