import test from "ava";
import { Gateway } from "../../../automation/adapters/gateway.ts";
import { NoAnswerError } from "../../../automation/adapters/http.ts";
import { PROBE_MILLISECONDS, Probes } from "../../../automation/adapters/probes.ts";
import { type Asked, serve } from "./server.ts";

const token = async () => "s3cret";
const ack = { shard: 1, epoch: 3, seq: 7, hash: "h" };
const listener = (port: number, addresses = ["127.0.0.1"]) => ({
  addresses,
  port,
  serverName: "us-west-2.exchange.example.com",
});

test("the smoke order is placed and cancelled on the shard's reserved instrument, as the smoke principal", async (t) => {
  const server = await serve(t, () => ({
    status: 201,
    body: { status: "accepted", ack, region: "us-west-2" },
  }));
  const gateway = new Gateway("us-west-2", listener(server.port), token);
  t.deepEqual(await gateway.smoke(1, "run-1"), { placed: ack, cancelled: ack });
  const [place, cancel] = server.asked as [Asked, Asked];
  t.deepEqual(JSON.parse(place.body), {
    client: "dr-smoke",
    clientOrderId: "SMOKE-1:run-1",
    instrument: "SMOKE-1",
    side: "buy",
    price: 1,
    quantity: 1,
  });
  t.is(cancel.method, "DELETE");
  t.is(cancel.url, "/orders/SMOKE-1%3Arun-1?client=dr-smoke");
  for (const { headers } of [place, cancel]) {
    t.is(headers["authorization"], "Bearer s3cret");
    t.is(headers["host"], "us-west-2.exchange.example.com");
  }
});

test("an order that another region answered is no smoke test passed", async (t) => {
  const server = await serve(t, () => ({ status: 201, body: { ack, region: "us-east-1" } }));
  await t.throwsAsync(new Gateway("us-west-2", listener(server.port), token).smoke(1, "run-1"), {
    message: "POST /orders: answered by us-east-1, not us-west-2",
  });
});

test("a dead zone's address costs one try; the next question begins with the address that answered", async (t) => {
  const server = await serve(t, () => ({ status: 503, body: { status: "starting" } }), "127.0.0.2");
  const gateway = new Gateway("us-west-2", listener(server.port, ["127.0.0.3", "127.0.0.2"]), token);
  await t.throwsAsync(gateway.status(), { message: 'GET /status: 503 {"status":"starting"}' });
  await t.throwsAsync(gateway.status());
  t.is(server.asked.length, 2);
});

test("an address that accepts and never answers is overtaken by the next one", async (t) => {
  const silent = await serve(t, () => undefined, "127.0.0.4");
  const answering = await serve(t, () => ({ status: 503, body: "starting" }), "127.0.0.5", silent.port);
  const gateway = new Gateway("us-west-2", listener(silent.port, ["127.0.0.4", "127.0.0.5"]), token);
  await t.throwsAsync(gateway.status(), { message: "GET /status: 503 starting" });
  t.is(silent.asked.length, 1);
  t.is(answering.asked.length, 1);
});

test("a connection that a load balancer lost is overtaken by another one to the same address", async (t) => {
  let connections = 0;
  const server = await serve(t, () => (++connections < 3 ? undefined : { status: 503, body: "starting" }));
  const started = performance.now();
  await t.throwsAsync(new Gateway("us-west-2", listener(server.port), token).status(), {
    message: "GET /status: 503 starting",
  });
  t.true(performance.now() - started < 1_500);
  t.is(server.asked.length, 3);
});

test("no address answers: said once for all of them", async (t) => {
  const gateway = new Gateway("us-west-2", listener(9, ["127.0.0.1", "127.0.0.2"]), token);
  await t.throwsAsync(gateway.status(), {
    instanceOf: NoAnswerError,
    message: "GET /status at 2 addresses of us-west-2: ECONNREFUSED",
  });
});

test("probes of a region that accepts and never answers end in 3 s, all together", async (t) => {
  const server = await serve(t, () => undefined);
  const started = performance.now();
  const probes = await new Probes(
    "us-east-1",
    listener(server.port, ["127.0.0.1", "127.0.0.1"]),
    token,
  ).addresses();
  t.true(performance.now() - started < PROBE_MILLISECONDS + 1_500);
  t.deepEqual(
    probes.map(({ answered }) => answered),
    [false, false],
  );
});

test("any answer is an answer: a region that says 503 is there", async (t) => {
  const server = await serve(t, () => ({ status: 503 }));
  t.deepEqual(await new Probes("us-east-1", listener(server.port), token).addresses(), [
    { name: "127.0.0.1 (us-east-1)", answered: true, detail: "HTTP 503" },
  ]);
});

test("what the old side accepted is its gateways' count, and unknown when it does not say", async (t) => {
  const server = await serve(t, () => ({ body: { requests: { total: 9, accepted: 4 } } }));
  const count = (port: number) => new Probes("us-east-1", listener(port), token).acceptedByOldSide();
  t.is(await count(server.port), 4);
  const closed = await serve(t, () => ({ status: 401 }));
  t.is(await count(closed.port), undefined);
});
