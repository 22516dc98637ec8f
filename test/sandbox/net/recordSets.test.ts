import test from "ava";
import { answer, type RecordSet, type View } from "../../../sandbox/net/recordSets.ts";

const values = (...list: string[]) => ({ kind: "values", ttlSeconds: 15, values: list }) as const;
const set = (part: Partial<RecordSet>): RecordSet => ({
  name: "a.example.com",
  type: "A",
  policy: { kind: "simple" },
  setIdentifier: "",
  healthCheckId: undefined,
  content: values("192.0.2.1"),
  ...part,
});
const alias = (target: string, evaluateTargetHealth = true) =>
  ({ kind: "alias", target, evaluateTargetHealth }) as const;

const view = (sets: readonly RecordSet[], unhealthy: readonly string[] = [], random = () => 0): View => ({
  sets,
  isHealthy: (id) => !unhealthy.includes(id),
  random,
});

/** The program's own shape: a failover pair of aliases, each to a group of addresses with a check each. */
const pair = (kind: "weighted" | "multivalue"): readonly RecordSet[] => [
  set({
    policy: { kind: "failover", role: "PRIMARY" },
    setIdentifier: "east",
    content: alias("east.example.com"),
  }),
  set({
    policy: { kind: "failover", role: "SECONDARY" },
    setIdentifier: "west",
    content: alias("west.example.com"),
  }),
  ...["east", "west"].flatMap((region, octet) =>
    [1, 2, 3].map((zone) =>
      set({
        name: `${region}.example.com`,
        policy: kind === "weighted" ? { kind, weight: 1 } : { kind },
        setIdentifier: String(zone),
        healthCheckId: `${region}-${zone}`,
        content: values(`10.${octet}.0.${zone}`),
      }),
    ),
  ),
];
const EAST = ["east-1", "east-2", "east-3"];
const WEST = ["west-1", "west-2", "west-3"];

test("a simple record answers all its values with its TTL", (t) => {
  const sets = [set({ content: values("192.0.2.1", "192.0.2.2") })];
  t.deepEqual(answer(view(sets), "a.example.com", "A"), {
    ttlSeconds: 15,
    values: ["192.0.2.1", "192.0.2.2"],
  });
  t.is(answer(view(sets), "a.example.com", "AAAA"), undefined);
  t.is(answer(view(sets), "b.example.com", "A"), undefined);
});

test("a failover pair answers the primary while one of its addresses is healthy", (t) => {
  const sets = pair("multivalue");
  t.deepEqual(answer(view(sets, WEST), "a.example.com", "A")?.values, ["10.0.0.1", "10.0.0.2", "10.0.0.3"]);
  t.deepEqual(answer(view(sets, ["east-1", "east-3"]), "a.example.com", "A")?.values, ["10.0.0.2"]);
});

test("a failover pair answers the secondary when all of the primary's addresses are unhealthy", (t) => {
  const answered = answer(view(pair("multivalue"), EAST), "a.example.com", "A");
  t.deepEqual(answered, { ttlSeconds: 15, values: ["10.1.0.1", "10.1.0.2", "10.1.0.3"] });
});

test("with both sides unhealthy a failover pair answers the primary", (t) => {
  const answered = answer(view(pair("multivalue"), [...EAST, ...WEST]), "a.example.com", "A");
  t.deepEqual(answered?.values, ["10.0.0.1", "10.0.0.2", "10.0.0.3"]);
});

test("an alias that does not evaluate its target stays healthy whatever the target is", (t) => {
  const [primary, ...others] = pair("weighted");
  if (primary === undefined) return t.fail();
  const sets = [{ ...primary, content: alias("east.example.com", false) }, ...others];
  t.regex(answer(view(sets, EAST), "a.example.com", "A")?.values[0] ?? "", /^10\.0\./);
});

test("a weighted group answers one healthy address, by weight", (t) => {
  const weights = [1, 3, 0];
  const sets = weights.map((weight, n) =>
    set({
      policy: { kind: "weighted", weight },
      setIdentifier: String(n),
      healthCheckId: String(n),
      content: values(`10.0.0.${n}`),
    }),
  );
  const at = (random: number, unhealthy: string[] = []) =>
    answer(
      view(sets, unhealthy, () => random),
      "a.example.com",
      "A",
    )?.values;
  t.deepEqual(at(0.2), ["10.0.0.0"]);
  t.deepEqual(at(0.3), ["10.0.0.1"]);
  t.deepEqual(at(0.99), ["10.0.0.1"]);
  t.deepEqual(at(0.99, ["1"]), ["10.0.0.0"]);
  t.deepEqual(at(0.5, ["0", "1"]), ["10.0.0.2"], "a weight of 0 is used only when no other is healthy");
  t.deepEqual(at(0.2, ["0", "1", "2"]), ["10.0.0.0"], "all unhealthy: as if all were healthy");
});

test("a multivalue group answers at most eight healthy addresses, and eight unhealthy ones when none is healthy", (t) => {
  const sets = Array.from({ length: 10 }, (_, n) =>
    set({
      policy: { kind: "multivalue" },
      setIdentifier: String(n),
      healthCheckId: String(n),
      content: values(`10.0.0.${n}`),
    }),
  );
  const all = sets.map(({ setIdentifier }) => setIdentifier);
  t.is(answer(view(sets), "a.example.com", "A")?.values.length, 8);
  t.deepEqual(answer(view(sets, all.slice(1)), "a.example.com", "A")?.values, ["10.0.0.0"]);
  t.is(answer(view(sets, all), "a.example.com", "A")?.values.length, 8);
});
