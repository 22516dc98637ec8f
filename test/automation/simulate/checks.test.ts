import test from "ava";
import { type Checks, convincedSeconds } from "../../../automation/simulate/checks.ts";
import { Draws, quantilesOf } from "../../../automation/simulate/draws.ts";
import { tableOf } from "./table.ts";

const RUNS = 4_000;
const quantiles = quantilesOf(tableOf({}));
const checks: Checks = {
  ...{ wait: "healthChecks", provider: "route53", verdict: "healthy", address: 0 },
  ...{ intervalSeconds: 10, threshold: 1, blindSeconds: 0 },
};
const place = {
  checkers: { route53: 16, cloudflare: { regions: 3, dataCenters: 3 } },
  takeTurns: false,
  reached: 0,
};

const seconds = (given: Partial<Checks>, there: Partial<typeof place> = {}): number[] =>
  Array.from({ length: RUNS }, (_, run) =>
    convincedSeconds(new Draws(5, run, quantiles), { ...checks, ...given }, { ...place, ...there }),
  );
const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;
const near = (value: number, expected: number): boolean => Math.abs(value - expected) < 0.25;
const rounded = (value: number): number => Math.round(value * 10) / 10;
const span = (values: readonly number[]): readonly number[] =>
  [values.reduce((a, b) => Math.min(a, b)), values.reduce((a, b) => Math.max(a, b))].map(rounded);

test("Route 53: three of sixteen checkers make an address healthy, fourteen unhealthy", (t) => {
  t.true(near(mean(seconds({})), (10 * 3) / 17));
  t.true(near(mean(seconds({ verdict: "unhealthy" })), (10 * 14) / 17));
});

test("a streak takes an interval for each check but the first", (t) => {
  t.true(near(mean(seconds({ threshold: 3 })), 20 + (10 * 3) / 17));
});

test("checkers that are evenly out of step leave little to luck", (t) => {
  t.deepEqual(span(seconds({}, { takeTurns: true })), [1.3, 1.9]);
  // Two data centers of two regions: whichever comes first, the fifth of nine completes them.
  t.deepEqual(span(seconds({ provider: "cloudflare" }, { takeTurns: true })), [4.4, 5.6]);
});

test("Cloudflare: a majority of the regions decides, each by a majority of its data centers", (t) => {
  t.true(near(mean(seconds({ provider: "cloudflare" })), 5), "as likely early as late");
  const one = { checkers: { ...place.checkers, cloudflare: { regions: 1, dataCenters: 3 } } };
  const spread = (values: readonly number[]) => mean(values.map((value) => (value - 5) ** 2));
  t.true(
    spread(seconds({ provider: "cloudflare" })) < 0.7 * spread(seconds({ provider: "cloudflare" }, one)),
  );
});

test("while the load balancer knows no healthy target, only what finds a gateway by chance counts", (t) => {
  const alone = { checkers: { ...place.checkers, route53: 1 } };
  const blind = { threshold: 2, blindSeconds: 5 };
  // Whose turn is in the first 5 s loses it, and begins again 10 s later.
  t.deepEqual(span(seconds(blind, alone)), [15, 25]);
  t.true(near(mean(seconds(blind, alone)), 20));
  t.true(near(mean(seconds(blind, { ...alone, reached: 0.25 })), 20 - 0.25 * 5));
  t.true(near(mean(seconds(blind, { ...alone, reached: 1 })), 15));
});

test("addresses have luck of their own", (t) => {
  t.notDeepEqual(seconds({ address: 1 }).slice(0, 5), seconds({}).slice(0, 5));
});
