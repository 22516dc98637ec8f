/** Runs a scenario and judges it. Whatever happens, clients are stopped and what was seen is on disk. */
import { writeFile } from "node:fs/promises";
import { InterruptedError, messageOf } from "../errors.ts";
import type { Evidence } from "../report/evidence.ts";
import { judge } from "../report/verdict.ts";
import { currentCommit } from "./commit.ts";
import { Drill, type DrillSettings } from "./drill.ts";
import type { Scenario } from "./scenario.ts";

export interface RunOptions extends DrillSettings {
  /** The evidence is on disk; the world stands until this resolves. */
  readonly concluded: (evidence: Evidence) => Promise<void>;
}

/** @throws when the drill itself could not be done; what the drilled system did wrong is a verdict instead */
export async function runDrill(scenario: Scenario, options: RunOptions): Promise<Evidence> {
  const drill = new Drill({ ...options, worldOptions: { ...scenario.world, ...options.worldOptions } });
  try {
    for (const phase of scenario.phases) {
      options.signal.throwIfAborted();
      options.say({ type: "phase", at: Date.now(), phase: phase.id, title: phase.title });
      await phase.run(drill);
    }
    const measurements = scenario.measure(drill, scenario, await currentCommit());
    const { id, ...rest } = measurements;
    const judgement = judge(measurements, scenario.promised, scenario.findings?.(measurements));
    const evidence: Evidence = { type: "evidence", id, ...judgement, ...rest };
    await writeFile(drill.file("evidence.json"), `${JSON.stringify(evidence, null, 2)}\n`);
    await writeFile(drill.file("defects.json"), `${JSON.stringify(drill.audit?.defects ?? [], null, 2)}\n`);
    await options.concluded(evidence);
    return evidence;
  } catch (error) {
    if (!options.signal.aborted) throw error;
    throw new InterruptedError("the drill was interrupted: no verdict, nothing is left running", {
      cause: error,
    });
  } finally {
    await drill.load?.stop().catch((error: unknown) => drill.note(messageOf(error)));
    await drill.world?.stop();
  }
}
