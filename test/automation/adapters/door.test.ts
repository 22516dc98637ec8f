import test from "ava";
import { Door } from "../../../automation/adapters/door.ts";
import { serve } from "./server.ts";

test("a write is tried at every address of the name and of the load balancer; it carries no token and can be no order", async (t) => {
  const { port, asked } = await serve(t, () => ({
    status: 503,
    headers: { "retry-after": "5" },
    body: { status: "maintenance", reason: "halted" },
  }));
  const door = new Door({
    ...{ name: "exchange.example.com", port, region: "us-east-1", smokeToken: async () => "secret" },
    elasticIps: ["127.0.0.1", "127.0.0.2"],
    names: {
      resolve: async () => [
        { resolver: "a", addresses: ["127.0.0.1"] },
        { resolver: "b", addresses: [], error: "queryA ETIMEOUT" },
      ],
    },
  });
  const [byName, unresolved, direct] = await door.knock();
  const shut = { status: 503, said: "maintenance", retryAfter: "5" };
  t.deepEqual(byName, { resolver: "a", address: "127.0.0.1", ...shut });
  t.deepEqual(unresolved, {
    ...{ resolver: "b", address: null, status: null, said: null, retryAfter: null },
    reason: "queryA ETIMEOUT",
  });
  // Nobody listens at the other address of this machine.
  t.like(direct, { resolver: null, address: "127.0.0.2", status: null });
  t.is(asked.length, 1);
  t.like(asked[0], { method: "POST", url: "/orders" });
  t.is(asked[0]?.headers["authorization"], undefined);
  t.like(JSON.parse(asked[0]?.body ?? ""), { instrument: "SMOKE-0" });
});

test("an answer that says nothing readable is none of a closed door", async (t) => {
  const { port } = await serve(t, () => ({ status: 503, body: "busy" }));
  const door = new Door({
    ...{ name: "n", port, region: "us-east-1", elasticIps: [], smokeToken: async () => "secret" },
    names: { resolve: async () => [{ resolver: "a", addresses: ["127.0.0.1"] }] },
  });
  t.deepEqual(await door.knock(), [
    { resolver: "a", address: "127.0.0.1", status: 503, said: null, retryAfter: null },
  ]);
});

test("without any address there is nobody to trade with", async (t) => {
  const door = new Door({
    ...{ name: "exchange.example.com", port: 1, region: "us-east-1", elasticIps: [] },
    ...{ smokeToken: async () => "secret", names: { resolve: async () => [] } },
  });
  await t.throwsAsync(door.smoke(0, "run-1"), {
    message: "no resolver gives an address of exchange.example.com",
  });
});
