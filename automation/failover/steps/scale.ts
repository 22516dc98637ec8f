/** Role `promoting`: the engines and gateways of the target region get their production size. */
import type { Step } from "../../runbook/step.ts";
import { type Context, type Facts, fact } from "../facts.ts";
import { scaleOut } from "../flips.ts";
import type { Ports } from "../ports.ts";

export const scale: Step<Ports, Facts> = {
  id: "scale",
  title: "role promoting: scale the target region to its production size",
  plan: (context) =>
    `set role promoting and scale ${fact(context, "mission")
      .deployments.map(({ name, replicas }) => `${name} to ${replicas}`)
      .join(", ")}`,
  async skip(context) {
    if (context.facts.via !== undefined && (await missing(context)).length === 0) {
      return { state: "already-done", reason: "scaled in an earlier start of this run" };
    }
    const { role } = await context.ports.stack.deployed();
    if (role === "passive" || role === undefined || (await missing(context)).length > 0) return;
    return { state: "already-done", reason: `role ${role} is deployed and every Deployment has its size` };
  },
  async run(context) {
    const flipped = await context.ports.stack.flip(scaleOut(context));
    await context.remember({
      via: flipped.reason === undefined ? { how: flipped.via } : { how: flipped.via, reason: flipped.reason },
    });
    const { deployments } = fact(context, "mission");
    const how = flipped.via === "pulumi" ? "by Pulumi" : `by API (${flipped.reason ?? "--direct"})`;
    return { detail: `${deployments.length} Deployments scaled ${how}`, data: flipped };
  },
  async verify(context) {
    const short = await missing(context);
    if (short.length > 0) throw new Error(`still not at production size: ${short.join(", ")}`);
  },
};

/** Deployments below their size, as the cluster itself says. */
async function missing(context: Context): Promise<readonly string[]> {
  const seen = new Map((await context.ports.cluster.deployments()).map((one) => [one.name, one.desired]));
  return fact(context, "mission")
    .deployments.filter(({ name, replicas }) => (seen.get(name) ?? 0) < replicas)
    .map(({ name, replicas }) => `${name} ${seen.get(name) ?? "absent"} of ${replicas}`);
}
