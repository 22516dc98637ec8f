/** Traffic on: one control item. Done means that traffic moved, not that a record changed. */
import type { Step } from "../../runbook/step.ts";
import { until } from "../../runbook/wait.ts";
import { decideMoved } from "../decide.ts";
import { type Context, type Facts, fact } from "../facts.ts";
import { openTraffic } from "../flips.ts";
import type { Ports } from "../ports.ts";

const LOOK_MILLISECONDS = 1_000;

export const traffic: Step<Ports, Facts> = {
  id: "traffic",
  title: "traffic on; watch the public name and both sides until traffic has moved",
  plan: (context) =>
    `set traffic on: one control item of ${fact(context, "mission").target}; then wait until every resolver leads there and the old side's requests end`,
  async run(context) {
    const { target, trafficLimitSeconds } = fact(context, "mission");
    const { ports } = context;
    const standing = await ports.journal.control(target);
    const deployed = await ports.stack.deployed();
    // Both: a flip that was killed half-way may have changed the item and left Pulumi's state behind.
    const flipped =
      standing?.traffic === "on" && (deployed.traffic === "on" || context.facts.via?.how === "direct");
    if (!flipped) {
      const { via, reason } = await ports.stack.flip(openTraffic(context));
      await context.remember({ via: reason === undefined ? { how: via } : { how: via, reason } });
      context.note(
        `traffic is on in ${target}, ${via === "pulumi" ? "by Pulumi" : `by API (${reason ?? "--direct"})`}`,
      );
    }
    const look = mover(context);
    await until(look, {
      limitMilliseconds: trafficLimitSeconds * 1000,
      intervalMilliseconds: LOOK_MILLISECONDS,
      clock: context.clock,
      signal: context.signal,
      say: context.wait,
    });
    const trafficMovedAt = context.clock.wall();
    await context.remember({ trafficMovedAt });
    const seconds = (trafficMovedAt - fact(context, "goAt")) / 1000;
    return {
      detail: `fresh requests by the public name are answered by ${target}, ${seconds.toFixed(1)} s after the go`,
      data: { trafficMovedAt },
    };
  },
  async verify(context) {
    const { target } = fact(context, "mission");
    const control = await context.ports.journal.control(target);
    if (control?.traffic !== "on")
      throw new Error(`the control item of ${target} says traffic ${control?.traffic}`);
  },
};

/** Looks at the name and at what the old side took since the look before. */
function mover(context: Context) {
  const { names, probes } = context.ports;
  const { target } = fact(context, "mission");
  let before: number | undefined;
  return async () => {
    const [answers, accepted] = await Promise.all([names.look(), probes.acceptedByOldSide()]);
    const since = accepted === undefined ? undefined : accepted - (before ?? accepted);
    before = accepted;
    const missing = decideMoved(target, answers, since);
    return missing === undefined ? { answers } : { waitingFor: missing };
  };
}
