import { createServer, type Server } from "node:http";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import test, { type ExecutionContext } from "ava";
import { type EndpointCheck, HealthCheck } from "../../../sandbox/net/health.ts";
import { until } from "../compute/fixture.ts";

const INTERVAL_SECONDS = 0.3;

/** Answers what `status` says, differently per checker: they come in turn. */
async function endpoint(t: ExecutionContext, status: (request: number) => number) {
  let requests = 0;
  const server: Server = createServer((_, response) => response.writeHead(status(requests++)).end());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.teardown(() => server.close());
  const check: EndpointCheck = {
    protocol: "HTTP",
    host: "127.0.0.1",
    port: (server.address() as AddressInfo).port,
    path: "/active",
    hostHeader: "exchange.example.com",
    intervalSeconds: INTERVAL_SECONDS,
    failureThreshold: 2,
    inverted: false,
  };
  return { check, requests: () => requests };
}

function watch(t: ExecutionContext, check: EndpointCheck, propagationMilliseconds = 0): HealthCheck {
  const health = new HealthCheck(check, propagationMilliseconds);
  t.teardown(() => health.close());
  return health;
}

test("turns unhealthy only after every checker failed as often as the threshold says", async (t) => {
  const { check, requests } = await endpoint(t, () => 503);
  const health = watch(t, check);
  await until("unhealthy", () => !health.healthy);
  t.true(requests() >= 6, "three checkers, two failures each");
});

test("one checker of three that is answered keeps it healthy: more than 18 % of them", async (t) => {
  const { check, requests } = await endpoint(t, (request) => (request % 3 === 0 ? 200 : 503));
  const health = watch(t, check);
  await until("four rounds", () => requests() >= 12);
  t.true(health.healthy);
});

test("comes back when one checker passed as often as the threshold says", async (t) => {
  let status = 503;
  const { check } = await endpoint(t, () => status);
  const health = watch(t, check);
  await until("unhealthy", () => !health.healthy);
  status = 204;
  await until("healthy", () => health.healthy);
  t.pass();
});

test("an inverted check is unhealthy until its endpoint fails", async (t) => {
  const { check } = await endpoint(t, () => 500);
  const health = watch(t, { ...check, inverted: true });
  t.false(health.healthy);
  await until("healthy", () => health.healthy);
  t.pass();
});

test("name servers learn of a change only after the propagation", async (t) => {
  const { check, requests } = await endpoint(t, () => 503);
  const health = watch(t, check, 500);
  await until("the sixth failure", () => requests() >= 6);
  await sleep(200);
  t.true(health.healthy);
  await until("unhealthy", () => !health.healthy);
});

test("an endpoint that accepts and never answers fails, two seconds after the connection", async (t) => {
  const server = createTcpServer(() => undefined);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.teardown(() => server.close());
  const { check } = await endpoint(t, () => 200);
  const { port } = server.address() as AddressInfo;
  const began = performance.now();
  const http = watch(t, { ...check, port, failureThreshold: 1 });
  const tcp = watch(t, { ...check, port, failureThreshold: 1, protocol: "TCP" });
  await until("unhealthy", () => !http.healthy);
  const took = performance.now() - began;
  t.true(took >= 2_000 && took < 4_000, `${took} ms`);
  t.true(tcp.healthy, "a connection is all that a TCP check wants");
});
