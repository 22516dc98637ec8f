import test from "ava";
import fc from "fast-check";
import { cidrsOverlap, formatCidr, parseCidr, planSubnets, VPC_PREFIXES } from "../../components/subnets.ts";

const ZONES = ["a", "b", "c"];

test("a range is written from its first address", (t) => {
  t.deepEqual(parseCidr("10.20.0.0/16"), { base: 10 * 2 ** 24 + 20 * 2 ** 16, prefix: 16 });
  for (const wrong of ["10.20.1.0/16", "10.20.0.0/33", "10.256.0.0/16", "10.20.0.0", "10.20.0/16", "::/0"]) {
    t.is(parseCidr(wrong), undefined, wrong);
  }
});

test("ranges overlap when one holds an address of the other", (t) => {
  const overlap = (a: string, b: string) => {
    const [one, other] = [parseCidr(a), parseCidr(b)];
    return one && other && cidrsOverlap(one, other);
  };
  t.true(overlap("10.10.0.0/16", "10.10.128.0/20"));
  t.true(overlap("10.10.128.0/20", "10.10.0.0/16"));
  t.false(overlap("10.10.0.0/16", "10.11.0.0/16"));
  t.true(overlap("0.0.0.0/0", "255.255.255.255/32"));
});

test("the plan of a /16", (t) => {
  const vpc = parseCidr("10.10.0.0/16");
  t.deepEqual(vpc && planSubnets(vpc, ZONES), [
    { zone: "a", private: "10.10.0.0/18", public: "10.10.192.0/21", data: "10.10.224.0/21" },
    { zone: "b", private: "10.10.64.0/18", public: "10.10.200.0/21", data: "10.10.232.0/21" },
    { zone: "c", private: "10.10.128.0/18", public: "10.10.208.0/21", data: "10.10.240.0/21" },
  ]);
});

test("the plan of a /16 for more than three zones", (t) => {
  const vpc = parseCidr("10.10.0.0/16");
  const plan = vpc && planSubnets(vpc, [..."abcdef"]);
  t.deepEqual(plan?.[0], {
    zone: "a",
    private: "10.10.0.0/19",
    public: "10.10.192.0/22",
    data: "10.10.224.0/22",
  });
  t.deepEqual(plan?.[5], {
    zone: "f",
    private: "10.10.160.0/19",
    public: "10.10.212.0/22",
    data: "10.10.244.0/22",
  });
  t.deepEqual(vpc && planSubnets(vpc, [..."abcd"]), plan?.slice(0, 4));
});

test("a seventh zone has no room", (t) => {
  t.throws(() => planSubnets({ base: 0, prefix: 16 }, [..."abcdefg"]), {
    message: "subnets for 7 zones; a VPC's range is divided for at most 6",
  });
});

test("of any VPC, subnets lie inside it, apart from each other, and large enough for AWS", (t) => {
  const vpcs = fc
    .record({
      prefix: fc.integer({ min: VPC_PREFIXES.min, max: VPC_PREFIXES.max }),
      n: fc.integer({ min: 0, max: 2 ** VPC_PREFIXES.min - 1 }),
    })
    .map(({ prefix, n }) => ({ prefix, base: n * 2 ** (32 - prefix) }))
    .filter(({ base, prefix }) => base + 2 ** (32 - prefix) <= 2 ** 32);
  fc.assert(
    fc.property(vpcs, fc.integer({ min: 3, max: 6 }), (vpc, zones) => {
      const ranges = planSubnets(vpc, [..."abcdef"].slice(0, zones))
        .flatMap((zone) => [zone.private, zone.public, zone.data])
        .map((text) => parseCidr(text));
      return ranges.every(
        (range, n) =>
          range !== undefined &&
          range.prefix <= 28 &&
          range.base >= vpc.base &&
          range.base + 2 ** (32 - range.prefix) <= vpc.base + 2 ** (32 - vpc.prefix) &&
          ranges.slice(n + 1).every((other) => other !== undefined && !cidrsOverlap(range, other)),
      );
    }),
  );
  t.pass();
});

test("parsing what was formatted gives the same range", (t) => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 32 }), fc.nat({ max: 2 ** 31 - 1 }), (prefix, seed) => {
      const step = 2 ** (32 - prefix);
      const range = { prefix, base: (seed % 2 ** prefix) * step };
      const parsed = parseCidr(formatCidr(range));
      return parsed?.base === range.base && parsed.prefix === prefix;
    }),
  );
  t.pass();
});
