import test from "ava";
import { PAIR_RULES, sizeOf } from "../../policy/pair.ts";
import { type Seen, UNKNOWN } from "../../policy/seen.ts";
import { GOOD, set } from "./resources.ts";

const PROD = ["database", "instance"].map((name) => GOOD[name]).filter((one) => one !== undefined);
const DR = PROD.map((one) => ({ ...one, region: "us-west-2" }));

const findings = (prod: readonly Seen[], dr: readonly Seen[]) =>
  PAIR_RULES.flatMap((rule) =>
    rule.check(prod, dr).map(({ message, unknown }) => `${unknown ? "?" : "!"} ${rule.name}: ${message}`),
  );
const withClass = (instanceClass: unknown) => DR.map((one) => set(one, "props.instanceClass", instanceClass));

test("a copy of the same class elsewhere is fine, and a larger or newer one", (t) => {
  t.deepEqual(findings(PROD, DR), []);
  t.deepEqual(findings(PROD, withClass("db.r8g.xlarge")), []);
  t.deepEqual(findings(PROD, withClass("db.x8g.large")), []);
});

test("a smaller or older class is refused, one that cannot be compared is unknown", (t) => {
  const small = (got: string) => [
    `! class-at-least-primary: instance: set instanceClass to db.r7g.large or larger (got ${got}): after a promotion it carries the primary's load`,
  ];
  t.deepEqual(findings(PROD, withClass("db.r6g.large")), small("db.r6g.large"));
  const big = PROD.map((one) => set(one, "props.instanceClass", "db.r7g.2xlarge"));
  t.deepEqual(findings(big, withClass("db.r7g.xlarge")), [
    "! class-at-least-primary: instance: set instanceClass to db.r7g.2xlarge or larger (got db.r7g.xlarge): after a promotion it carries the primary's load",
  ]);
  t.deepEqual(findings(PROD, withClass("db.serverless")), [
    "? class-at-least-primary: instance: whether db.serverless carries what db.r7g.large carries is known only after the update",
  ]);
  t.is(findings(PROD, withClass(UNKNOWN))[0]?.slice(0, 1), "?");
});

test("sizes of classes", (t) => {
  t.deepEqual(
    ["db.r7g.large", "db.r6gd.xlarge", "db.r7i.16xlarge", "db.x2g.2xlarge", "db.t4g.medium"].map(sizeOf),
    [
      { generation: 7, gibibytes: 16 },
      { generation: 6, gibibytes: 32 },
      { generation: 7, gibibytes: 512 },
      { generation: 2, gibibytes: 128 },
      undefined,
    ],
  );
});

test("no copy, a copy in the same region, or one of another global database is refused", (t) => {
  t.deepEqual(findings(PROD, []), [
    "! copy-elsewhere: database: deploy its secondary: stack dr has no database",
  ]);
  t.deepEqual(findings(PROD, PROD), [
    "! copy-elsewhere: database: move it out of us-east-1, where the primary is",
  ]);
  t.deepEqual(
    findings(
      PROD,
      DR.map((one) => set(one, "props.globalClusterIdentifier", "another")),
    ),
    ["! copy-elsewhere: database: set globalClusterIdentifier to exchange, the primary's (got another)"],
  );
});
