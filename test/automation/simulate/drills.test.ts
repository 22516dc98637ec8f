/** The simulation with the sandbox's own latencies against drills that were measured after its table was made. */
import test from "ava";
import { readLatencies } from "../../../automation/simulate/latencies.ts";
import { defaultDns } from "../../../automation/simulate/settings.ts";
import { simulate } from "../../../automation/simulate/simulate.ts";

/** Seconds from the loss to the operator's go and to a fresh client's first write, of `npm run drill` on two cores. */
const MEASURED = [
  { seed: 22, dns: "route53", go: 2.797, recovered: 48.44 },
  { seed: 33, dns: "route53", go: 1.669, recovered: 48.183 },
  { seed: 44, dns: "cloudflare", go: 1.586, recovered: 31.635 },
] as const;
/** As `sandbox/project.ts` deploys it. */
const SANDBOX = { standby: "warm", shards: 2, pods: 6, nodes: 6, addresses: 3 } as const;
const AGREEMENT = 0.1;

/** How the sandbox checked when these were measured. */
const THEN = {
  checkers: { route53: 3, cloudflare: { regions: 1, dataCenters: 3 } },
  dns: {
    route53: { provider: "route53", ttlSeconds: 15, healthCheckIntervalSeconds: 10, failureThreshold: 3 },
    cloudflare: defaultDns("cloudflare"),
  },
} as const;

test("measured recoveries are foretold within 10 %", async (t) => {
  const table = { ...(await readLatencies("sandbox")), checkers: THEN.checkers };
  for (const { seed, dns, go, recovered } of MEASURED) {
    const setting = { ...SANDBOX, go, dns: THEN.dns[dns] };
    const { p50 } = simulate(setting, table, { runs: 2_000, seed: 1 }).fromImpact;
    const error = p50 / recovered - 1;
    t.log(`seed ${seed}, ${dns}: ${(100 * error).toFixed(1)} %`);
    t.true(Math.abs(error) < AGREEMENT, `${p50} s for ${recovered} s`);
  }
});
