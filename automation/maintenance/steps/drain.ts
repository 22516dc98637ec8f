/** Waits for the engines to answer what the journal has, to checkpoint and to stop; nobody needs those that do not. */
import { messageOf } from "../../errors.ts";
import type { Step } from "../../runbook/step.ts";
import { type NotYet, TimedOutError, until } from "../../runbook/wait.ts";
import { unstopped } from "../decide.ts";
import { known, type MaintenanceContext, type MaintenanceFacts } from "../facts.ts";
import type { MaintenancePorts } from "../ports.ts";

/** An engine learns of the seal by its next append, a second later at most, and has 10 s to settle what it put. */
const LIMIT_MILLISECONDS = 15_000;
const LOOK_MILLISECONDS = 250;

export const drain: Step<MaintenancePorts, MaintenanceFacts> = {
  id: "drain",
  title: "engines answer what is in the journal, checkpoint and stop",
  plan: () => "wait for every engine to say that it stopped, 15 s at most",
  async run(context) {
    const { shards } = known(context, "mission");
    let silent: readonly string[] = [];
    const look = async (): Promise<{ readonly drained: number } | NotYet> => {
      const seen = await stillRunning(context, shards);
      silent = seen.names;
      return silent.length > 0
        ? { waitingFor: `the engines to stop: ${silent.join(", ")}` }
        : { drained: seen.drained };
    };
    try {
      const { drained } = await until(look, {
        limitMilliseconds: LIMIT_MILLISECONDS,
        intervalMilliseconds: LOOK_MILLISECONDS,
        clock: context.clock,
        signal: context.signal,
        say: context.wait,
      });
      await context.remember({ silentEngines: [] });
      return { detail: `${shards} engine(s) stopped, ${drained} with a checkpoint at the seal` };
    } catch (error) {
      if (!(error instanceof TimedOutError)) throw error;
    }
    await context.remember({ silentEngines: silent });
    return {
      detail: `not known to have stopped: ${silent.join(", ")}. The seal keeps them from writing; the next start replays from an older checkpoint`,
    };
  },
};

async function stillRunning(
  context: MaintenanceContext,
  shards: number,
): Promise<{ readonly names: readonly string[]; readonly drained: number }> {
  const status = await context.ports.gateway.status().catch((error: unknown) => messageOf(error));
  if (typeof status === "string") return { names: [`no gateway answers (${status})`], drained: 0 };
  const drained = status.shards.filter((engine) => engine.drained).length;
  return { names: unstopped(status, shards), drained };
}
