/** Answers that must not have been given: from the past, or by a region that no longer decides. */
import type { Attempt } from "../client-log.ts";
import type { Defect } from "./defect.ts";
import type { Operation } from "./operations.ts";
import type { Folded } from "./second-fold.ts";

/** Outcomes for which a region had to know the state of an order. */
const STATE_DEPENDENT = new Set<Attempt["outcome"]>(["accepted", "read", "absent", "refused"]);

/** @param fencedAt when the lost region was fenced, milliseconds since 1970; null: it never was */
export function answersAfterFence(
  attempts: readonly Attempt[],
  lost: string,
  fencedAt: number | null,
): Defect[] {
  if (fencedAt === null) return [];
  return attempts
    .filter(({ region, sent, outcome }) => region === lost && sent > fencedAt && STATE_DEPENDENT.has(outcome))
    .map(({ client, operation, kind, outcome, sent }) => ({
      kind: "stale",
      subject: `${client} operation ${operation}`,
      detail: `${lost} answered "${outcome}" to a ${kind} sent ${Math.round(sent - fencedAt)} ms after the fence`,
    }));
}

/** What was read must be in the journal, at the place that the answer names. */
export function answersBesideTheLog(operations: readonly Operation[], { orders }: Folded): Defect[] {
  return operations.flatMap(({ key, attempts }) =>
    attempts
      .filter(({ outcome, ack }) => {
        const placedAt = orders.get(key)?.placedAt;
        const named =
          placedAt?.epoch === ack?.epoch && placedAt?.seq === ack?.seq && placedAt?.hash === ack?.hash;
        return outcome === "read" && !named;
      })
      .map(({ client, operation, clientOrderId }) => ({
        kind: "stale",
        subject: `${client} operation ${operation}`,
        detail: `order ${clientOrderId} was read at a place where the journal does not have it`,
      })),
  );
}

interface Seen {
  readonly answered: number;
  readonly remaining: number;
  readonly cancelled: boolean;
}

/** What a client was told of one order must never go back: it exists, shrinks, and stays cancelled. */
export function answersFromThePast(operations: readonly Operation[]): Defect[] {
  const orders = Map.groupBy(operations, ({ key }) => key);
  return [...orders.values()].flatMap((about) => orderDefects(about.flatMap(({ attempts }) => attempts)));
}

function orderDefects(attempts: readonly Attempt[]): Defect[] {
  const seen: Seen[] = [];
  const defects: Defect[] = [];
  for (const attempt of attempts.toSorted((a, b) => a.answered - b.answered)) {
    const known = seen.filter(({ answered }) => answered < attempt.sent);
    const wrong = known.length > 0 ? contradiction(attempt, known) : undefined;
    if (wrong !== undefined) {
      const subject = `${attempt.client} operation ${attempt.operation}`;
      defects.push({ kind: "stale", subject, detail: `${wrong} (${attempt.clientOrderId})` });
    }
    const told = toldBy(attempt);
    if (told !== undefined) seen.push(told);
  }
  return defects;
}

function contradiction(attempt: Attempt, known: readonly Seen[]): string | undefined {
  if (attempt.outcome === "absent" || (attempt.kind === "cancel" && attempt.status === 404)) {
    return "an acknowledged order was answered as absent";
  }
  if (attempt.outcome !== "read") return undefined;
  if (attempt.state?.status !== "cancelled" && known.some(({ cancelled }) => cancelled)) {
    return `a cancelled order was read as ${attempt.state?.status}`;
  }
  const least = Math.min(...known.map(({ remaining }) => remaining));
  const remaining = attempt.state?.remaining ?? 0;
  return remaining > least ? `${remaining} open were read after ${least}` : undefined;
}

function toldBy({ kind, outcome, answered, order, state }: Attempt): Seen | undefined {
  if (outcome === "read") {
    return { answered, remaining: state?.remaining ?? Infinity, cancelled: state?.status === "cancelled" };
  }
  if (outcome !== "accepted") return undefined;
  const remaining = kind === "place" ? (order?.quantity ?? Infinity) : Infinity;
  return { answered, remaining, cancelled: kind === "cancel" };
}
