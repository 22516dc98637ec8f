/** The fresh table takes the damaged one's place in the program, in both stacks; then the projection must be at its end. */
import { messageOf } from "../../errors.ts";
import type { Step } from "../../runbook/step.ts";
import { type NotYet, until } from "../../runbook/wait.ts";
import { known, type RebuildContext, type RebuildFacts } from "../facts.ts";
import type { RebuildPorts } from "../ports.ts";

const LIMIT_MILLISECONDS = 24 * 3_600_000;
const LOOK_MILLISECONDS = 1_000;

export const cutover: Step<RebuildPorts, RebuildFacts> = {
  id: "cutover",
  title: "the program's journal is the fresh table: config flip, state import, clean preview of both stacks",
  plan: (context) => {
    const { incarnation, into } = known(context, "mission");
    return `set journalIncarnation ${incarnation}, import ${into} into the state, update what names the table`;
  },
  async run(context) {
    const { into } = known(context, "mission");
    const { changed } = await context.ports.cutover.flip();
    await context.remember({ changed });
    return { detail: `the program's journal is ${into}, previews are clean`, data: { changed } };
  },
};

export const catchUp: Step<RebuildPorts, RebuildFacts> = {
  id: "catch-up",
  title: "the projection is at the fresh journal's end, or is made anew from it",
  plan: () => "wait until every shard's watermark is the journal's last record",
  async run(context) {
    await until(() => look(context), {
      limitMilliseconds: LIMIT_MILLISECONDS,
      intervalMilliseconds: LOOK_MILLISECONDS,
      clock: context.clock,
      signal: context.signal,
      say: context.wait,
    });
    await context.remember({ caughtUpAt: context.clock.wall() });
    return { detail: "every watermark is the journal's last record" };
  },
};

async function look({ ports }: RebuildContext): Promise<object | NotYet> {
  const marks = await ports.database.watermarks().catch((error: unknown) => messageOf(error));
  if (typeof marks === "string") return { waitingFor: `the database to answer: ${marks}` };
  for (const { shard, head } of await ports.fresh.standings()) {
    const mark = marks.find((one) => one.shard === shard);
    if ((mark?.seq ?? 0) !== head.seq || (head.seq > 0 && mark?.hash !== head.hash))
      return { waitingFor: `shard ${shard} of the projection: at ${mark?.seq ?? 0} of ${head.seq}` };
  }
  return {};
}
