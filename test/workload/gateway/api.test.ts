/** The gateway's HTTP API in front of engines that the test plays. */
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { createServer as createTcpServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import test, { type ExecutionContext } from "ava";
import type { ControlItem, EngineItem, RegionItem } from "../../../journal/model.ts";
import type { EngineReport } from "../../../workload/api.ts";
import { gatewayApi } from "../../../workload/gateway/api.ts";
import { Gateway } from "../../../workload/gateway/gateway.ts";
import { listen } from "../../../workload/http.ts";
import { shardOf } from "../../../workload/orders.ts";

const TOKEN = "smoke-secret";
const ack = { shard: 0, epoch: 1, seq: 7, hash: "ab" };
const ORDER = {
  client: "ann",
  clientOrderId: "GOLD:1",
  instrument: "GOLD",
  side: "buy",
  price: 100,
  quantity: 5,
};

interface Seen {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly body: string;
}

/** Answers `/state` as a ready engine, and everything else as `orders` says. */
async function fakeEngine(t: ExecutionContext, orders: RequestListener, seen: Seen[] = []): Promise<string> {
  const report: EngineReport = {
    shard: 0,
    ready: true,
    generation: 0,
    epoch: 1,
    phase: "active",
    reason: "matching",
  };
  const server = createServer((request, response) => {
    if (request.url === "/state") return void response.end(JSON.stringify(report));
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      seen.push({ method: request.method, url: request.url, body: Buffer.concat(chunks).toString() });
      orders(request, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.teardown(() => server.close());
  t.teardown(() => server.closeAllConnections());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const answering =
  (status: number, body: unknown): RequestListener =>
  (_, response) =>
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
const accepting = answering(201, { status: "accepted", clientOrderId: "GOLD:1", ack, region: "us-east-1" });

interface Front {
  readonly url: string;
  readonly gateway: Gateway;
  region: RegionItem;
  control: ControlItem;
  readonly engines: (EngineItem | undefined)[];
  refresh(): Promise<void>;
  call(method: string, path: string, body?: unknown, token?: string): Promise<Answer>;
}
interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly headers: Headers;
}

/** @param urls where the engine of each shard says that it is; undefined: it has said nothing */
async function openGateway(t: ExecutionContext, urls: readonly (string | undefined)[]): Promise<Front> {
  const store = {
    readRegionItem: async () => front.region,
    readControlItem: async () => front.control,
    readEngineItem: async (shard: number) => front.engines[shard],
  };
  const gateway = new Gateway({ region: "us-east-1", store, shards: urls.length, projectorUrl: null });
  const api = gatewayApi({ gateway, smokeToken: TOKEN, metrics: async () => "", draining: () => false });
  const listening = await listen(api, {
    host: "127.0.0.1",
    port: 0,
    log: () => {},
    headers: { "x-region": "us-east-1", "x-pod": "gateway-1" },
  });
  const url = `http://127.0.0.1:${(listening.server.address() as AddressInfo).port}`;
  const front: Front = {
    url,
    gateway,
    region: { generation: 0, active: "us-east-1", runId: null },
    control: { region: "us-east-1", traffic: "on", maintenance: "off" },
    engines: urls.map((at, shard) =>
      at === undefined ? at : { shard, epoch: 1, region: "us-east-1", url: at },
    ),
    refresh: () => gateway.refresh(),
    async call(method, path, body, token) {
      const response = await fetch(`${url}${path}`, {
        method,
        ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
        headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      });
      const text = await response.text();
      const json = response.headers.get("content-type") === "application/json";
      return { status: response.status, body: json ? JSON.parse(text) : text, headers: response.headers };
    },
  };
  t.teardown(() => listening.close(0));
  t.teardown(() => gateway.stop());
  await front.refresh();
  return front;
}

test("an order goes to its shard's engine, and the engine's answer to the client", async (t) => {
  const seen: Seen[][] = [[], []];
  const urls = await Promise.all(seen.map((list) => fakeEngine(t, accepting, list)));
  const front = await openGateway(t, urls);
  const { status, body, headers } = await front.call("POST", "/orders", ORDER);
  t.is(status, 201);
  t.deepEqual(body, { status: "accepted", clientOrderId: "GOLD:1", ack, region: "us-east-1" });
  t.is(headers.get("x-region"), "us-east-1");
  t.is(headers.get("x-pod"), "gateway-1");
  const right = shardOf("GOLD", 2);
  t.deepEqual(seen[right], [{ method: "POST", url: "/orders", body: JSON.stringify(ORDER) }]);
  t.deepEqual(seen[1 - right], []);
});

test("cancel and read name the order in the path and the client in the query", async (t) => {
  const seen: Seen[] = [];
  const front = await openGateway(t, [await fakeEngine(t, answering(200, { status: "open" }), seen)]);
  await front.call("DELETE", "/orders/GOLD:1?client=ann");
  await front.call("GET", "/orders/GOLD%3A1?client=ann");
  t.deepEqual(seen, [
    { method: "DELETE", url: "/orders/GOLD%3A1?client=ann", body: "" },
    { method: "GET", url: "/orders/GOLD%3A1?client=ann", body: "" },
  ]);
});

for (const status of [200, 404, 409, 422]) {
  test(`an engine's ${status} passes unchanged`, async (t) => {
    const front = await openGateway(t, [await fakeEngine(t, answering(status, { status: "whatever" }))]);
    t.like(await front.call("POST", "/orders", ORDER), { status, body: { status: "whatever" } });
  });
}

test("malformed requests are refused with every problem, and never reach an engine", async (t) => {
  const seen: Seen[] = [];
  const front = await openGateway(t, [await fakeEngine(t, accepting, seen)]);
  t.like(await front.call("POST", "/orders", "{"), {
    status: 400,
    body: { status: "malformed", reason: "body: must be JSON" },
  });
  t.like(await front.call("POST", "/orders", { ...ORDER, price: -1, side: "x" }), {
    status: 400,
    body: {
      status: "malformed",
      reason:
        'side: must be "buy" or "sell", got "x"; price: must be an integer from 1 to 1000000000, got -1',
    },
  });
  t.is((await front.call("GET", "/orders/GOLD:1")).status, 400);
  t.is((await front.call("GET", "/orders/%zz?client=ann")).status, 400);
  t.is((await front.call("POST", "/orders", "x".repeat(20_000))).status, 413);
  t.is((await front.call("PUT", "/orders", ORDER)).status, 404);
  t.deepEqual(seen, []);
});

/** A port where nobody listens. */
async function closedPort(): Promise<string> {
  const server = createTcpServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}`;
}

test("an engine that cannot be connected to: 503 never appended, with retry-after", async (t) => {
  const front = await openGateway(t, [await closedPort()]);
  const { status, body, headers } = await front.call("POST", "/orders", ORDER);
  t.is(status, 503);
  t.deepEqual(body, { status: "never-appended", reason: "the engine is not reachable" });
  t.is(headers.get("retry-after"), "1");
});

test("an engine that has not said where it is, or only in another region, is not asked: 503 never appended", async (t) => {
  const seen: Seen[] = [];
  const url = await fakeEngine(t, accepting, seen);
  const front = await openGateway(t, [undefined]);
  const declined = { status: 503, body: { status: "never-appended", reason: "the engine is not reachable" } };
  t.like(await front.call("POST", "/orders", ORDER), declined);
  front.engines[0] = { shard: 0, epoch: 1, region: "us-west-2", url };
  await front.refresh();
  t.like(await front.call("POST", "/orders", ORDER), declined);
  t.deepEqual(seen, []);
  front.engines[0] = { shard: 0, epoch: 2, region: "us-east-1", url };
  await front.refresh();
  t.is((await front.call("POST", "/orders", ORDER)).status, 201);
});

test("after a takeover the new engine is asked; what waits for the old one is unknown at once, and good when asked again", async (t) => {
  const [old, next] = [await fakeEngine(t, () => {}), await fakeEngine(t, accepting)];
  const front = await openGateway(t, [old]);
  const began = Date.now();
  const waiting = front.call("POST", "/orders", ORDER);
  await sleep(50);
  front.engines[0] = { shard: 0, epoch: 2, region: "us-east-1", url: next };
  await front.refresh();
  t.like(await waiting, { status: 504, body: { status: "unknown" } });
  t.true(Date.now() - began < 2000, "long before the deadline");
  t.is((await front.call("POST", "/orders", ORDER)).status, 201);
});

test("an older engine that says late where it is gets nothing", async (t) => {
  const seen: Seen[] = [];
  const [old, next] = [await fakeEngine(t, accepting, seen), await fakeEngine(t, accepting)];
  const front = await openGateway(t, [next]);
  front.engines[0] = { shard: 0, epoch: 0, region: "us-east-1", url: old };
  await front.refresh();
  t.is((await front.call("POST", "/orders", ORDER)).status, 201);
  t.deepEqual(seen, []);
});

test("an engine that dies with the request: 504 unknown", async (t) => {
  const front = await openGateway(t, [await fakeEngine(t, (request) => request.socket.destroy())]);
  t.like(await front.call("POST", "/orders", ORDER), { status: 504, body: { status: "unknown" } });
});

test("an engine that dies in the middle of its answer: 504 unknown", async (t) => {
  const half: RequestListener = (request, response) => {
    response.writeHead(201, { "content-length": 100 }).write('{"status":');
    setTimeout(() => request.socket.destroy(), 20);
  };
  const front = await openGateway(t, [await fakeEngine(t, half)]);
  t.like(await front.call("POST", "/orders", ORDER), { status: 504, body: { status: "unknown" } });
});

test("an engine that accepts and never answers: 504 unknown within 5 s", async (t) => {
  const front = await openGateway(t, [await fakeEngine(t, () => {})]);
  const began = Date.now();
  t.like(await front.call("POST", "/orders", ORDER), { status: 504, body: { status: "unknown" } });
  t.true(Date.now() - began < 5000);
});

test("a fenced gateway refuses orders, reads and cancels, for the smoke principal too", async (t) => {
  const seen: Seen[] = [];
  const front = await openGateway(t, [await fakeEngine(t, accepting, seen)]);
  front.region = { generation: 1, active: "us-west-2", runId: "run-1" };
  await front.refresh();
  const declined = {
    status: 503,
    body: { status: "not-active", reason: "us-west-2 is the active region (generation 1)" },
  };
  const smoke = { ...ORDER, instrument: "SMOKE-0", clientOrderId: "SMOKE-0:1" };
  const answer = await front.call("POST", "/orders", ORDER);
  t.like(answer, declined);
  t.is(answer.headers.get("retry-after"), "1");
  t.like(await front.call("GET", "/orders/GOLD:1?client=ann"), declined);
  t.like(await front.call("DELETE", "/orders/GOLD:1?client=ann"), declined);
  t.like(await front.call("POST", "/orders", smoke, TOKEN), declined);
  t.is((await front.call("GET", "/active")).status, 503);
  t.deepEqual(seen, []);
});

test("while traffic is off only the smoke principal is served, on reserved instruments only", async (t) => {
  const front = await openGateway(t, [await fakeEngine(t, accepting)]);
  front.control = { ...front.control, traffic: "off" };
  await front.refresh();
  const smoke = { ...ORDER, instrument: "SMOKE-0", clientOrderId: "SMOKE-0:1" };
  t.is((await front.call("POST", "/orders", smoke, TOKEN)).status, 201);
  t.like(await front.call("POST", "/orders", ORDER, TOKEN), {
    status: 422,
    body: { status: "refused", reason: "the smoke principal may only use reserved instruments" },
  });
  t.is((await front.call("POST", "/orders", smoke, "wrong")).status, 503);
  t.is((await front.call("POST", "/orders", smoke)).status, 503);
  t.is((await front.call("GET", "/active")).status, 503);
});

test("while traffic is on a client may not use reserved instruments", async (t) => {
  const front = await openGateway(t, [await fakeEngine(t, accepting)]);
  const smoke = { ...ORDER, instrument: "SMOKE-0", clientOrderId: "SMOKE-0:1" };
  t.like(await front.call("POST", "/orders", smoke), {
    status: 422,
    body: { status: "refused", reason: "reserved instrument" },
  });
  t.is((await front.call("POST", "/orders", smoke, TOKEN)).status, 201);
});

test("under maintenance orders are declined as such", async (t) => {
  const front = await openGateway(t, [await fakeEngine(t, accepting)]);
  front.control = { ...front.control, maintenance: "on" };
  await front.refresh();
  t.like(await front.call("POST", "/orders", ORDER), { status: 503, body: { status: "maintenance" } });
});

test("ready and alive do not depend on engines or the journal", async (t) => {
  const front = await openGateway(t, [await closedPort()]);
  front.region = { generation: 1, active: "us-west-2", runId: "run-1" };
  await front.refresh();
  t.is((await front.call("GET", "/ready")).status, 200);
  t.is((await front.call("GET", "/healthz")).status, 200);
});

test("status needs the smoke token; an engine that does not answer is in it as unreachable", async (t) => {
  const front = await openGateway(t, [await closedPort()]);
  t.is((await front.call("GET", "/status")).status, 401);
  t.is((await front.call("GET", "/status", undefined, "wrong")).status, 401);
  await front.call("POST", "/orders", ORDER);
  const { status, body } = await front.call("GET", "/status", undefined, TOKEN);
  t.is(status, 200);
  t.like(body as object, {
    region: "us-east-1",
    generation: 0,
    traffic: "on",
    maintenance: "off",
    active: false,
    reason: "engine of shard 0 does not answer",
    projector: null,
    requests: { total: 1, accepted: 0 },
  });
  t.like((body as { shards: object[] }).shards[0] ?? {}, {
    shard: 0,
    ready: false,
    epoch: null,
    phase: "unreachable",
    stateChecksum: null,
  });
});
