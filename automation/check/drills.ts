/** Drills that were done, beside the state: what the readiness check counts the days from. */
import { z } from "zod";
import type { Bucket } from "../adapters/state.ts";
import type { DrillRecord } from "./facts.ts";

const KEY = ".dr/drills.json";
const KEPT = 200;
const schema = z.array(z.object({ at: z.number(), scenario: z.string(), verdict: z.string() }));

export async function readDrills(bucket: Bucket): Promise<readonly DrillRecord[]> {
  const text = await bucket.get(KEY);
  return text === undefined ? [] : schema.parse(JSON.parse(text.toString("utf8")));
}

export async function recordDrill(bucket: Bucket, drill: DrillRecord): Promise<void> {
  const drills = [...(await readDrills(bucket)), drill].slice(-KEPT);
  await bucket.put(KEY, `${JSON.stringify(drills)}\n`);
}
