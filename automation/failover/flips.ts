/**
 * What a failover flips, in its order. Capacity first; then traffic alone, for nothing else is between clients and the
 * new region; the role that hands the number of replicas to the autoscaler when nobody waits any more.
 */
import { type Context, fact } from "./facts.ts";
import type { Flip } from "./ports.ts";

export const scaleOut = (context: Context): Flip => ({
  role: "promoting",
  acceptGeneration: generation(context),
});

/** The role is said again: the plan is made before the scale-out is. */
export const openTraffic = (context: Context): Flip => ({
  ...asBefore(context),
  role: "promoting",
  traffic: "on",
  acceptGeneration: generation(context),
});

export const handOver = (context: Context): Flip => ({
  ...asBefore(context),
  role: "active",
  acceptGeneration: generation(context),
});

/** The decision's generation; before it is made, and in a dry run, the one that it would have. */
const generation = (context: Context): number =>
  context.facts.generation ?? fact(context, "mission").seenGeneration + 1;

/** By API when an earlier flip of this run went so: Pulumi's state does not know of it. */
const asBefore = ({ facts }: Context): Pick<Flip, "direct"> =>
  facts.via?.how === "direct" ? { direct: true } : {};
