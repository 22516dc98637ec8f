import test from "ava";
import { CachingResolver, lookupAt } from "../../../sandbox/clients/resolver.ts";
import { FakeClock, nameServer } from "./world.ts";

const NAME = "exchange.example.com";

test("an answer is kept for exactly its TTL, then the server is asked again", async (t) => {
  const server = await nameServer(NAME, ["127.0.0.2"], 15);
  t.teardown(server.close);
  const clock = new FakeClock();
  const resolver = new CachingResolver(NAME, lookupAt(server.address), clock);

  t.deepEqual(await resolver.resolve(), { addresses: ["127.0.0.2"], ttlSeconds: 15 });
  server.addresses = ["127.0.0.4", "127.0.0.3"];
  clock.stall(14_999);
  t.deepEqual((await resolver.resolve()).addresses, ["127.0.0.2"]);
  t.is(server.questions, 1);
  clock.stall(1);
  t.deepEqual((await resolver.resolve()).addresses, ["127.0.0.3", "127.0.0.4"]);
  t.is(server.questions, 2);
});

test("the first answer lives only the given share of its TTL, later ones all of it", async (t) => {
  const server = await nameServer(NAME, ["127.0.0.2"], 10);
  t.teardown(server.close);
  const clock = new FakeClock();
  const resolver = new CachingResolver(NAME, lookupAt(server.address), clock, 0.2);
  await resolver.resolve();
  clock.stall(2_000);
  await resolver.resolve();
  t.is(server.questions, 2);
  clock.stall(9_999);
  await resolver.resolve();
  t.is(server.questions, 2);
});

test("the lookup itself caches nothing, whatever the TTL", async (t) => {
  const server = await nameServer(NAME, ["127.0.0.2"], 3_600);
  t.teardown(server.close);
  const lookup = lookupAt(server.address);
  await lookup(NAME);
  server.addresses = ["127.0.0.3"];
  t.deepEqual((await lookup(NAME)).addresses, ["127.0.0.3"]);
  t.is(server.questions, 2);
});

test("requests that need the answer at the same time ask once", async (t) => {
  const server = await nameServer(NAME, ["127.0.0.2"], 15);
  t.teardown(server.close);
  const resolver = new CachingResolver(NAME, lookupAt(server.address), new FakeClock());
  await Promise.all([resolver.resolve(), resolver.resolve(), resolver.resolve()]);
  t.is(server.questions, 1);
});

test("an expired answer is not used when the server has none", async (t) => {
  const server = await nameServer(NAME, ["127.0.0.2"], 1);
  t.teardown(server.close);
  const clock = new FakeClock();
  const resolver = new CachingResolver(NAME, lookupAt(server.address), clock);
  await resolver.resolve();
  server.addresses = [];
  clock.stall(1_000);
  await t.throwsAsync(resolver.resolve(), { code: "ENODATA" });
});
