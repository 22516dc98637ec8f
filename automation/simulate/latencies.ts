/** How long things take, as data: a distribution each, with where it comes from. */
import { readFile } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import { UsageError } from "../errors.ts";

export const PLACES = ["aws", "sandbox"] as const;
export type Place = (typeof PLACES)[number];

export const FAILOVER_LATENCIES = [
  "alarm",
  "paged",
  "desk",
  "automatic",
  "lastRecord",
  "confirmation",
  "commandStart",
  "plan",
  "scaleOut",
  "update",
  "switch",
  "strongOperation",
  "nodeStart",
  "imagePull",
  "podStart",
  "engineStart",
  "loadBalancer",
  "controlRead",
  "healthPropagation",
  "edgePropagation",
  "clientWrite",
  "promotion",
  "catchUp",
] as const;
/** Besides some of a failover's. `…Thousand`: seconds for a thousand records of the journal. */
export const RESTORE_LATENCIES = [
  "command",
  "maintenanceSwitch",
  "engineStop",
  "engineResume",
  "clusterRestore",
  "instanceStart",
  "setAside",
  "databaseCutover",
  "projectorStart",
  "proofStart",
  "readThousand",
  "applyThousand",
  "tableCreate",
  "putThousand",
  "journalCutover",
] as const;
/** Everything that the models wait for; a data file names each of them and no other. */
export const LATENCIES = [...FAILOVER_LATENCIES, ...RESTORE_LATENCIES];
export type LatencyName = (typeof LATENCIES)[number];

const seconds = z.number().min(0);
/** In seconds. `lognormal` by its median and 99th percentile, `measured` by its samples. */
const distribution = z.union([
  z.strictObject({ constant: seconds }),
  z.strictObject({ uniform: z.tuple([seconds, seconds]) }),
  z.strictObject({ triangular: z.tuple([seconds, seconds, seconds]) }),
  z.strictObject({ lognormal: z.strictObject({ p50: z.number().positive(), p99: z.number().positive() }) }),
  z.strictObject({ measured: z.array(seconds).min(2) }),
]);
export type Distribution = z.infer<typeof distribution>;

const latency = z.strictObject({
  title: z.string(),
  /** Step of a runbook that waits for it, or `decision`, `start` (of a command), `validate`. */
  step: z.string(),
  seconds: distribution,
  /**
   * `published`: somebody measured it; `documented`: it follows from what the vendor documents; `measured`: here;
   * `modelled`: it is the sandbox' own figure; `assumed`: nobody says.
   */
  basis: z.enum(["published", "documented", "measured", "modelled", "assumed"]),
  /** A URL, or a page of this repository. */
  source: z.union([z.url({ protocol: /^https$/ }), z.string().regex(/^(docs|sandbox)\/[\w./-]+$/)]),
  says: z.string(),
  /** Work of the host: goes with its speed. */
  work: z.boolean().default(false),
});
export type Latency = z.infer<typeof latency>;

const schema = z.strictObject({
  /** For a person. */
  place: z.string(),
  /** Seconds that the host it was measured on needs for a plan; null: a forecast does not go by the host's speed. */
  planSeconds: z.number().positive().nullable(),
  /** Caches that fresh clients sit behind: the first client through any of them ends the outage. */
  resolvers: z.int().min(1),
  /** Of one health check; Cloudflare's in each of the pool's regions. */
  checkers: z.strictObject({
    route53: z.int().min(1),
    cloudflare: z.strictObject({ regions: z.int().min(1), dataCenters: z.int().min(1) }),
  }),
  /** Checkers are evenly out of step; false: they know nothing of one another. */
  takeTurns: z.boolean(),
  /** Share of connections that find a gateway while the load balancer knows no healthy target and tries any. */
  reached: z.number().min(0).max(1),
  latencies: z.strictObject(
    Object.fromEntries(LATENCIES.map((name) => [name, latency])) as Record<LatencyName, typeof latency>,
  ),
});
export type LatencyTable = z.infer<typeof schema>;

/** @throws UsageError when the file is not a table of latencies */
export async function readLatencies(place: Place): Promise<LatencyTable> {
  const file = path.join(import.meta.dirname, `latencies.${place}.json`);
  const parsed = schema.safeParse(JSON.parse(await readFile(file, "utf8")));
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path: at, message }) => `${at.join(".")}: ${message}`);
  throw new UsageError(`${file} is not a table of latencies: ${problems.join("; ")}`);
}

/** Gives the value that a share `p` of all draws is below. */
export function quantileOf(of: Distribution): (p: number) => number {
  if ("constant" in of) return () => of.constant;
  if ("uniform" in of) return (p) => of.uniform[0] + p * (of.uniform[1] - of.uniform[0]);
  if ("triangular" in of) return (p) => triangular(of.triangular, p);
  if ("measured" in of) {
    const sorted = of.measured.toSorted((a, b) => a - b);
    return (p) => interpolated(sorted, p);
  }
  const { p50, p99 } = of.lognormal;
  const deviation = Math.log(p99 / p50) / NORMAL_P99;
  return (p) => p50 * Math.exp(deviation * normal(p));
}

function triangular([low, mode, high]: readonly [number, number, number], p: number): number {
  if (high === low) return low;
  const turn = (mode - low) / (high - low);
  return p < turn
    ? low + Math.sqrt(p * (high - low) * (mode - low))
    : high - Math.sqrt((1 - p) * (high - low) * (high - mode));
}

/** Between samples in order of size, the least at 0 and the greatest at 1. */
export function interpolated(sorted: ArrayLike<number>, p: number): number {
  const at = p * (sorted.length - 1);
  const below = sorted[Math.floor(at)] ?? 0;
  const above = sorted[Math.ceil(at)] ?? below;
  return below + (at - Math.floor(at)) * (above - below);
}

const NORMAL_P99 = 2.3263478740408408;

/**
 * Inverse of the standard normal distribution, absolute error below 4.5e-4: formula 26.2.23 of Abramowitz and Stegun,
 * Handbook of Mathematical Functions. Tails beyond what the data knows do not deserve more.
 */
function normal(p: number): number {
  const tail = p < 0.5 ? p : 1 - p;
  const t = Math.sqrt(-2 * Math.log(tail));
  const above = 2.515517 + t * (0.802853 + t * 0.010328);
  const below = 1 + t * (1.432788 + t * (0.189269 + t * 0.001308));
  const z = t - above / below;
  return p < 0.5 ? -z : z;
}
