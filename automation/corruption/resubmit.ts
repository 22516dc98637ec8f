/**
 * Quarantined commands sent again, under their own client order ids: what still stands answers as a repetition, so that
 * sending twice does no harm, and nothing happens without a decision.
 */
import { exchange, NoAnswerError } from "../adapters/http.ts";
import { Decisions, idOf, type Quarantined, readQuarantine } from "./quarantine.ts";

export interface ResubmitOptions {
  readonly file: string;
  /** The platform's API, e.g. `https://exchange.example.com`. */
  readonly url: string;
  /** Asked of each that is undecided: `skip` is for good, `leave` for later. */
  readonly decide: (command: Quarantined) => Promise<"send" | "skip" | "leave" | "stop">;
  readonly onSent?: (command: Quarantined, status: number, body: string) => void;
  readonly signal?: AbortSignal | undefined;
}

export interface Resubmitted {
  /** Answered with 2xx: accepted, or a repetition of what stands. */
  readonly accepted: number;
  /** Answered otherwise, for good. */
  readonly refused: number;
  readonly skipped: number;
  /** Not decided, or without an answer: the same command goes on. */
  readonly undecided: number;
}

const TIMEOUT_MILLISECONDS = 5_000;
const TRIES = 3;

/** Each decision is kept in FILE.decisions once it is carried out; a run that ends anywhere is taken up again. */
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
      const answer = await send(options, command);
      // Nothing is known of it: undecided, and safe to ask again.
      if (answer === undefined) continue;
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

interface Fields {
  readonly type?: string;
  readonly client?: string;
  readonly clientOrderId?: string;
}

/** Undefined: no answer, or one that says to ask again (5xx). */
async function send({ url, signal }: ResubmitOptions, { command }: Quarantined) {
  const { type, client = "", clientOrderId = "", ...rest } = command as Fields;
  const isCancel = type === "cancel";
  const path = isCancel
    ? `/orders/${encodeURIComponent(clientOrderId)}?client=${encodeURIComponent(client)}`
    : "/orders";
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const answer = await exchange(new URL(path, url), {
      method: isCancel ? "DELETE" : "POST",
      timeoutMilliseconds: TIMEOUT_MILLISECONDS,
      headers: isCancel ? {} : { "content-type": "application/json" },
      ...(isCancel ? {} : { body: JSON.stringify({ client, clientOrderId, ...rest }) }),
      ...(signal && { signal }),
    }).catch((error: unknown) => {
      if (error instanceof NoAnswerError) return undefined;
      throw error;
    });
    if (answer !== undefined && answer.status < 500) return { status: answer.status, body: answer.body };
  }
  return undefined;
}
