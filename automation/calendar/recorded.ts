/** FIS as it answered once: what a dry run goes by, through the same schemas as the real answers. */
import { readFile } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import { type Experiment, type FisPort, parseExperiment, parseTemplate } from "./fis.ts";

const FILE = path.join(import.meta.dirname, "recorded.json");
/** Any: the recording answers for it. */
export const RECORDED_TEMPLATE = "EXT1a2b3c4d5e6f7";
const schema = z.object({
  template: z.unknown(),
  experiments: z.array(z.unknown()).min(2),
  stopped: z.unknown(),
});

export async function recordedFis(): Promise<FisPort> {
  const recorded = schema.parse(JSON.parse(await readFile(FILE, "utf8")));
  const states = recorded.experiments.map(parseExperiment);
  let looks = 0;
  const at = (index: number): Experiment => {
    const state = states[Math.min(index, states.length - 1)];
    if (state === undefined) throw new Error(`${FILE} has no experiment`);
    return state;
  };
  return {
    template: async () => parseTemplate(recorded.template),
    start: async () => at(0),
    get: async () => at(++looks),
    stop: async () => parseExperiment(recorded.stopped),
  };
}
