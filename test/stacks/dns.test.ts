import test from "ava";
import { deploy, type Graph, standing } from "./graph.ts";

const ZONE = "a".repeat(32);
const CLOUDFLARE = {
  dns: JSON.stringify({
    provider: "cloudflare",
    name: "exchange.example.com",
    zoneId: ZONE,
    cloudflareAccountId: "b".repeat(32),
    healthCheck: { intervalSeconds: 15, failureThreshold: 2 },
  }),
};

const of = ({ resources }: Graph, type: string) =>
  resources.filter((resource) => resource.type === type).toSorted((a, b) => a.name.localeCompare(b.name));
const records = (graph: Graph) =>
  of(graph, "aws:route53/record:Record").filter(({ name }) => name !== "certificate-validation");

test.serial("route53: a failover pair of aliases to the regional names, one half per stack", async (t) => {
  for (const [stack, region, failover] of [
    ["prod", "us-east-1", "PRIMARY"],
    ["dr", "us-west-2", "SECONDARY"],
  ] as const) {
    const [alias] = records(await standing(stack));
    t.deepEqual(alias?.inputs, {
      zoneId: "Z0123456789EXAMPLE",
      name: "exchange.example.com",
      type: "A",
      setIdentifier: region,
      failoverRoutingPolicies: [{ type: failover }],
      aliases: [
        { name: `${region}.exchange.example.com`, zoneId: "Z0123456789EXAMPLE", evaluateTargetHealth: true },
      ],
    });
  }
});

test.serial(
  "route53: the regional name is one weighted answer per address, each with its own check",
  async (t) => {
    const [, ...addresses] = records(await standing("dr"));
    t.deepEqual(
      addresses.map(({ inputs }) => inputs),
      ["us-west-2a", "us-west-2b", "us-west-2c"].map((zone) => ({
        zoneId: "Z0123456789EXAMPLE",
        name: "us-west-2.exchange.example.com",
        type: "A",
        setIdentifier: zone,
        weightedRoutingPolicies: [{ weight: 1 }],
        records: [`address-of-traffic-${zone}`],
        ttl: 10,
        healthCheckId: `aws:route53/healthCheck:HealthCheck|answers-${zone}`,
      })),
    );
  },
);

test.serial("route53: health is /active over HTTPS at each address, every 10 s, twice", async (t) => {
  const checks = of(await standing("dr"), "aws:route53/healthCheck:HealthCheck");
  t.is(checks.length, 3);
  for (const { name, inputs } of checks) {
    t.like(inputs, {
      type: "HTTPS",
      ipAddress: name.replace("answers-", "address-of-traffic-"),
      fqdn: "exchange.example.com",
      port: 443,
      resourcePath: "/active",
      requestInterval: 10,
      failureThreshold: 2,
      enableSni: true,
    });
    t.is(inputs.invertHealthcheck, undefined);
  }
});

test.serial(
  "route53: the proof of the certificate is prod's; dr only waits for its own certificate",
  async (t) => {
    const prod = await standing("prod");
    const proof = of(prod, "aws:route53/record:Record").find(({ name }) => name === "certificate-validation");
    t.like(proof?.inputs, { name: "_proof.exchange.example.com.", type: "CNAME" });
    t.deepEqual(proof?.inputs.records, ["_value.acm-validations.aws."]);
    const dr = await standing("dr");
    t.deepEqual(
      of(dr, "aws:acm/certificate:Certificate").map(({ inputs }) => [
        inputs.domainName,
        ...inputs.subjectAlternativeNames,
      ]),
      [["exchange.example.com", "*.exchange.example.com"]],
    );
    t.is(of(dr, "aws:acm/certificateValidation:CertificateValidation").length, 1);
  },
);

test.serial("cloudflare: prod owns one proxied balancer, which tries the primary's pool first", async (t) => {
  const prod = await deploy("prod", CLOUDFLARE);
  const pool = (region: string) => `cloudflare:index/loadBalancerPool:LoadBalancerPool|answers-${region}`;
  const balancers = of(prod, "cloudflare:index/loadBalancer:LoadBalancer");
  t.deepEqual(
    balancers.map(({ inputs }) => inputs),
    [
      {
        zoneId: ZONE,
        name: "exchange.example.com",
        proxied: true,
        steeringPolicy: "off",
        defaultPools: [pool("us-east-1"), pool("us-west-2")],
        fallbackPool: pool("us-east-1"),
        sessionAffinity: "none",
      },
    ],
  );
});

test.serial(
  "cloudflare: a pool's origins are the names that each stack gives to its own addresses",
  async (t) => {
    const [prod, dr] = [await deploy("prod", CLOUDFLARE), await deploy("dr", CLOUDFLARE)];
    for (const [graph, region] of [
      [prod, "us-east-1"],
      [dr, "us-west-2"],
    ] as const) {
      const pool = of(prod, "cloudflare:index/loadBalancerPool:LoadBalancerPool").find(({ name }) =>
        name.endsWith(region),
      );
      const origins = pool?.inputs.origins.map(({ address }: { address: string }) => address);
      const names = of(graph, "cloudflare:index/dnsRecord:DnsRecord")
        .filter(({ name }) => name.startsWith("answers-origin"))
        .map(({ inputs }) => inputs);
      t.deepEqual(
        names.map(({ name }) => name),
        origins,
      );
      t.deepEqual(
        names.map(({ content }) => content),
        ["a", "b", "c"].map((zone) => `address-of-traffic-${region}${zone}`),
      );
      t.deepEqual(new Set(names.map(({ proxied, ttl }) => `${proxied} ${ttl}`)), new Set(["false 60"]));
    }
  },
);

test.serial("cloudflare: the region's own name has every address, unproxied", async (t) => {
  const regional = of(await deploy("dr", CLOUDFLARE), "cloudflare:index/dnsRecord:DnsRecord").filter(
    ({ name }) => name.startsWith("answers-regional"),
  );
  t.deepEqual(
    regional.map(({ inputs }) => `${inputs.name} ${inputs.type} ${inputs.content} ${inputs.proxied}`),
    ["a", "b", "c"].map(
      (zone) => `us-west-2.exchange.example.com A address-of-traffic-us-west-2${zone} false`,
    ),
  );
});

test.serial("cloudflare: the monitor asks /active as the public name, as often as config says", async (t) => {
  const [monitor] = of(
    await deploy("prod", CLOUDFLARE),
    "cloudflare:index/loadBalancerMonitor:LoadBalancerMonitor",
  );
  t.like(monitor?.inputs, {
    type: "https",
    path: "/active",
    port: 443,
    header: { Host: ["exchange.example.com"] },
    expectedCodes: "200",
    interval: 15,
    consecutiveDown: 2,
  });
});

test.serial("cloudflare: no client has to resolve again, and Route 53 is not used at all", async (t) => {
  const graph = await deploy("prod", CLOUDFLARE);
  t.deepEqual(graph.outputs.dns, {
    provider: "cloudflare",
    ttlSeconds: 0,
    healthCheckIntervalSeconds: 15,
    failureThreshold: 2,
  });
  t.deepEqual(
    graph.resources.filter(({ type }) => type.startsWith("aws:route53")),
    [],
  );
});

test.serial("route53: Cloudflare's provider is not even registered", async (t) => {
  const { resources } = await standing("prod");
  t.deepEqual(
    resources.filter(({ type }) => type.includes("cloudflare")),
    [],
  );
});
