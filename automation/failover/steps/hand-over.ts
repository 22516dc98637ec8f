/** Role `active`: from now on the autoscaler owns the number of replicas. Nobody waits for this. */
import type { Step } from "../../runbook/step.ts";
import type { Facts } from "../facts.ts";
import { handOver } from "../flips.ts";
import type { Ports } from "../ports.ts";

export const handOverReplicas: Step<Ports, Facts> = {
  id: "hand-over",
  title: "role active: the autoscaler owns the number of replicas",
  plan: () => "set role active, which leaves the number of replicas to the autoscaler",
  async skip({ ports }) {
    if ((await ports.stack.deployed()).role !== "active") return;
    return { state: "already-done", reason: "role active is deployed" };
  },
  async run(context) {
    const { via, reason } = await context.ports.stack.flip(handOver(context));
    await context.remember({ via: reason === undefined ? { how: via } : { how: via, reason } });
    return { detail: via === "pulumi" ? "by Pulumi" : `in the stack file only (${reason ?? "--direct"})` };
  },
};
