import { createSocket } from "node:dgram";
import { Resolver } from "node:dns/promises";
import { once } from "node:events";
import { createServer } from "node:http";
import { connect } from "node:net";
import test, { type ExecutionContext } from "ava";
import packets from "dns-packet";
import { hostPort } from "../../../sandbox/addresses.ts";
import type { Properties } from "../../../sandbox/cloud/behaviour.ts";
import { createNetwork, type Network } from "../../../sandbox/net/network.ts";
import { startWorld, until, type World } from "../compute/fixture.ts";

const ZONE = "Z0123456789EXAMPLE";
const RECORD = "aws:route53/record:Record";
const CHECK = "aws:route53/healthCheck:HealthCheck";

interface Names {
  readonly world: World;
  readonly network: Network;
  readonly resolver: Resolver;
  create(type: string, inputs: Properties): Promise<Properties>;
}

async function startNames(t: ExecutionContext): Promise<Names> {
  const world = await startWorld(t);
  const { faults, addresses, compute } = world;
  const propagation = { recordMilliseconds: 10, healthMilliseconds: 10 };
  const network = await createNetwork({
    faults,
    addresses,
    compute,
    zones: { [ZONE]: "example.com" },
    propagation,
  });
  t.teardown(() => network.close());
  const resolver = new Resolver({ timeout: 2_000, tries: 1 });
  resolver.setServers([hostPort(addresses.dns)]);
  let created = 0;
  const create: Names["create"] = async (type, inputs) => {
    const at = { region: "global", type, urn: `urn:${type}::${created++}` } as const;
    const outputs = await network.behaviours[type]?.create?.(inputs, at);
    return { ...inputs, ...outputs };
  };
  return { world, network, resolver, create };
}

const simple = (name: string, type: string, ...records: string[]): Properties => ({
  zoneId: ZONE,
  name,
  type,
  ttl: 60,
  records,
});

test("answers A, CNAME and TXT with their TTLs, over UDP", async (t) => {
  const { resolver, create } = await startNames(t);
  await create(RECORD, simple("www.example.com", "A", "192.0.2.1"));
  await create(RECORD, simple("_acme.example.com.", "CNAME", "proof.acm-validations.aws."));
  await create(RECORD, simple("note.example.com", "TXT", '"one" "two"'));
  t.deepEqual(await resolver.resolve4("www.example.com", { ttl: true }), [{ address: "192.0.2.1", ttl: 60 }]);
  t.deepEqual(await resolver.resolve4("WWW.Example.Com"), ["192.0.2.1"]);
  t.deepEqual(await resolver.resolveCname("_acme.example.com"), ["proof.acm-validations.aws"]);
  t.deepEqual(await resolver.resolveTxt("note.example.com"), [["one", "two"]]);
});

test("the zone names its servers, so that its delegation can be checked", async (t) => {
  const { resolver } = await startNames(t);
  const servers = await resolver.resolveNs("example.com");
  t.deepEqual(servers.sort(), [
    "ns-1.example.com",
    "ns-2.example.com",
    "ns-3.example.com",
    "ns-4.example.com",
  ]);
  await t.throwsAsync(resolver.resolveNs("www.example.com"));
});

test("says which of name and type is missing, with the SOA, and refuses other zones", async (t) => {
  const { resolver, create } = await startNames(t);
  await create(RECORD, simple("www.example.com", "A", "192.0.2.1"));
  await t.throwsAsync(resolver.resolve4("nobody.example.com"), { code: "ENOTFOUND" });
  await t.throwsAsync(resolver.resolve6("www.example.com"), { code: "ENODATA" });
  await t.throwsAsync(resolver.resolve4("www.example.org"), { code: "EREFUSED" });
  t.is((await resolver.resolveSoa("example.com")).minttl, 86_400);
});

test("answers over TCP, two questions on one connection", async (t) => {
  const { world, create } = await startNames(t);
  await create(RECORD, simple("www.example.com", "A", "192.0.2.1"));
  const question = (id: number) =>
    packets.streamEncode({ id, type: "query", questions: [{ name: "www.example.com", type: "A" }] });
  const socket = connect(world.addresses.dns);
  socket.end(Buffer.concat([question(7), question(8)]));
  const bytes = Buffer.concat(await socket.toArray());
  const length = 2 + bytes.readUInt16BE(0);
  const replies = [bytes.subarray(0, length), bytes.subarray(length)].map((part) =>
    packets.streamDecode(part),
  );
  t.deepEqual(
    replies.map(({ id, answers }) => [id, answers?.[0]?.data]),
    [
      [7, "192.0.2.1"],
      [8, "192.0.2.1"],
    ],
  );
});

/** A region's door that can be told to be unhealthy. */
async function door(t: ExecutionContext, host: string) {
  const state = { status: 200, seen: [] as (string | undefined)[] };
  const server = createServer((request, response) => {
    state.seen.push(`${request.headers.host}${request.url}`);
    response.writeHead(state.status).end();
  });
  await new Promise<void>((resolve) => server.listen(8443, host, resolve));
  t.teardown(() => server.close());
  return state;
}

