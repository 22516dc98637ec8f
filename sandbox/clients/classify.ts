/** What an answer, or the lack of one, allows a client to conclude. */
import { z } from "zod";
import type { Acknowledged, Attempt, Outcome } from "../../automation/drill/client-log.ts";
import type { Reply } from "./exchange.ts";

const acknowledgedBody = z.object({
  ack: z.object({ shard: z.int(), epoch: z.int(), seq: z.int(), hash: z.string() }),
  quantity: z.int().optional(),
});
const stateBody = acknowledgedBody.extend({ status: z.string(), remaining: z.int() });

export interface Conclusion {
  readonly outcome: Outcome;
  readonly ack: Acknowledged | null;
  readonly state?: NonNullable<Attempt["state"]>;
  readonly error?: string;
}

const REFUSALS = new Set([400, 404, 409, 422]);

export function classify(kind: Attempt["kind"], reply: Reply): Conclusion {
  const because = reply.error === undefined ? {} : { error: reply.error };
  if (reply.status === null) {
    return { outcome: reply.connected ? "unknown" : "unsent", ack: null, ...because };
  }
  if (reply.status === 200 || reply.status === 201) return success(kind, reply);
  if (reply.status === 404 && kind === "read") return { outcome: "absent", ack: null };
  if (REFUSALS.has(reply.status)) return { outcome: "refused", ack: null };
  if (reply.status === 503) return { outcome: "never-appended", ack: null };
  // 504 says so itself; whatever else a proxy may answer says nothing about the order.
  return { outcome: "unknown", ack: null, error: `status ${reply.status}` };
}

function success(kind: Attempt["kind"], reply: Reply): Conclusion {
  if (kind === "read") {
    const parsed = stateBody.safeParse(reply.body);
    if (!parsed.success) return malformed(reply);
    const { ack, status, remaining } = parsed.data;
    return { outcome: "read", ack, state: { status, remaining } };
  }
  const parsed = acknowledgedBody.safeParse(reply.body);
  if (!parsed.success) return malformed(reply);
  const { ack, quantity } = parsed.data;
  return kind === "cancel" && quantity !== undefined
    ? { outcome: "accepted", ack, state: { status: "cancelled", remaining: quantity } }
    : { outcome: "accepted", ack };
}

/** A success that carries no proof is none. */
const malformed = (reply: Reply): Conclusion => ({
  outcome: "unknown",
  ack: null,
  error: `status ${reply.status} without a readable acknowledgement: ${JSON.stringify(reply.body)}`,
});
