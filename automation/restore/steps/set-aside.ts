/** The damaged database is evidence: kept, under another name, read-only. Nobody follows the journal into it any more. */
import type { Step } from "../../runbook/step.ts";
import { until } from "../../runbook/wait.ts";
import { known, type RestoreFacts } from "../facts.ts";
import type { RestorePorts } from "../ports.ts";

/** "About two minutes". https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/multi-az-db-cluster-rename.html */
const LIMIT_MILLISECONDS = 30 * 60_000;
const LOOK_MILLISECONDS = 2_000;

export const setAside: Step<RestorePorts, RestoreFacts> = {
  id: "set-aside",
  title: "rename the damaged database and make it read-only",
  plan: (context) => {
    const { damaged, kept } = known(context, "mission");
    return `rename ${damaged} to ${kept}, read-only`;
  },
  async run(context) {
    const { damaged, kept } = known(context, "mission");
    const { database } = context.ports;
    let asked = false;
    await until(
      async () => {
        const old = await database.cluster(damaged);
        if (old?.status === "available" && !asked) {
          await database.rename(damaged, kept);
          asked = true;
        }
        if (old !== undefined) return { waitingFor: `${damaged} to be ${kept}: ${old.status}` };
        const renamed = await database.cluster(kept);
        return renamed?.status === "available"
          ? renamed
          : { waitingFor: `${kept}: ${renamed?.status ?? "absent"}` };
      },
      {
        limitMilliseconds: LIMIT_MILLISECONDS,
        intervalMilliseconds: LOOK_MILLISECONDS,
        clock: context.clock,
        signal: context.signal,
        say: context.wait,
      },
    );
    await database.restart(kept);
    return { detail: `${damaged} is ${kept} now, read-only` };
  },
  async verify(context) {
    const { damaged, kept } = known(context, "mission");
    const { database } = context.ports;
    if ((await database.cluster(kept)) === undefined) throw new Error(`there is no cluster ${kept}`);
    if ((await database.cluster(damaged)) !== undefined)
      throw new Error(`${damaged} still answers to its name`);
  },
};
