import { once } from "node:events";
import { Agent } from "node:http";
import { type AddressInfo, createServer } from "node:net";
import test from "ava";
import { classify } from "../../../sandbox/clients/classify.ts";
import { exchange, type Question } from "../../../sandbox/clients/exchange.ts";
import { wallClock } from "../../../sandbox/clients/schedule.ts";
import { ACK, accepting, type Side, side } from "./world.ts";

const TIMEOUTS = { connectMilliseconds: 150, answerMilliseconds: 150 };
const place = (address: string): Question => ({
  address,
  name: "exchange.example.com",
  method: "POST",
  path: "/orders",
  body: { clientOrderId: "A:1" },
});
const ask = async (address: string, agent: Agent | false = false) => {
  const reply = await exchange(place(address), TIMEOUTS, agent, wallClock);
  return { reply, conclusion: classify("place", reply) };
};
const addressOf = ({ host, port }: Side): string => `${host}:${port}`;

const answering = (status: number, body: unknown) =>
  side("127.0.0.1", 0, (_request, response) => response.writeHead(status).end(JSON.stringify(body)));

test("201 with an acknowledgement is accepted, with the region and pod that answered", async (t) => {
  const server = await side("127.0.0.1", 0, accepting("us-east-1"));
  t.teardown(server.close);
  const { reply, conclusion } = await ask(addressOf(server));
  t.deepEqual(conclusion, { outcome: "accepted", ack: ACK });
  t.is(reply.region, "us-east-1");
  t.is(reply.pod, "us-east-1-pod");
  t.true(reply.answered >= reply.sent);
});

for (const [status, outcome] of [
  [503, "never-appended"],
  [504, "unknown"],
  [502, "unknown"],
  [400, "refused"],
  [404, "refused"],
  [409, "refused"],
  [422, "refused"],
] as const) {
  test(`${status} to a place is ${outcome}`, async (t) => {
    const server = await answering(status, { status: "whatever" });
    t.teardown(server.close);
    t.is((await ask(addressOf(server))).conclusion.outcome, outcome);
  });
}

test("201 without an acknowledgement proves nothing: unknown, and says what came", async (t) => {
  const server = await answering(201, { status: "accepted" });
  t.teardown(server.close);
  const { conclusion } = await ask(addressOf(server));
  t.is(conclusion.outcome, "unknown");
  t.is(conclusion.error, 'status 201 without a readable acknowledgement: {"status":"accepted"}');
});

test("a refused connection is unsent: nobody can have read the request", async (t) => {
  const server = await answering(200, {});
  server.close();
  const { conclusion } = await ask(addressOf(server));
  t.is(conclusion.outcome, "unsent");
  t.regex(conclusion.error ?? "", /ECONNREFUSED/);
});

test("accepted and never answered is unknown after the answer timeout", async (t) => {
  const server = await side("127.0.0.1", 0, () => {});
  t.teardown(server.close);
  const { reply, conclusion } = await ask(addressOf(server));
  t.deepEqual(conclusion, { outcome: "unknown", ack: null, error: "no answer within 150 ms" });
  t.true(reply.answered - reply.sent >= 149);
});

test("a connection reset after the request left is unknown", async (t) => {
  const server = createServer((socket) => socket.once("data", () => socket.resetAndDestroy()));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.teardown(() => server.close());
  const { conclusion } = await ask(`127.0.0.1:${(server.address() as AddressInfo).port}`);
  t.is(conclusion.outcome, "unknown");
});

test("an answer cut in the middle is unknown", async (t) => {
  const server = await side("127.0.0.1", 0, (_request, response) => {
    response.writeHead(201, { "content-length": 1_000 });
    response.write('{"ack":');
    setTimeout(() => response.destroy(), 10);
  });
  t.teardown(server.close);
  t.is((await ask(addressOf(server))).conclusion.outcome, "unknown");
});

test("connections are kept with an agent, and new each time without", async (t) => {
  const server = await side("127.0.0.1", 0, accepting("us-east-1"));
  t.teardown(server.close);
  const agent = new Agent({ keepAlive: true });
  t.teardown(() => agent.destroy());
  for (let index = 0; index < 3; index++) await ask(addressOf(server), agent);
  t.is(server.connections, 1);
  for (let index = 0; index < 3; index++) await ask(addressOf(server));
  t.is(server.connections, 4);
});

test("a read tells the state of the order, and 404 that it is absent", async (t) => {
  const reply = { sent: 0, answered: 0, connected: true, status: 200, region: null, pod: null };
  const body = { status: "filled", remaining: 0, ack: ACK };
  t.deepEqual(classify("read", { ...reply, body }), {
    outcome: "read",
    ack: ACK,
    state: { status: "filled", remaining: 0 },
  });
  t.is(classify("read", { ...reply, status: 404, body: undefined }).outcome, "absent");
});
