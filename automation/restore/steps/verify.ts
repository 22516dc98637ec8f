/** Whether what was restored may be used: before anything that cannot be taken back. */
import { HalfwayError } from "../../errors.ts";
import type { Step } from "../../runbook/step.ts";
import { decideUse } from "../decide.ts";
import { known, type RestoreContext, type RestoreFacts } from "../facts.ts";
import type { RestorePorts } from "../ports.ts";

export const verify: Step<RestorePorts, RestoreFacts> = {
  id: "verify",
  title: "every watermark at or before its cut, and the rows equal to the journal's fold up to there",
  plan: () => "compare the restored watermarks and rows with the journal",
  async run(context) {
    const { restored } = known(context, "mission");
    const { database, journal, proof } = context.ports;
    const endpoint = await endpointOf(context);
    const marks = (await database.watermarks(endpoint)).filter(({ seq }) => seq > 0);
    const inLog = new Map<number, boolean>();
    for (const mark of marks) inLog.set(mark.shard, (await journal.tail(mark.shard, mark)) !== undefined);
    const early = decideUse(marks, known(context, "cuts"), inLog, []);
    const differences = early === undefined ? await proof.differences(endpoint) : [];
    const refusal = early ?? decideUse(marks, known(context, "cuts"), inLog, differences);
    if (refusal !== undefined) {
      throw new HalfwayError(
        `${refusal}. ${restored} stays beside the damaged database and is not used: delete it, then give the command with an earlier --restore-to`,
      );
    }
    await context.remember({ watermarks: marks });
    const places = marks.map(({ shard, seq }) => `${shard} at ${seq}`).join(", ");
    return { detail: `watermarks in the valid journal (${places || "empty"}), rows equal to its fold there` };
  },
};

export async function endpointOf(context: RestoreContext): Promise<string> {
  const { restored } = known(context, "mission");
  const cluster = await context.ports.database.cluster(restored);
  if (cluster === undefined) throw new Error(`there is no cluster ${restored}`);
  return cluster.endpoint;
}
