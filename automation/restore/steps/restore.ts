/** The database as it was, beside the damaged one: a cluster, then its instances. */
import type { Step } from "../../runbook/step.ts";
import { until } from "../../runbook/wait.ts";
import { known, type RestoreContext, type RestoreFacts } from "../facts.ts";
import type { RestorePorts } from "../ports.ts";
import { iso, wholeSecond } from "../times.ts";

/** Large volumes take hours. */
const LIMIT_MILLISECONDS = 24 * 3_600_000;
const LOOK_MILLISECONDS = 2_000;

export const restore: Step<RestorePorts, RestoreFacts> = {
  id: "restore",
  title:
    "restore the database to the whole second before, beside the damaged one (RestoreDBClusterToPointInTime)",
  plan: (context) => {
    const { damaged, restored, restoreTo } = known(context, "mission");
    return `restore ${damaged} to ${iso(wholeSecond(restoreTo))} as ${restored}`;
  },
  async run(context) {
    const { damaged, restored, restoreTo } = known(context, "mission");
    const { database } = context.ports;
    const time = wholeSecond(restoreTo);
    if ((await database.cluster(restored)) === undefined)
      await database.restore({ from: damaged, id: restored, time });
    await available(context);
    await context.remember({ restoredAt: context.clock.wall() });
    return { detail: `${restored} is ${damaged} as of ${iso(time)}` };
  },
};

export const attach: Step<RestorePorts, RestoreFacts> = {
  id: "attach",
  title: "give the restored cluster its instances",
  plan: (context) =>
    `create ${known(context, "instances")} instance(s) of ${known(context, "mission").restored}`,
  async run(context) {
    const { restored } = known(context, "mission");
    const count = known(context, "instances");
    await context.ports.database.attach(restored, count);
    await available(context, count);
    return { detail: `${count} instance(s) of ${restored} are available` };
  },
};

/** Waits for the cluster, and for so many instances. */
async function available(context: RestoreContext, count = 0): Promise<void> {
  const { restored } = known(context, "mission");
  await until(
    async () => {
      const cluster = await context.ports.database.cluster(restored);
      if (cluster?.status !== "available")
        return { waitingFor: `${restored}: ${cluster?.status ?? "absent"}` };
      const ready = cluster.instances.filter(({ status }) => status === "available").length;
      return ready >= count ? cluster : { waitingFor: `instances of ${restored}: ${ready} of ${count}` };
    },
    {
      limitMilliseconds: LIMIT_MILLISECONDS,
      intervalMilliseconds: LOOK_MILLISECONDS,
      clock: context.clock,
      signal: context.signal,
      say: context.wait,
    },
  );
}
