/** The projector replays the journal from the restored watermarks to where it ends. */
import { messageOf } from "../../errors.ts";
import type { Step } from "../../runbook/step.ts";
import { type NotYet, until } from "../../runbook/wait.ts";
import { known, type RestoreContext, type RestoreFacts } from "../facts.ts";
import type { RestorePorts } from "../ports.ts";

const LIMIT_MILLISECONDS = 24 * 3_600_000;
const LOOK_MILLISECONDS = 1_000;

export const catchUp: Step<RestorePorts, RestoreFacts> = {
  id: "catch-up",
  title: "replay the journal into the restored database, to its end",
  plan: () => "wait until every shard's watermark is the journal's last record",
  async run(context) {
    const { events } = await until(() => look(context), {
      limitMilliseconds: LIMIT_MILLISECONDS,
      intervalMilliseconds: LOOK_MILLISECONDS,
      clock: context.clock,
      signal: context.signal,
      say: context.wait,
    });
    await context.remember({ caughtUpAt: context.clock.wall() });
    return {
      detail: `${events} event(s) replayed, every watermark is the journal's last record`,
      data: { events },
    };
  },
};

async function look(context: RestoreContext): Promise<{ readonly events: number } | NotYet> {
  const { gateway, journal } = context.ports;
  const status = await gateway.status().catch((error: unknown) => messageOf(error));
  if (typeof status === "string") return { waitingFor: `a gateway: ${status}` };
  const { projector } = status;
  if (projector === null) return { waitingFor: "the projector to answer" };
  const [stopped] = projector.stopped;
  if (stopped !== undefined)
    return { waitingFor: `the projector of shard ${stopped.shard}: ${stopped.reason}` };
  const restoredMarks = known(context, "watermarks");
  let events = 0;
  for (const { shard, head } of await journal.standings()) {
    const mark = projector.watermarks.find((one) => one.shard === shard);
    if ((mark?.seq ?? 0) !== head.seq || (head.seq > 0 && mark?.hash !== head.hash)) {
      return { waitingFor: `shard ${shard} of the projection: at ${mark?.seq ?? 0} of ${head.seq}` };
    }
    const tail = await journal.tail(
      shard,
      restoredMarks.find((one) => one.shard === shard),
    );
    events += tail?.events ?? 0;
  }
  return { events };
}
