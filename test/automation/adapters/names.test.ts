import { createSocket } from "node:dgram";
import test, { type ExecutionContext } from "ava";
import dnsPacket from "dns-packet";
import { PublicName } from "../../../automation/adapters/names.ts";
import { serve } from "./server.ts";

/** A resolver that answers with what `addresses` says at that moment; undefined: never answers. */
async function resolver(
  t: ExecutionContext,
  addresses: () => readonly string[] | undefined,
): Promise<string> {
  const socket = createSocket("udp4");
  socket.on("message", (message, from) => {
    const { id, questions = [] } = dnsPacket.decode(message);
    const data = addresses();
    if (data === undefined) return;
    const [question] = questions;
    const answers = data.map((address) => ({
      type: "A" as const,
      name: question?.name ?? "",
      ttl: 3_600,
      data: address,
    }));
    socket.send(
      dnsPacket.encode({ type: "response", id: id ?? 0, flags: 0x8180, questions, answers }),
      from.port,
      from.address,
    );
  });
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  t.teardown(() => new Promise<void>((resolve) => socket.close(() => resolve())));
  return `127.0.0.1:${socket.address().port}`;
}

test("every look asks anew, whatever the TTL, and follows the answer to the region that serves there", async (t) => {
  const old = await serve(t, () => ({ headers: { "x-region": "us-east-1" } }), "127.0.0.2");
  const server = await serve(t, () => ({ headers: { "x-region": "us-west-2" } }), "127.0.0.1");
  let addresses = ["127.0.0.1"];
  const name = new PublicName("exchange.example.com", server.port, [await resolver(t, () => addresses)]);
  const [first] = await name.look();
  t.deepEqual([first?.addresses, first?.region], [["127.0.0.1"], "us-west-2"]);
  t.is(server.asked[0]?.headers["host"], "exchange.example.com");
  addresses = ["127.0.0.2"];
  const [second] = await new PublicName("exchange.example.com", old.port, [
    await resolver(t, () => addresses),
  ]).look();
  t.is(second?.region, "us-east-1");
  const [third] = await name.look();
  t.deepEqual(third?.addresses, ["127.0.0.2"]);
});

test("an address that serves nobody, or says that it is not active, leads to nobody", async (t) => {
  const inactive = await serve(t, () => ({ status: 503, headers: { "x-region": "us-west-2" } }));
  const at = await resolver(t, () => ["127.0.0.1"]);
  t.is((await new PublicName("exchange.example.com", inactive.port, [at]).look())[0]?.region, null);
  t.is((await new PublicName("exchange.example.com", 9, [at]).look())[0]?.region, null);
});

test("every address that was given is asked, each by itself", async (t) => {
  const server = await serve(t, () => ({ headers: { "x-region": "us-west-2" } }), "127.0.0.1");
  const at = await resolver(t, () => ["127.0.0.1", "127.0.0.9"]);
  const name = new PublicName("exchange.example.com", server.port, [at]);
  const given = (await name.given()).toSorted();
  t.deepEqual(given, ["127.0.0.1", "127.0.0.9"]);
  t.deepEqual(
    (await name.reach(given)).map(({ address, region }) => [address, region]),
    [
      ["127.0.0.1", "us-west-2"],
      ["127.0.0.9", null],
    ],
  );
  const dead = new PublicName("exchange.example.com", server.port, [await resolver(t, () => undefined)]);
  await t.throwsAsync(dead.given(), { message: /ETIMEOUT/ });
});

test("a resolver that does not answer is told apart from a name that leads nowhere", async (t) => {
  const dead = await resolver(t, () => undefined);
  const [answer] = await new PublicName("exchange.example.com", 9, [dead]).look();
  t.like(answer, { resolver: dead, addresses: [], region: null });
  t.regex(answer?.error ?? "", /ETIMEOUT/);
});

test("records are what a resolver says, with its TTL; one that is silent is an error", async (t) => {
  const at = await resolver(t, () => ["192.0.2.1", "192.0.2.2"]);
  t.deepEqual(await new PublicName("exchange.example.com", 9, [at]).records(), [
    { resolver: at, addresses: ["192.0.2.1", "192.0.2.2"], ttlSeconds: 3_600 },
  ]);
  const dead = await resolver(t, () => undefined);
  await t.throwsAsync(new PublicName("exchange.example.com", 9, [at, dead]).records(), {
    message: /ETIMEOUT/,
  });
});

test("name servers are those of the nearest zone above the name; none where nothing is delegated", async (t) => {
  const zoneOf = async (zone: string | undefined) => {
    const socket = createSocket("udp4");
    socket.on("message", (message, from) => {
      const { id, questions = [] } = dnsPacket.decode(message);
      const asked = questions[0]?.name ?? "";
      const answers = asked === zone ? [{ type: "NS", name: asked, ttl: 60, data: `ns-1.${asked}` }] : [];
      const reply = { type: "response" as const, id: id ?? 0, flags: 0x8180, questions, answers };
      socket.send(dnsPacket.encode(reply), from.port, from.address);
    });
    await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
    t.teardown(() => new Promise<void>((resolve) => socket.close(() => resolve())));
    return new PublicName("a.exchange.example.com", 9, [`127.0.0.1:${socket.address().port}`]).nameServers();
  };
  t.deepEqual(await zoneOf("exchange.example.com"), ["ns-1.exchange.example.com"]);
  t.deepEqual(await zoneOf("example.com"), ["ns-1.example.com"]);
  t.deepEqual(await zoneOf(undefined), []);
});
