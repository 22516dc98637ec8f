import test from "ava";
import type { Properties } from "../../../sandbox/cloud/behaviour.ts";
import { CloudflareCloud } from "../../../sandbox/providers/cloudflare.ts";
import { Registry } from "../../../sandbox/providers/registry.ts";

const RECORD = "cloudflare:index/dnsRecord:DnsRecord";
const MONITOR = "cloudflare:index/loadBalancerMonitor:LoadBalancerMonitor";
const POOL = "cloudflare:index/loadBalancerPool:LoadBalancerPool";
const BALANCER = "cloudflare:index/loadBalancer:LoadBalancer";

function account() {
  const registry = new Registry();
  const cloud = new CloudflareCloud("6.0.0", registry);
  const target = (type: string) => ({ type, urn: "urn", name: "n", location: "global" as const });
  const put = (type: string, id: string, inputs: Properties = {}) =>
    registry.put({ type, id, region: "global", urn: `urn::${id}`, inputs, outputs: inputs });
  return {
    put,
    validate: (type: string, inputs: Properties) => cloud.validate(target(type), inputs, undefined),
    mayDelete: (type: string, id: string) => cloud.mayDelete(target(type), id),
  };
}

test("pools and monitors must exist", (t) => {
  const { put, validate } = account();
  put(MONITOR, "m");
  put(POOL, "p");

  t.notThrows(() => validate(BALANCER, { defaultPools: ["p"], fallbackPool: "p" }));
  t.notThrows(() => validate(POOL, { monitor: "m", checkRegions: ["WNAM"] }));
  t.throws(() => validate(BALANCER, { defaultPools: ["p", "gone"], fallbackPool: "p" }), {
    message: `400: defaultPools.* of ${BALANCER} names gone, which does not exist`,
  });
  t.throws(() => validate(POOL, { monitor: "gone" }), { message: /monitor of .* names gone/ });
});

test("what is in use stays", (t) => {
  const { put, mayDelete } = account();
  put(POOL, "p", { monitor: "m" });
  put(BALANCER, "b", { defaultPools: ["p"], fallbackPool: "p" });

  t.throws(() => mayDelete(MONITOR, "m"), { message: `412: ${MONITOR} m is in use by ${POOL} p` });
  t.throws(() => mayDelete(POOL, "p"), { message: `412: ${POOL} p is in use by ${BALANCER} b` });
  t.notThrows(() => mayDelete(BALANCER, "b"));
});

test("a record may exist once", (t) => {
  const { put, validate } = account();
  const record = { zoneId: "z", name: "a.example.com", type: "A", content: "192.0.2.1", ttl: 60 };
  put(RECORD, "r", record);

  t.throws(() => validate(RECORD, record), { message: "400: An identical record already exists: r" });
  t.notThrows(() => validate(RECORD, { ...record, content: "192.0.2.2" }));
});

test("TTLs and probe intervals keep within Cloudflare's bounds", (t) => {
  const { validate } = account();

  t.notThrows(() => validate(RECORD, { ttl: 1 }));
  t.notThrows(() => validate(RECORD, { ttl: 60 }));
  t.throws(() => validate(RECORD, { ttl: 15 }), { message: /^400: TTL must be .*: 15$/ });
  t.notThrows(() => validate(MONITOR, { interval: 15, timeout: 5, retries: 0 }));
  t.throws(() => validate(MONITOR, { interval: 10, timeout: 5, retries: 2 }), {
    message: "400: 3 attempts of 5 s each do not fit into an interval of 10 s",
  });
  t.throws(() => validate(MONITOR, { interval: 4, timeout: 1, retries: 0 }), { message: /every 5 to 3600/ });
});

test("a pool that is monitored says from where", (t) => {
  const { put, validate } = account();
  put(MONITOR, "m");

  t.notThrows(() => validate(POOL, {}));
  for (const checkRegions of [undefined, []]) {
    t.throws(() => validate(POOL, { monitor: "m", ...(checkRegions && { checkRegions }) }), {
      message:
        "400: Probing from every data centre is not allowed with this subscription. Please choose regions to probe from.: validation failed",
    });
  }
});
