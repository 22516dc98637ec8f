/** Done means that clients are refused: a write is tried by the public name, at every address it has. */
import type { Step } from "../../runbook/step.ts";
import { until } from "../../runbook/wait.ts";
import { decideClosed } from "../decide.ts";
import type { MaintenanceFacts } from "../facts.ts";
import type { MaintenancePorts } from "../ports.ts";

/** Gateways read the control item every second. */
const LIMIT_MILLISECONDS = 60_000;
const LOOK_MILLISECONDS = 500;

export const closed: Step<MaintenancePorts, MaintenanceFacts> = {
  id: "closed",
  title: "the public name refuses writes: 503, maintenance, Retry-After",
  plan: () => "try a write that can never become an order at every address of the public name",
  async run(context) {
    const { knocks } = await until(
      async () => {
        const seen = await context.ports.door.knock();
        const missing = decideClosed(seen);
        return missing === undefined ? { knocks: seen } : { waitingFor: missing };
      },
      {
        limitMilliseconds: LIMIT_MILLISECONDS,
        intervalMilliseconds: LOOK_MILLISECONDS,
        clock: context.clock,
        signal: context.signal,
        say: context.wait,
      },
    );
    await context.remember({ verifiedAt: context.clock.wall() });
    const addresses = new Set(knocks.flatMap(({ address, status }) => (status === null ? [] : [address])));
    return {
      detail: `${addresses.size} address(es) answer 503 maintenance, the public name's among them`,
      data: { knocks },
    };
  },
};
