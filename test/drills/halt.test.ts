/**
 * Halted and resumed by the operator's own script, on real processes: what is halted takes nothing, an engine that was
 * frozen meanwhile wakes and cannot write, and both regions' previews stay clean.
 */
import { spawn } from "node:child_process";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import test, { type ExecutionContext } from "ava";
import { loadDeployment } from "../../automation/deployment.ts";
import type { RunEvent } from "../../automation/runbook/events.ts";
import { readSettings } from "../../automation/settings.ts";
import type { Region } from "../../components/model.ts";
import { openDynamoJournal, readValid } from "../../journal/index.ts";
import { Sandbox } from "../../sandbox/sandbox.ts";
import type { StackOutputs } from "../../stacks/outputs.ts";

const ROOT = path.join(import.meta.dirname, "../..");
const EAST: Region = "us-east-1";
const FROZEN = 1;

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface Place {
  readonly t: ExecutionContext;
  readonly sandbox: Sandbox;
  readonly environment: Readonly<Record<string, string>>;
}

async function script({ t, environment }: Place, name: string, ...args: readonly string[]): Promise<Ended> {
  const child = spawn(path.join(ROOT, "infra/scripts", name), args, {
    env: environment,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (text) => (stdout += text));
  child.stderr.on("data", (text) => (stderr += text));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  t.log(stderr);
  return { code, stdout, stderr };
}

const toggle = (place: Place, ...args: readonly string[]) => script(place, "toggle-maintenance.sh", ...args);
const order = (id: string) => ({
  client: "ann",
  clientOrderId: id,
  instrument: id.split(":")[0],
  side: "buy",
  price: 100,
  quantity: 5,
});

async function send({ elasticIps, listenerPort }: StackOutputs, id: string, milliseconds = 10_000) {
  const response = await fetch(`http://${elasticIps[0]}:${listenerPort}/orders`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(order(id)),
    signal: AbortSignal.timeout(milliseconds),
  });
  const body = (await response.json()) as {
    readonly status: string;
    readonly ack?: { readonly seq: number };
  };
  return { status: response.status, retryAfter: response.headers.get("retry-after"), body };
}

async function journalOf({ journalTable }: StackOutputs, sandbox: Sandbox, shard: number) {
  const { AWS_ENDPOINT_URL: endpoint = "" } = sandbox.environment();
  const credentials = { accessKeyId: "sandbox", secretAccessKey: "sandbox" };
  const client = new DynamoDBClient({ region: EAST, endpoint, credentials });
  const store = openDynamoJournal({ client, table: journalTable, primary: EAST });
  return await Array.fromAsync(readValid(store, shard));
}

test("halted by a seal, proven by the public name, a frozen engine wakes and cannot write, then resumed", async (t) => {
  const sandbox = await Sandbox.start({ seed: 5, latency: "none", dns: "route53" });
  t.teardown(() => sandbox.stop());
  await sandbox.deploy();
  const environment = { HOME: sandbox.directory, ...sandbox.environment() };
  const place = { t, sandbox, environment };
  const { prod } = (await loadDeployment(readSettings(environment, ROOT))).stacks;
  // One instrument of each shard.
  const instruments = new Map<number, string>();
  for (let n = 0; instruments.size < prod.shards; n++) {
    const { body } = await send(prod, `I${n}:1`);
    const shard = (body.ack as unknown as { readonly shard: number } | undefined)?.shard;
    if (shard !== undefined) instruments.set(shard, `I${n}`);
  }
  const id = (shard: number, n: string) => `${instruments.get(shard)}:${n}`;

  // Its request is on the way when it freezes: it was told to write, and has not.
  sandbox.freeze(EAST, `engine-${FROZEN}`);
  const stuck = send(prod, id(FROZEN, "frozen"));

  const enabled = await toggle(place, "--enable", "--reason", "wrong fills since 12:00");
  t.is(enabled.code, 0, enabled.stderr);
  t.is((await stuck).status, 504);
  const places = enabled.stdout.trim().split("\n");
  t.is(places.length, prod.shards);
  for (const [shard, line] of places.entries())
    t.regex(
      line,
      new RegExp(
        `^shard ${shard} is at epoch \\d+, seq \\d+, 20.*Z, [0-9a-f]{64}: halt by .*-enable-us-east-1-`,
      ),
    );
  t.regex(enabled.stderr, /drain .* not known to have stopped: engine 1 is unreachable/);
  t.regex(enabled.stderr, /switch .* maintenance is on, by Pulumi/);
  for (const shard of instruments.keys()) {
    const { status, retryAfter, body } = await send(prod, id(shard, "halted"));
    t.deepEqual(
      { status, retryAfter, said: body.status },
      { status: 503, retryAfter: "5", said: "maintenance" },
    );
  }
  const before = await Promise.all([0, 1].map((shard) => journalOf(prod, sandbox, shard)));

  sandbox.thaw(EAST, `engine-${FROZEN}`);
  await sleep(4_000);
  const after = await Promise.all([0, 1].map((shard) => journalOf(prod, sandbox, shard)));
  t.deepEqual(after, before, "nothing was written while halted");

  // Twice is fine, and what is deployed says what is so.
  const again = await toggle(place, "--enable", "--region", EAST, "--json");
  t.is(again.code, 0, again.stderr);
  const events = again.stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as RunEvent);
  t.true(
    events.some(
      (event) => event.type === "step" && event.step === "switch" && event.state === "already-done",
    ),
  );
  const status = await toggle(place, "--status", "--json");
  t.like(JSON.parse(status.stdout), {
    ...{
      region: EAST,
      halted: "yes",
      control: "on",
      publicName: "closed",
      reason: "wrong fills since 12:00",
    },
  });
  const wrong = await toggle(place, "--enable", "--region", "us-west-2");
  t.is(wrong.code, 10);
  t.is(
    wrong.stderr,
    "dr: --region us-west-2: us-east-1 is the active region (generation 0). Nothing was changed\n",
  );
  const clean = await script(place, "dr.sh", "reconcile", "--stack", "prod");
  t.is(clean.stderr, "prod: role active is deployed and a preview is clean\n");

  const disabled = await toggle(place, "--disable");
  t.is(disabled.code, 0, disabled.stderr);
  for (const shard of instruments.keys()) t.is((await send(prod, id(shard, "resumed"))).status, 201);
  t.is((await send(prod, id(FROZEN, "frozen"))).status, 201, "it never was an order");
  const off = await toggle(place, "--status", "--json");
  t.like(JSON.parse(off.stdout), { halted: "no", control: "off", reason: null });
  t.is((await script(place, "dr.sh", "reconcile")).code, 0);
});
