import { createServer, type Server } from "node:http";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import test, { type ExecutionContext } from "ava";
import { type EndpointCheck, HealthCheck, isHealthy } from "../../../sandbox/net/health.ts";
import { until } from "../compute/fixture.ts";

const INTERVAL_SECONDS = 0.3;

async function endpoint(t: ExecutionContext, status: () => number) {
  const times: number[] = [];
  const server: Server = createServer((_, response) => {
    times.push(performance.now());
    response.writeHead(status()).end();
  });
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
  return { check, times };
}

function watch(t: ExecutionContext, check: EndpointCheck, propagationMilliseconds = 0): HealthCheck {
  const health = new HealthCheck(check, propagationMilliseconds);
  t.teardown(() => health.close());
  return health;
}

test("healthy is what more than 18 % of the checkers call so", (t) => {
  const of16 = (healthy: number) => Array.from({ length: 16 }, (_, checker) => checker < healthy);
  t.true(isHealthy(of16(3)));
  t.false(isHealthy(of16(2)));
});

test("turns unhealthy only after most checkers failed as often as the threshold says", async (t) => {
  const { check, times } = await endpoint(t, () => 503);
  const health = watch(t, check);
  await until("unhealthy", () => !health.healthy);
  t.true(times.length >= 28, "fourteen checkers, two failures each");
});

test("checkers are out of step from the first", async (t) => {
  const { check, times } = await endpoint(t, () => 200);
  watch(t, { ...check, intervalSeconds: 1 });
  await until("sixteen requests", () => times.length >= 16);
  const began = times[0] ?? 0;
  const half = times.slice(0, 16).filter((at) => at - began < 500).length;
  t.true(half >= 4 && half <= 10, `${half} of 16 in half of the interval`);
});

test("comes back when enough checkers passed as often as the threshold says", async (t) => {
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
  const { check, times } = await endpoint(t, () => 503);
  const health = watch(t, check, 500);
  await until("the fourteenth checker's second failure", () => times.length >= 30);
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
