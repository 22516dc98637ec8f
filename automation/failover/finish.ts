/** Brings a run to its end: dry, done, refused or stopped, each said once and kept. */
import type { Context } from "../commands/command.ts";
import { EXIT, exitCodeOf, messageOf } from "../errors.ts";
import { type Execution, execute, rehearse } from "../runbook/engine.ts";
import type { Output } from "../runbook/output.ts";
import type { RunRecord } from "../runbook/record.ts";
import { decideHalt, decidePermission } from "./decide.ts";
import { writeEvidence } from "./evidence.ts";
import { type Facts, factsOf } from "./facts.ts";
import type { Ports } from "./ports.ts";
import type { RegionWorld } from "./world.ts";

export async function dryRun(
  execution: Execution<Ports, Facts>,
  record: RunRecord,
  output: Output,
): Promise<number> {
  await rehearse(execution);
  const { assessment, mission } = factsOf(record.data);
  const permission = assessment && decidePermission(assessment.loss, { force: false, interactive: false });
  const refusal =
    permission?.act === "refuse"
      ? permission.reason
      : decideHalt(assessment?.halted ?? null, mission?.endHalt ?? false);
  const message =
    refusal === undefined
      ? "dry run: nothing was changed. With --yes it would go ahead"
      : `dry run: nothing was changed. With --yes it would be refused: ${refusal}`;
  await end(record, "dry-run", EXIT.done);
  output.emit({ type: "result", verdict: "dry-run", exitCode: EXIT.done, message });
  return EXIT.done;
}

export async function realRun(
  execution: Execution<Ports, Facts>,
  record: RunRecord,
  output: Output,
  context: Context,
  { outputs }: RegionWorld,
): Promise<number> {
  try {
    await execute(execution);
  } catch (error) {
    const exitCode = exitCodeOf(error);
    const verdict =
      exitCode === EXIT.refused || exitCode === EXIT.usage || exitCode === EXIT.credentials
        ? "refused"
        : "stopped";
    // Nothing was changed: there is nothing to resume either.
    if (verdict === "refused") await end(record, verdict, exitCode);
    await writeEvidence(record);
    output.emit({ type: "result", verdict, exitCode, message: messageOf(error) });
    throw error;
  }
  const { verdict, generation, via } = factsOf(record.data);
  if (verdict === undefined) throw new Error("the run ended without a verdict");
  await end(record, verdict.verdict, verdict.exitCode);
  await execution.report(record.data);
  const evidence = await writeEvidence(record);
  output.emit({ type: "result", ...verdict, data: { evidence, facts: record.data.facts } });
  context.stderr.write(
    `The stack file says what was done. Offer it, so that the next merge does not undo it:\n` +
      `  git switch -c failover/${generation} && git add Pulumi.${outputs.stack}.yaml && ` +
      `git commit -m "Failover ${generation}: ${outputs.region} is active"\n`,
  );
  if (via?.how === "direct")
    context.stderr.write("Pulumi's state does not know it yet: run `dr reconcile`\n");
  return verdict.exitCode;
}

async function end(record: RunRecord, verdict: string, exitCode: number): Promise<void> {
  await record.update((data) => {
    data.finished = { at: Date.now(), verdict, exitCode };
  });
}
