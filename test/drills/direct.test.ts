/** The engine cannot be used at all: the failover goes by API, and Pulumi learns of it afterwards. */
import { spawn } from "node:child_process";
import path from "node:path";
import test from "ava";
import { loadDeployment } from "../../automation/deployment.ts";
import { readSettings } from "../../automation/settings.ts";
import { Sandbox } from "../../sandbox/sandbox.ts";
import type { StackOutputs } from "../../stacks/outputs.ts";

const ROOT = path.join(import.meta.dirname, "./../..");
const ORDERS = 30;

interface Ended {
  readonly code: number | null;
  readonly said: string;
}

/** One of `dr`'s verbs as an operator runs it, without a terminal. */
async function dr(environment: Readonly<Record<string, string>>, ...args: readonly string[]): Promise<Ended> {
  const child = spawn(path.join(ROOT, "infra/scripts/dr.sh"), args, {
    env: environment,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => (said += text));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  return { code, said };
}

/** Asks one of the region's addresses. */
async function gateway(
  { elasticIps, listenerPort }: StackOutputs,
  method: string,
  url: string,
  body?: object,
) {
  const response = await fetch(`http://${elasticIps[0]}:${listenerPort}${url}`, {
    method,
    headers: { "content-type": "application/json" },
    ...(body && { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(10_000),
  });
  return { status: response.status, body: (await response.json()) as { readonly ack?: unknown } };
}

const orderId = (n: number) => `ACME${n % 4}:${n}`;

test("without an engine the failover finishes by API; reconcile shows the role changes and ends in a clean preview", async (t) => {
  const sandbox = await Sandbox.start({ seed: 3, latency: "none", dns: "route53" });
  t.teardown(() => sandbox.stop());
  await sandbox.deploy();
  const environment = { HOME: sandbox.directory, ...sandbox.environment() };
  const { stacks } = await loadDeployment(readSettings(environment, ROOT));
  const acknowledged = await Promise.all(
    Array.from({ length: ORDERS }, async (_, n) => {
      const clientOrderId = orderId(n);
      const instrument = clientOrderId.split(":")[0];
      const order = { client: "ann", clientOrderId, instrument, side: "buy", price: 100 + n, quantity: 5 };
      return (await gateway(stacks.prod, "POST", "/orders", order)).body.ack;
    }),
  );
  t.true(acknowledged.every((ack) => ack !== undefined));
  await sandbox.loseRegion("us-east-1", "blackhole");

  // Neither on PATH, nor built earlier, and a home without anything.
  const withoutEngine = {
    ...environment,
    PATH: "/usr/bin:/bin",
    HOME: path.join(sandbox.directory, "empty"),
    PULUMI_HOME: path.join(sandbox.directory, "empty"),
  };
  const target = ["--target", "us-west-2", "--yes", "--confirm-target", "us-west-2"];
  const failover = await dr(withoutEngine, "failover", ...target);
  t.log(failover.said);
  t.is(failover.code, 0);
  t.regex(failover.said, /scale .*4 Deployments scaled by API \(no Pulumi CLI/);
  t.regex(failover.said, /Pulumi's state does not know it yet: run `dr reconcile`/);
  for (const [n, ack] of acknowledged.entries()) {
    const found = await gateway(stacks.dr, "GET", `/orders/${encodeURIComponent(orderId(n))}?client=ann`);
    t.deepEqual([found.status, found.body.ack], [200, ack]);
  }

  const reconciled = await dr(environment, "reconcile", "--stack", "dr");
  t.log(reconciled.said);
  t.is(reconciled.code, 0);
  const changes = reconciled.said.split("\n").filter((line) => /^dr, role promoting: update/.test(line));
  t.is(changes.length, 5);
  t.regex(reconciled.said, /dr: a preview is clean/);

  await sandbox.returnRegion("us-east-1");
  const parked = await dr(environment, "park", "--region", "us-east-1");
  t.log(parked.said);
  t.is(parked.code, 0);
  const again = await dr(environment, "reconcile");
  t.deepEqual(
    [again.code, again.said],
    [
      0,
      "prod: role passive is deployed and a preview is clean\ndr: role active is deployed and a preview is clean\n",
    ],
  );
});
