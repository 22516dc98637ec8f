/**
 * Quarantined commands sent again, under their own client order ids: what still stands answers as a repetition, so that
 * sending twice does no harm, and nothing happens without a decision.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { exchange, type HttpAnswer, NoAnswerError } from "../adapters/http.ts";
import { Decisions, idOf, type Quarantined, readQuarantine } from "./quarantine.ts";

export interface ResubmitOptions {
  readonly file: string;
  /** The platform's API, e.g. `https://exchange.example.com`. */
  readonly url: string;
  /** Asked of each that is undecided: `skip` is for good, `leave` for later. */
  readonly decide: (command: Quarantined) => Promise<"send" | "skip" | "leave" | "stop">;
  readonly onSent?: (command: Quarantined, status: number, body: string) => void;
  /** It was to be sent, and stays undecided. */
  readonly onUnsettled?: (command: Quarantined, reason: string) => void;
  readonly signal?: AbortSignal | undefined;
}

export interface Resubmitted {
  /** Accepted, or a repetition of what stands. */
  readonly accepted: number;
  /** Answered otherwise, for good. */
  readonly refused: number;
  readonly skipped: number;
  /** Not decided, or without an answer: the same command goes on. */
  readonly undecided: number;
}

const TIMEOUT_MILLISECONDS = 5_000;
const TRIES = 3;
const RETRY_MILLISECONDS = 500;

/**
 * Each decision is kept in FILE.decisions once it is carried out; a run that ends anywhere is taken up again. It ends at
 * the first command without an answer: a cancel that is sent before its order would be refused for good.
 */
export async function resubmit(options: ResubmitOptions): Promise<Resubmitted> {
  const commands = await readQuarantine(options.file);
  const decisions = await Decisions.open(options.file);
  const done = { accepted: 0, refused: 0, skipped: 0 };
  try {
    const open = commands.filter((command) => !decisions.has(idOf(command)));
    for (const command of open) {
      options.signal?.throwIfAborted();
      const decision = await options.decide(command);
      if (decision === "stop") break;
      if (decision === "leave") continue;
      const id = idOf(command);
      const at = new Date().toISOString();
      if (decision === "skip") {
        await decisions.keep({ id, decision: "skipped", at, answer: null });
        done.skipped += 1;
        continue;
      }
      const order = orderSchema.safeParse(command.command);
      if (!order.success) {
        options.onUnsettled?.(command, "it names no order that could be placed or cancelled");
        continue;
      }
      const answer = await send(options, order.data);
      if ("unsettled" in answer) {
        options.onUnsettled?.(command, answer.unsettled);
        break;
      }
      await decisions.keep({ id, decision: "resubmitted", at, answer });
      options.onSent?.(command, answer.status, answer.body);
      if (answer.status < 300) done.accepted += 1;
      else done.refused += 1;
    }
    return { ...done, undecided: open.length - done.accepted - done.refused - done.skipped };
  } finally {
    await decisions.close();
  }
}

const orderSchema = z.looseObject({
  type: z.enum(["place", "cancel"]),
  client: z.string(),
  clientOrderId: z.string(),
});

/** What the platform says of an order for good, whatever else may answer under its name (a proxy, another server). */
const settledSchema = z.object({
  status: z.enum(["accepted", "cancelled", "refused", "conflict", "unknown-order", "malformed"]),
});

function isSettled({ status, body }: HttpAnswer): boolean {
  try {
    return status < 500 && settledSchema.safeParse(JSON.parse(body)).success;
  } catch {
    return false;
  }
}

type Answer = { readonly status: number; readonly body: string } | { readonly unsettled: string };

async function send(
  { url, signal }: ResubmitOptions,
  { type, client, clientOrderId, ...rest }: z.infer<typeof orderSchema>,
): Promise<Answer> {
  const isCancel = type === "cancel";
  const path = isCancel
    ? `/orders/${encodeURIComponent(clientOrderId)}?client=${encodeURIComponent(client)}`
    : "/orders";
  let unsettled = "";
  for (let attempt = 0; attempt < TRIES; attempt++) {
    if (attempt > 0) await sleep(RETRY_MILLISECONDS);
    signal?.throwIfAborted();
    const answer = await exchange(new URL(path, url), {
      method: isCancel ? "DELETE" : "POST",
      timeoutMilliseconds: TIMEOUT_MILLISECONDS,
      headers: isCancel ? {} : { "content-type": "application/json" },
      ...(isCancel ? {} : { body: JSON.stringify({ client, clientOrderId, ...rest }) }),
      ...(signal && { signal }),
    }).catch((error: unknown) => {
      if (error instanceof NoAnswerError) return error;
      throw error;
    });
    if (answer instanceof NoAnswerError) unsettled = answer.message;
    else if (isSettled(answer)) return { status: answer.status, body: answer.body };
    else unsettled = `${answer.status} ${answer.body.trim().slice(0, 200)}`;
  }
  return { unsettled };
}
