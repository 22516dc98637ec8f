import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import test, { type ExecutionContext } from "ava";
import { type ClientEvent, readClientLog } from "../../../automation/drill/client-log.ts";
import { Fleet } from "../../../sandbox/clients/fleet.ts";
import type { FleetOptions } from "../../../sandbox/clients/options.ts";
import { startFleet } from "../../../sandbox/clients/start.ts";
import { Processes } from "../../../sandbox/processes.ts";
import { accepting, nameServer, side } from "./world.ts";

const NAME = "exchange.example.com";

/** Two sides on one port, the name pointing at the first. */
async function world(t: ExecutionContext, ttlSeconds: number) {
  const directory = await mkdtemp(path.join(tmpdir(), "clients-"));
  const old = await side("127.0.0.2", 0, accepting("us-east-1"));
  const next = await side("127.0.0.3", old.port, accepting("us-west-2"));
  const names = await nameServer(NAME, [old.host], ttlSeconds);
  t.teardown(async () => {
    for (const part of [old, next, names]) part.close();
    await rm(directory, { recursive: true });
  });
  const options: FleetOptions = {
    dnsServer: names.address,
    publicName: NAME,
    port: old.port,
    rate: 80,
    clients: 20,
    seed: 5,
    instruments: ["AAA", "BBB", "CCC"],
    logFile: path.join(directory, "clients.ndjson"),
    pinnedTo: [],
    pinnedShare: 0.1,
    persistentShare: 0.1,
    timeouts: { connectMilliseconds: 5_000, answerMilliseconds: 5_000 },
  };
  return { old, next, names, options, directory };
}

async function start(
  t: ExecutionContext,
  options: FleetOptions,
  heard: (event: ClientEvent) => void = () => {},
): Promise<Fleet> {
  const fleet = await Fleet.start(options, heard);
  t.teardown(() => fleet.stop());
  return fleet;
}

/** Bounded, and patient enough for a busy machine. */
async function until(isSo: () => boolean): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!isSo() && Date.now() < deadline) await sleep(10);
}

test.serial("clients that honour the TTL move when it ends, pinned ones stay for ever", async (t) => {
  const { old, next, names, options } = await world(t, 1);
  const fleet = await start(t, options);
  await sleep(500);
  names.addresses = [next.host];
  await sleep(1_500);
  const moved = Date.now();
  await sleep(1_000);
  await fleet.stop();

  const { clients, attempts } = await readClientLog(options.logFile);
  const pinned = clients.filter((client) => client.pinned).map(({ client }) => client);
  t.is(pinned.length, 2);
  const late = attempts.filter(({ sent }) => sent > moved);
  const addresses = (those: typeof late) => [...new Set(those.map(({ address }) => address))];
  t.deepEqual(addresses(late.filter(({ client }) => pinned.includes(client))), [`${old.host}:${old.port}`]);
  t.deepEqual(addresses(late.filter(({ client }) => !pinned.includes(client))), [
    `${next.host}:${next.port}`,
  ]);
});

test.serial("pinned clients may know an address from the start, and go past the name", async (t) => {
  const { old, next, options } = await world(t, 15);
  const fleet = await start(t, { ...options, pinnedTo: [next.host] });
  await until(() => next.requests > 5 && old.requests > 50);
  await fleet.stop();

  const { clients, attempts } = await readClientLog(options.logFile);
  const pinned = new Set(clients.filter((client) => client.pinned).map(({ client }) => client));
  const past = attempts.filter(({ address }) => address === `${next.host}:${next.port}`);
  t.true(past.every(({ client }) => pinned.has(client)));
  t.is(past.length, attempts.filter(({ client }) => pinned.has(client)).length);
});

test.serial("every operation is logged with its times, address, answer and acknowledgement", async (t) => {
  const { old, options } = await world(t, 15);
  const events: ClientEvent[] = [];
  const fleet = await start(t, options, (event) => events.push(event));
  await until(() => old.requests > 150 && events.some(({ type }) => type === "second"));
  await fleet.stop();

  const { attempts } = await readClientLog(options.logFile);
  t.is(attempts.length, old.requests);
  t.deepEqual([...new Set(attempts.map(({ kind }) => kind))].sort(), ["cancel", "place", "read"]);
  for (const attempt of attempts) {
    t.true(attempt.intended <= attempt.sent && attempt.sent <= attempt.answered);
    t.is(attempt.region, "us-east-1");
    t.is(attempt.ack?.hash, "00");
    if (attempt.order) t.true(attempt.clientOrderId.startsWith(`${attempt.order.instrument}:`));
  }
  const placed = attempts.filter(({ kind }) => kind === "place").map(({ clientOrderId }) => clientOrderId);
  t.is(new Set(placed).size, placed.length);
  const seconds = events.filter((event) => event.type === "second");
  t.true(seconds.length > 0);
  t.true(seconds.every(({ sent, ok, failed }) => sent === ok && failed === 0));
});

