/** The database's own failover, beside the orders: nothing on their path needs it. */
import type { Anchor } from "../../../journal/model.ts";
import { messageOf } from "../../errors.ts";
import type { Step } from "../../runbook/step.ts";
import { until } from "../../runbook/wait.ts";
import { type Context, type Facts, fact } from "../facts.ts";
import type { Ports } from "../ports.ts";

/** AWS says minutes; about 8 have been reported. */
const LIMIT_MILLISECONDS = 20 * 60_000;
const LOOK_MILLISECONDS = 1_000;

export const promote: Step<Ports, Facts> = {
  id: "promote",
  title:
    "promote the database of the target region (FailoverGlobalCluster, data loss allowed: the journal has it)",
  plan: (context) => `make ${fact(context, "mission").target} the writer of the global database`,
  async skip(context) {
    const { writer, status } = await context.ports.database.state();
    const { target } = fact(context, "mission");
    if (writer !== target || status !== "available") return;
    if (context.facts.databaseWritableAt === undefined)
      await context.remember({ databaseWritableAt: context.clock.wall() });
    return { state: "already-done", reason: `${target} is the writer` };
  },
  async run(context) {
    const { database } = context.ports;
    const { target } = fact(context, "mission");
    if (context.facts.watermarks === undefined)
      await context.remember({ watermarks: await lastWatermarks(context) });
    await begin(database);
    await until(
      async () => {
        const { status, writer } = await database.state();
        if (writer === target && status === "available") return { writer };
        return {
          waitingFor: `the database of ${target} to become the writer: ${status}, writer ${writer ?? "unknown"}`,
        };
      },
      {
        limitMilliseconds: LIMIT_MILLISECONDS,
        intervalMilliseconds: LOOK_MILLISECONDS,
        clock: context.clock,
        signal: context.signal,
        say: context.wait,
      },
    );
    await context.remember({ databaseWritableAt: context.clock.wall() });
    return { detail: `${target} is the writer` };
  },
};

/** A promotion that has begun, by an earlier start of this run or by a person, is refused by RDS: it is waited for. */
async function begin(database: Ports["database"]): Promise<void> {
  if ((await database.state()).status !== "available") return;
  try {
    await database.promote();
  } catch (error) {
    if ((await database.state()).status === "available") throw error;
  }
}

/** What the replica holds before it is promoted: the projector moves it at once afterwards. */
async function lastWatermarks({ ports, note }: Context): Promise<readonly (Anchor | null)[] | null> {
  const seen = await ports.database.watermarks().catch((error: unknown) => {
    note(`the replica's watermarks are unknown: ${messageOf(error)}`);
    return undefined;
  });
  return seen ?? null;
}
