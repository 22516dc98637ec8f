/** Gateway and engine as processes, over dynalite, with real HTTP. */

import { setTimeout as sleep } from "node:timers/promises";
import test from "ava";
import { fence } from "../../../journal/index.ts";
import type { GatewayStatus } from "../../../workload/api.ts";
import { openPlatform, TOKEN } from "./platform.ts";
import { answers } from "./programs.ts";

const order = (n: number, side: "buy" | "sell", quantity: number, client = "ann") => ({
  client,
  clientOrderId: `GOLD:${n}`,
  instrument: "GOLD",
  side,
  price: 100,
  quantity,
});

test.serial("after kill -9 of the engine the next one gives the same answers", async (t) => {
  const platform = await openPlatform(t);
  const { call } = platform;

  const placed = await call("POST", "/orders", order(1, "sell", 5));
  t.is(placed.status, 201);
  t.is((await call("POST", "/orders", order(2, "buy", 2, "bob"))).status, 201);
  const duplicate = await call("POST", "/orders", order(1, "sell", 5));
  t.deepEqual(duplicate, { status: 200, body: { ...(placed.body as object), duplicate: true } });
  t.like(await call("POST", "/orders", order(1, "sell", 6)), { status: 409, body: { status: "conflict" } });
  const read = await call("GET", "/orders/GOLD:1?client=ann");
  t.like(read, { status: 200, body: { status: "open", remaining: 3, region: "us-east-1" } });
  const cancelled = await call("DELETE", "/orders/GOLD:1?client=ann");
  t.like(cancelled, { status: 200, body: { status: "cancelled", quantity: 3 } });
  t.deepEqual(await call("DELETE", "/orders/GOLD:1?client=ann"), cancelled);
  t.like(await call("DELETE", "/orders/GOLD:2?client=bob"), { status: 422, body: { status: "refused" } });
  t.is((await call("GET", "/orders/GOLD:9?client=ann")).status, 404);

  platform.engine.process.kill("SIGKILL");
  t.is(await platform.engine.exit, "SIGKILL");
  t.like(await call("POST", "/orders", order(3, "sell", 1)), {
    status: 503,
    body: { status: "never-appended" },
  });
  t.true(await answers(`${platform.gateway.url}/active`, 503));

  platform.engine = platform.startEngine();
  t.true(await answers(`${platform.gateway.url}/active`, 200));
  t.deepEqual(await call("POST", "/orders", order(1, "sell", 5)), duplicate);
  t.deepEqual(await call("DELETE", "/orders/GOLD:1?client=ann"), cancelled);
  t.like(await call("GET", "/orders/GOLD:1?client=ann"), {
    status: 200,
    body: { status: "cancelled", remaining: 3 },
  });
  t.like(await call("GET", "/orders/GOLD:2?client=bob"), {
    status: 200,
    body: { status: "filled", remaining: 0 },
  });
  t.is((await call("GET", "/orders/GOLD:3?client=ann")).status, 404, "never appended: it does not exist");
});

test.serial(
  "SIGTERM: engine and gateway end with 0, and the engine leaves a checkpoint that the next one starts from",
  async (t) => {
    const platform = await openPlatform(t);
    await platform.call("POST", "/orders", order(1, "sell", 5));
    platform.engine.process.kill("SIGTERM");
    t.is(await platform.engine.exit, 0, platform.engine.stderr());
    platform.engine = platform.startEngine();
    t.true(await answers(`${platform.engine.url}/ready`, 200));
    const { body } = await platform.call("GET", "/status", undefined, TOKEN);
    const [shard] = (body as GatewayStatus).shards;
    t.truthy(shard?.replayedFrom);
    t.like(shard ?? {}, { tailReplayed: 0, orders: 1, ready: true, generation: 0, epoch: 3 });
    platform.gateway.process.kill("SIGTERM");
    t.is(await platform.gateway.exit, 0, platform.gateway.stderr());
  },
);

test.serial("a fenced engine ends by itself with one line on stderr, and its successor waits", async (t) => {
  const platform = await openPlatform(t);
  const fenced = { region: "us-west-2", generation: 1, reason: "failover", sealer: "run-1" } as const;
  await fence(platform.cloud.store, 0, fenced);
  t.is(await platform.engine.exit, 1);
  t.regex(platform.engine.stderr(), /^fatal: FencedError: shard 0 was sealed at epoch 1, seq \d+: .*\n$/);
  platform.engine = platform.startEngine();
  t.true(await answers(`${platform.engine.url}/healthz`, 200));
  t.true(await answers(`${platform.engine.url}/ready`, 503));
  const state = async () =>
    (await (await fetch(`${platform.engine.url}/state`)).json()) as { phase: string; ready: boolean };
  while ((await state()).phase === "starting") await sleep(20);
  t.like(await state(), { phase: "waiting", ready: false });
});

test.serial("when the region item names another region the gateway refuses within 3 s", async (t) => {
  const platform = await openPlatform(t);
  await platform.cloud.store.bumpRegionItem({ generation: 1, active: "us-west-2", runId: "run-1" });
  t.true(await answers(`${platform.gateway.url}/active`, 503, 3000));
  t.like(await platform.call("POST", "/orders", order(1, "sell", 5)), {
    status: 503,
    body: { status: "not-active", reason: "us-west-2 is the active region (generation 1)" },
  });
});