test.serial("fresh clients each use a connection of their own and report every write", async (t) => {
  const { old, options } = await world(t, 15);
  old.answering = (_request, response) => response.writeHead(503).end("{}");
  const events: ClientEvent[] = [];
  const fresh = () => events.filter((event) => event.type === "fresh");
  const fleet = await start(t, { ...options, rate: 0.001 }, (event) => events.push(event));
  await until(() => fresh().length >= 3);
  old.answering = accepting("us-east-1");
  await until(() => fresh().some(({ ok }) => ok));
  await fleet.stop();

  t.is(old.connections, fresh().length);
  const first = fresh().findIndex(({ ok }) => ok);
  t.true(first >= 3);
  t.true(
    fresh()
      .slice(first)
      .every(({ ok, region }) => ok && region === "us-east-1"),
  );
  t.deepEqual(
    events.filter((event) => event.type === "name").map(({ addresses }) => addresses),
    [["127.0.0.2"]],
  );
});

test.serial("a write without an answer is asked again under the same id until it is settled", async (t) => {
  const { old, options } = await world(t, 15);
  old.answering = () => {};
  const timeouts = { connectMilliseconds: 5_000, answerMilliseconds: 300 };
  const fleet = await start(t, { ...options, timeouts });
  await until(() => old.requests > 50);
  await sleep(400);
  old.answering = accepting("us-east-1");
  await sleep(3_000);
  await fleet.stop();

  const { attempts } = await readClientLog(options.logFile);
  const unanswered = attempts.filter(({ outcome, kind }) => outcome === "unknown" && kind !== "read");
  t.true(unanswered.length > 10);
  for (const first of unanswered) {
    const same = attempts.filter(
      ({ client, operation }) => client === first.client && operation === first.operation,
    );
    t.is(same.at(-1)?.outcome, "accepted", `${first.client} operation ${first.operation}`);
    t.is(new Set(same.map(({ clientOrderId }) => clientOrderId)).size, 1);
    t.deepEqual(
      same.map(({ attempt }) => attempt),
      same.map((_, index) => index + 1),
    );
  }
});

test.serial(
  "one address of an answer is used and no other, except by the share that tries them all",
  async (t) => {
    const { old, next, names, options } = await world(t, 15);
    names.addresses = [old.host, next.host];
    next.close(); // refuses connections: one of two addresses is dead
    const fleet = await start(t, { ...options, pinnedShare: 0, persistentShare: 0.5 });
    await until(() => old.requests > 100);
    await fleet.stop();

    const { clients, attempts } = await readClientLog(options.logFile);
    const results = clients.map(({ client, persistent }) => {
      const own = attempts.filter((attempt) => attempt.client === client);
      return {
        persistent,
        addresses: new Set(own.map(({ address }) => address)).size,
        last: own.at(-1)?.outcome,
      };
    });
    const single = results.filter(({ persistent }) => !persistent);
    t.true(single.every(({ addresses }) => addresses <= 1));
    t.true(single.some(({ last }) => last === "unsent"));
    const persistent = results.filter(({ persistent }) => persistent);
    t.is(persistent.length, 10);
    t.true(persistent.every(({ last }) => last === undefined || last !== "unsent"));
    t.true(persistent.some(({ addresses }) => addresses === 2));
  },
);

test.serial(
  "in a process of its own it reports events, and leaves a complete log when it is stopped",
  async (t) => {
    const { old, options, directory } = await world(t, 15);
    const processes = new Processes(path.join(directory, "ledger"));
    t.teardown(() => processes.close());
    const events: ClientEvent[] = [];
    const load = await startFleet(processes, options, (event) => events.push(event));
    for (let waited = 0; waited < 100 && !events.some(({ type }) => type === "second"); waited++)
      await sleep(50);
    await load.stop();
    t.true(events.some((event) => event.type === "second" && event.ok > 0));
    t.is((await readClientLog(options.logFile)).attempts.length, old.requests);
  },
);