async function failoverPair(t: ExecutionContext) {
  const names = await startNames(t);
  const { addresses } = names.world;
  const hosts = { east: addresses.elasticIp("us-east-1", 0), west: addresses.elasticIp("us-west-2", 0) };
  const doors = { east: await door(t, hosts.east), west: await door(t, hosts.west) };
  for (const [region, role] of [
    ["east", "PRIMARY"],
    ["west", "SECONDARY"],
  ] as const) {
    const check = await names.create(CHECK, {
      type: "HTTPS",
      ipAddress: hosts[region],
      fqdn: "exchange.example.com",
      port: 8443,
      resourcePath: "/active",
      requestInterval: 10,
      failureThreshold: 1,
    });
    await names.create(RECORD, {
      zoneId: ZONE,
      name: `${region}.exchange.example.com`,
      type: "A",
      ttl: 15,
      records: [hosts[region]],
      setIdentifier: "a",
      weightedRoutingPolicies: [{ weight: 1 }],
      healthCheckId: check["id"] ?? "",
    });
    await names.create(RECORD, {
      zoneId: ZONE,
      name: "exchange.example.com",
      type: "A",
      setIdentifier: region,
      failoverRoutingPolicies: [{ type: role }],
      aliases: [{ name: `${region}.exchange.example.com`, zoneId: ZONE, evaluateTargetHealth: true }],
    });
  }
  return { ...names, hosts, doors };
}

test("the public name follows the health checks of its addresses, with the target's TTL", async (t) => {
  const { resolver, hosts, doors } = await failoverPair(t);
  t.deepEqual(await resolver.resolve4("exchange.example.com", { ttl: true }), [
    { address: hosts.east, ttl: 15 },
  ]);
  // Sixteen checkers ask every 10 s each, the fourteenth of them for the first time 8.1 s after creation.
  doors.east.status = 503;
  await until(
    "the secondary's address",
    async () => (await resolver.resolve4("exchange.example.com"))[0] === hosts.west,
  );
  t.true(doors.east.seen.length >= 14, "fourteen of sixteen checkers had to say so");
  t.is(doors.east.seen[0], "exchange.example.com/active");
});

test("a new check is healthy, a new inverted one unhealthy", async (t) => {
  const { network, create } = await startNames(t);
  const check = { type: "HTTP", ipAddress: "127.0.0.1", port: 9, requestInterval: 10, failureThreshold: 3 };
  const [plain, inverted] = [
    await create(CHECK, check),
    await create(CHECK, { ...check, invertHealthcheck: true }),
  ];
  t.true(network.route53.isHealthy(String(plain["id"])));
  t.false(network.route53.isHealthy(String(inverted["id"])));
});

test("what Route 53 refuses is refused, in its words", async (t) => {
  const { create } = await startNames(t);
  await create(RECORD, simple("www.example.com", "A", "192.0.2.1"));
  const refused = async (inputs: Properties, message: string, type = RECORD) => {
    await t.throwsAsync(create(type, inputs), { message });
  };
  await refused(
    { ...simple("www.example.com", "A", "192.0.2.1"), zoneId: "ZNONE" },
    "NoSuchHostedZone: No hosted zone found with ID: ZNONE",
  );
  await refused(
    simple("www.example.org", "A", "192.0.2.1"),
    "InvalidChangeBatch: [RRSet with DNS name www.example.org. is not permitted in zone example.com.]",
  );
  await refused(
    simple("www.example.com", "A", "192.0.2.2"),
    "InvalidChangeBatch: [Tried to create resource record set [name='www.example.com.', type='A'] but it already exists]",
  );
  await refused(
    {
      ...simple("www.example.com", "A", "192.0.2.2"),
      setIdentifier: "b",
      weightedRoutingPolicies: [{ weight: 1 }],
    },
    "InvalidChangeBatch: [RRSet with DNS name www.example.com., type A, SetIdentifier b cannot be created as a simple " +
      "set exists with the same name and type]",
  );
  await refused(
    {
      zoneId: ZONE,
      name: "public.example.com",
      type: "A",
      aliases: [{ name: "east.example.com", zoneId: ZONE, evaluateTargetHealth: true }],
    },
    `InvalidChangeBatch: [Tried to create an alias that targets east.example.com., type A in zone ${ZONE}, but that target ` +
      "was not found]",
  );
  await refused(
    { ...simple("checked.example.com", "A", "192.0.2.1"), healthCheckId: "hc-none" },
    "NoSuchHealthCheck: No health check exists with the specified ID: hc-none",
  );
  await refused(
    { type: "HTTPS", ipAddress: "192.0.2.1", requestInterval: 15 },
    "InvalidInput: Invalid parameter : RequestInterval 15: must be 10 or 30",
    CHECK,
  );
});

test("answers what browsers and dig ask: unknown types and EDNS", async (t) => {
  const { world, create } = await startNames(t);
  await create(RECORD, simple("www.example.com", "A", "192.0.2.1"));
  const ask = async (name: string, type: number, edns: boolean) => {
    const question = Buffer.concat([
      Buffer.from([0x12, 0x34, 0x01, 0x20, 0, 1, 0, 0, 0, 0, 0, edns ? 1 : 0]),
      ...name.split(".").map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)])),
      Buffer.from([0, 0, type, 0, 1]),
      edns ? Buffer.from([0, 0, 41, 0x10, 0, 0, 0, 0, 0, 0, 0]) : Buffer.alloc(0),
    ]);
    const socket = createSocket("udp4");
    t.teardown(() => socket.close());
    socket.send(question, world.addresses.dns.port, world.addresses.dns.host);
    const [reply] = (await once(socket, "message", { signal: AbortSignal.timeout(2_000) })) as [Buffer];
    const { id, answers = [], authorities = [] } = packets.decode(reply);
    return { id, code: reply.readUInt8(3) & 15, answers: answers.length, authorities: authorities.length };
  };
  t.deepEqual(await ask("www.example.com", 1, true), { id: 0x1234, code: 0, answers: 1, authorities: 0 });
  t.deepEqual(await ask("www.example.com", 65, true), { id: 0x1234, code: 0, answers: 0, authorities: 1 });
  t.deepEqual(await ask("nobody.example.com", 65, false), {
    id: 0x1234,
    code: 3,
    answers: 0,
    authorities: 1,
  });
});
