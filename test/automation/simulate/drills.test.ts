/** The simulation with the sandbox's own latencies against drills that were measured after its table was made. */
import test from "ava";
import { readLatencies } from "../../../automation/simulate/latencies.ts";
import { defaultDns } from "../../../automation/simulate/settings.ts";
import { simulate } from "../../../automation/simulate/simulate.ts";

/**
 * Seconds from the loss to the operator's go and to a fresh client's first write, of `npm run drill` on two cores, and
 * how long the health checks took of it.
 */
const MEASURED = [
  { seed: 61, dns: "cloudflare", go: 1.878, checks: 7.7, recovered: 34.182 },
  { seed: 62, dns: "route53", go: 2.07, checks: 13.2, recovered: 41.765 },
  { seed: 63, dns: "cloudflare", go: 3.344, checks: 7.6, recovered: 35.494 },
  { seed: 64, dns: "route53", go: 2.625, checks: 13.8, recovered: 42.232 },
  { seed: 65, dns: "cloudflare", go: 1.426, checks: 6.9, recovered: 34.177 },
  { seed: 66, dns: "route53", go: 1.35, checks: 13.6, recovered: 37.162 },
  { seed: 67, dns: "cloudflare", go: 1.647, checks: 7.8, recovered: 33.479 },
  { seed: 68, dns: "route53", go: 1.965, checks: 15, recovered: 38.919 },
] as const;
/** As `sandbox/project.ts` deploys it. */
const SANDBOX = { standby: "warm", shards: 2, pods: 6, nodes: 6, addresses: 3 } as const;
const AGREEMENT = 0.1;
/** Of the part that no load of the host lengthens. */
const CHECKS_SECONDS = 2;

const table = await readLatencies("sandbox");

for (const { seed, dns, go, checks, recovered } of MEASURED) {
  test(`the recovery of seed ${seed}, ${dns}, is foretold within 10 %`, (t) => {
    const setting = { ...SANDBOX, go, dns: defaultDns(dns) };
    const { fromImpact, phases } = simulate(setting, table, { runs: 2_000, seed: 1 });
    const error = fromImpact.p50 / recovered - 1;
    const waited = phases.find(({ phase }) => phase === "health checks")?.seconds.p50 ?? 0;
    t.log(`${(100 * error).toFixed(1)} %, health checks ${waited.toFixed(1)} s for ${checks} s`);
    t.true(Math.abs(error) < AGREEMENT, `${fromImpact.p50} s for ${recovered} s`);
    t.true(Math.abs(waited - checks) < CHECKS_SECONDS, `${waited} s for ${checks} s`);
  });
}
