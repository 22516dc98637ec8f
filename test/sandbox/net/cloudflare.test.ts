import { Resolver } from "node:dns/promises";
import { Agent, createServer, get } from "node:http";
import { createServer as createTcpServer } from "node:net";
import test, { type ExecutionContext } from "ava";
import { hostPort } from "../../../sandbox/addresses.ts";
import type { Properties } from "../../../sandbox/cloud/behaviour.ts";
import { createNetwork } from "../../../sandbox/net/network.ts";
import { isHealthy } from "../../../sandbox/net/pool.ts";
import { startWorld, until } from "../compute/fixture.ts";

const ZONE = "0123456789abcdef0123456789abcdef";
const PUBLIC = "exchange.example.com";
const PORT = 8443;
const TYPE = {
  record: "cloudflare:index/dnsRecord:DnsRecord",
  monitor: "cloudflare:index/loadBalancerMonitor:LoadBalancerMonitor",
  pool: "cloudflare:index/loadBalancerPool:LoadBalancerPool",
  balancer: "cloudflare:index/loadBalancer:LoadBalancer",
} as const;

/** One origin per region, named as the program names them, behind a balancer in failover order. */
async function startEdge(t: ExecutionContext) {
  const world = await startWorld(t);
  const { faults, addresses, compute } = world;
  const network = await createNetwork({ faults, addresses, compute, zones: { [ZONE]: "example.com" } });
  t.teardown(() => network.close());
  let created = 0;
  const create = async (type: string, inputs: Properties): Promise<string> => {
    const at = { region: "global", type, urn: `urn:${type}::${created++}` } as const;
    return String((await network.behaviours[type]?.create?.(inputs, at))?.id);
  };
  const origins = {
    east: { host: addresses.elasticIp("us-east-1", 0), active: 200, seen: [] as string[] },
    west: { host: addresses.elasticIp("us-west-2", 0), active: 503, seen: [] as string[] },
  };
  const monitor = await create(TYPE.monitor, {
    type: "https",
    path: "/active",
    port: PORT,
    header: { Host: [PUBLIC] },
    expectedCodes: "200",
    interval: 0.2,
    timeout: 1,
    retries: 0,
    consecutiveUp: 1,
    consecutiveDown: 2,
  });
  const pools: string[] = [];
  for (const [region, origin] of Object.entries(origins)) {
    const server = createServer((request, response) => {
      origin.seen.push(`${request.method} ${request.headers.host}${request.url}`);
      const status = request.url === "/active" ? origin.active : 200;
      request.resume().on("end", () => response.writeHead(status, { "x-region": region }).end(region));
    });
    await new Promise<void>((resolve) => server.listen(PORT, origin.host, resolve));
    t.teardown(() => {
      server.close();
      server.closeAllConnections();
    });
    const address = `origin-0.${region}.${PUBLIC}`;
    await create(TYPE.record, {
      zoneId: ZONE,
      name: address,
      type: "A",
      content: origin.host,
      ttl: 60,
      proxied: false,
    });
    const origins_ = [
      { name: region, address, port: PORT, enabled: true, weight: 1, header: { hosts: [PUBLIC] } },
    ];
    pools.push(await create(TYPE.pool, { name: region, monitor, minimumOrigins: 1, origins: origins_ }));
  }
  const balancer = { zoneId: ZONE, name: PUBLIC, proxied: true, steeringPolicy: "off", defaultPools: pools };
  await create(TYPE.balancer, { ...balancer, fallbackPool: pools[0] ?? "" });
  const resolver = new Resolver({ timeout: 2_000, tries: 1 });
  resolver.setServers([hostPort(addresses.dns)]);
  const edge = addresses.cloudflareEdge(PORT);
  const ask = (agent: Agent | false = false, host = PUBLIC) =>
    new Promise<string>((resolve) => {
      const headers = { host: `${host}:${PORT}` };
      get({ ...edge, path: "/orders", agent, headers, signal: AbortSignal.timeout(3_000) }, (response) => {
        response
          .resume()
          .on("end", () => resolve(String(response.headers["x-region"] ?? response.statusCode)));
      }).on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.name));
    });
  const healthy = (east: boolean, west: boolean) =>
    until(`health ${east} ${west}`, () => {
      const health = network.cloudflare.health();
      return health["east"] === east && health["west"] === west;
    });
  return { world, network, origins, pools, create, resolver, edge, ask, healthy };
}

test("an origin is healthy by a majority of the regions, each by a majority of its data centers", (t) => {
  // Of two data centers in each of two regions, and of one in the third.
  t.true(isHealthy([true, true, true, true, true, false, false, false, false], 3));
  // Five of nine probes pass, but three of them in one region.
  t.false(isHealthy([true, true, true, true, false, false, true, false, false], 3));
  t.true(isHealthy([true, false, true], 1));
  t.false(isHealthy([true, false, false], 1));
});

