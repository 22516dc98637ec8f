/** The projector replays the journal from the restored watermarks to where it ends. */
import { messageOf } from "../../errors.ts";
import type { Step } from "../../runbook/step.ts";
import { type NotYet, until } from "../../runbook/wait.ts";
import { known, type RestoreContext, type RestoreFacts } from "../facts.ts";
import type { RestorePorts } from "../ports.ts";
import { endpointOf } from "./verify.ts";

const LIMIT_MILLISECONDS = 24 * 3_600_000;
const LOOK_MILLISECONDS = 1_000;

export const catchUp: Step<RestorePorts, RestoreFacts> = {
  id: "catch-up",
  title: "replay the journal into the restored database, to its end",
  plan: () => "wait until every shard's watermark is the journal's last record",
  async run(context) {
    const endpoint = await endpointOf(context);
    const { events } = await until(() => look(context, endpoint), {
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

/** Asked of the restored database itself: the pod that followed the damaged one may still answer the gateway. */
async function look(
  context: RestoreContext,
  endpoint: string,
): Promise<{ readonly events: number } | NotYet> {
  const { database, journal } = context.ports;
  const marks = await database.watermarks(endpoint).catch((error: unknown) => messageOf(error));
  if (typeof marks === "string") return { waitingFor: `the restored database to answer: ${marks}` };
  const restoredMarks = known(context, "watermarks");
  let events = 0;
  for (const { shard, head } of await journal.standings()) {
    const mark = marks.find((one) => one.shard === shard);
    if ((mark?.seq ?? 0) !== head.seq || (head.seq > 0 && mark?.hash !== head.hash)) {
      return {
        waitingFor: `shard ${shard} of the projection: at ${mark?.seq ?? 0} of ${head.seq}${await stopped(context, shard)}`,
      };
    }
    const tail = await journal.tail(
      shard,
      restoredMarks.find((one) => one.shard === shard),
    );
    events += tail?.events ?? 0;
  }
  return { events };
}

/** Why the projector does not go on, where it says so. */
async function stopped({ ports }: RestoreContext, shard: number): Promise<string> {
  const status = await ports.gateway.status().catch(() => undefined);
  const reason = status?.projector?.stopped.find((one) => one.shard === shard)?.reason;
  return reason === undefined ? "" : `, stopped: ${reason}`;
}
