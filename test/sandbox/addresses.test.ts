import test from "ava";
import { Addresses } from "../../sandbox/addresses.ts";

const regions = { primary: "us-east-1", secondary: "us-west-2", witness: "us-east-2" } as const;

test("every address of a sandbox lies in its own /16 and none is given twice", (t) => {
  const addresses = new Addresses(7, regions);
  const perRegion = Object.values(regions).flatMap((region) => [
    addresses.edge(region).host,
    addresses.kubernetesApi(region).host,
    addresses.elasticIp(region, 0),
    addresses.elasticIp(region, 2),
    addresses.auroraWriter(region).host,
    addresses.auroraReader(region).host,
    addresses.auroraInstance(region, 0).host,
    addresses.podIp(region, 0),
    addresses.podIp(region, 253),
    addresses.serviceIp(region, 0),
  ]);
  const all = [
    addresses.dns.host,
    addresses.operatorEdge.host,
    addresses.guard.host,
    addresses.cloudflareEdge(8443).host,
    ...perRegion,
  ];
  t.true(all.every((host) => host.startsWith("127.7.")));
  t.is(new Set(all).size, all.length);
});

test("a region that is not in the sandbox has no address", (t) => {
  t.throws(() => new Addresses(1, regions).edge("eu-west-1"), {
    message: "region eu-west-1 is not in this sandbox: it has us-east-1, us-west-2, us-east-2",
  });
});

test("a sandbox number outside 1 to 250 is refused", (t) => {
  for (const number of [0, 251, 1.5]) {
    t.throws(() => new Addresses(number, regions), {
      message: `sandbox number ${number}: must be an integer from 1 to 250`,
    });
  }
});