test.serial("a proxied name resolves to the edge, a record that is not proxied to its content", async (t) => {
  const { resolver, edge, origins } = await startEdge(t);
  t.deepEqual(await resolver.resolve4(PUBLIC, { ttl: true }), [{ address: edge.host, ttl: 300 }]);
  t.deepEqual(await resolver.resolve4(`origin-0.west.${PUBLIC}`, { ttl: true }), [
    { address: origins.west.host, ttl: 60 },
  ]);
});

test.serial("requests go to the first healthy pool, with the origin's own Host header", async (t) => {
  const { ask, healthy, origins } = await startEdge(t);
  await healthy(true, false);
  t.is(await ask(), "east");
  t.true(origins.east.seen.includes(`GET ${PUBLIC}/orders`));
  t.true(origins.east.seen.includes(`GET ${PUBLIC}/active`));
});

test.serial(
  "a client's kept connection moves with its next request when the pool turns unhealthy",
  async (t) => {
    const { ask, healthy, origins } = await startEdge(t);
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    t.teardown(() => agent.destroy());
    await healthy(true, false);
    t.is(await ask(agent), "east");
    origins.east.active = 503;
    origins.west.active = 200;
    await healthy(false, true);
    t.is(await ask(agent), "west");
    origins.east.active = 200;
    await healthy(true, true);
    t.is(await ask(agent), "east");
  },
);

test.serial("with no pool healthy the fallback pool is asked all the same", async (t) => {
  const { ask, healthy, origins } = await startEdge(t);
  origins.east.active = 503;
  await healthy(false, false);
  t.is(await ask(), "east");
});

test.serial(
  "an origin that refuses is 521, one that breaks off is 520, an unknown name 530; nothing is tried twice",
  async (t) => {
    const { ask, healthy, network, create, world, pools } = await startEdge(t);
    await healthy(true, false);
    const broken = createTcpServer((socket) => socket.once("data", () => socket.destroy()));
    const host = world.addresses.elasticIp("us-east-1", 5);
    await new Promise<void>((resolve) => broken.listen(PORT, host, resolve));
    t.teardown(() => broken.close());
    const poolOf = (address: string) =>
      create(TYPE.pool, { name: address, origins: [{ name: "x", address, port: PORT }] });
    const balance = async (name: string, pool: string) =>
      await create(TYPE.balancer, {
        zoneId: ZONE,
        name,
        proxied: true,
        defaultPools: [pool, pools[0] ?? ""],
        fallbackPool: pool,
      });
    await balance("refusing.example.com", await poolOf(world.addresses.elasticIp("us-east-1", 6)));
    await balance("breaking.example.com", await poolOf(host));
    await balance("lost.example.com", await poolOf("nowhere.example.com"));
    t.is(await ask(false, "refusing.example.com"), "521");
    t.is(await ask(false, "breaking.example.com"), "520");
    t.is(await ask(false, "lost.example.com"), "530");
    t.is(await ask(false, "stranger.example.com"), "530");
    t.true(network.cloudflare.health()["east"]);
  },
);

test.serial(
  "an origin that accepts and never answers turns its pool unhealthy after the monitor's timeout",
  async (t) => {
    const { create, world, network } = await startEdge(t);
    let answers = true;
    const server = createServer((_, response) => answers && response.end());
    const address = world.addresses.elasticIp("us-east-1", 7);
    await new Promise<void>((resolve) => server.listen(PORT, address, resolve));
    t.teardown(() => server.close());
    t.teardown(() => server.closeAllConnections());
    const settings = { type: "http", path: "/active", interval: 0.2, timeout: 0.2, retries: 1 };
    const monitor = await create(TYPE.monitor, settings);
    await create(TYPE.pool, { name: "silent", monitor, origins: [{ name: "x", address, port: PORT }] });
    await until("a healthy pool", () => network.cloudflare.health()["silent"]);
    answers = false;
    await until("an unhealthy pool", () => network.cloudflare.health()["silent"] === false);
    t.true(network.cloudflare.health()["east"]);
  },
);

test.serial("what Cloudflare or the model refuses is refused", async (t) => {
  const { create, pools } = await startEdge(t);
  const balancer = {
    zoneId: ZONE,
    name: "x.example.com",
    proxied: true,
    defaultPools: pools,
    fallbackPool: pools[0] ?? "",
  };
  const refused = async (inputs: Properties, message: string) => {
    await t.throwsAsync(create(TYPE.balancer, inputs), { message });
  };
  await refused(
    { ...balancer, zoneId: "f".repeat(32) },
    `Could not route to zone ${"f".repeat(32)}: it does not exist`,
  );
  await refused({ ...balancer, name: "x.example.org" }, "x.example.org is not in zone example.com");
  await refused({ ...balancer, proxied: false }, "the sandbox models proxied Cloudflare load balancers only");
  await refused(
    { ...balancer, fallbackPool: "none" },
    "load balancer x.example.com: pool none does not exist",
  );
  await refused(
    { ...balancer, steeringPolicy: "geo" },
    "steering policy geo is not modelled by the sandbox: use off (failover order)",
  );
});
