/**
 * The point of no return: a `cut` seal in every shard that is cut. No later start, failover or replay crosses it. It
 * comes after the damaged database is out of reach: its projector would empty it, to fill it from what stays.
 */
import { FenceError, HalfwayError, messageOf } from "../../errors.ts";
import type { Step } from "../../runbook/step.ts";
import { decideUnchanged, describeCuts } from "../decide.ts";
import { known, type RestoreContext, type RestoreFacts } from "../facts.ts";
import type { RestorePorts, ShardCut } from "../ports.ts";

export const cut: Step<RestorePorts, RestoreFacts> = {
  id: "cut",
  title: "cut the journal: no later replay crosses it",
  plan: () => "put a cut seal into every shard that is cut",
  skip: (context) =>
    known(context, "mission").cut.kind === "none"
      ? { state: "skipped", reason: "no --cut: the journal stays whole" }
      : undefined,
  async run(context) {
    const { generation, region } = known(context, "mission");
    const by = { generation, region, runId: context.run.id };
    const wanted = (await confirmed(context)).flatMap(({ shard, cut: at }) =>
      at === null ? [] : [{ shard, at }],
    );
    const results = await Promise.allSettled(
      wanted.map(({ shard, at }) => context.ports.journal.cut(shard, at.position, by)),
    );
    const failed = results.flatMap((result, n) =>
      result.status === "rejected" ? [`shard ${wanted[n]?.shard}: ${messageOf(result.reason)}`] : [],
    );
    if (failed.length > 0)
      throw new FenceError(`not every shard is cut: ${failed.join("; ")}. The same command tries again`);
    const marked = await Promise.all(
      wanted.map(({ shard, at }) => context.ports.checkpoints.markCut(shard, at.position, context.run.id)),
    );
    const events = wanted.reduce((sum, { at }) => sum + at.events, 0);
    const checkpoints = marked.reduce((sum, count) => sum + count, 0);
    return {
      detail: `${wanted.length} shard(s) cut, ${events} event(s) are no longer log, ${checkpoints} checkpoint(s) behind it marked and never used`,
      data: { events, checkpoints },
    };
  },
};

/** What was confirmed, if the journal still is what was shown then; else it is shown, and confirmed, again. */
async function confirmed(context: RestoreContext): Promise<readonly ShardCut[]> {
  const { region, confirmation, cut: request } = known(context, "mission");
  const { journal, operator } = context.ports;
  const standings = await journal.standings();
  const writing = standings.filter(({ halt }) => halt === null).map(({ shard }) => shard);
  if (writing.length > 0) {
    throw new HalfwayError(
      `writes are accepted again in ${region} (shard ${writing.join(", ")}): halt it with toggle-maintenance.sh --enable, then the same command resumes`,
    );
  }
  const cuts = known(context, "cuts");
  const changed = decideUnchanged(standings, cuts, context.run.id);
  if (changed === undefined) return cuts;
  const anew = await journal.cuts(request);
  const shown = describeCuts(anew).join("\n");
  if (confirmation === "given") {
    throw new HalfwayError(
      `${changed}. What would go now:\n${shown}\nGive the same command at a terminal, to confirm it`,
    );
  }
  const typed = await operator.ask(`${changed}. What would go now:\n${shown}\nType ${region} to go: `);
  if (typed.trim() !== region) {
    throw new HalfwayError(
      `not confirmed: got "${typed.trim()}", must be ${region}. Nothing was cut; the same command asks again`,
    );
  }
  await context.remember({ cuts: anew });
  return anew;
}
