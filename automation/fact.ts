/** A fact, or why it is not known. An unanswered question is "unknown", never "no". */
import { setTimeout as sleep } from "node:timers/promises";
import { messageOf } from "./errors.ts";

export type Fact<T> = T | Unknown;
export interface Unknown {
  readonly unknown: string;
}

const QUESTION_MILLISECONDS = 4_000;

/** Never rejects; not to answer in time is not to know. */
export async function fact<T>(
  ask: () => Promise<T>,
  limitMilliseconds = QUESTION_MILLISECONDS,
): Promise<Fact<T>> {
  const limit = sleep(
    limitMilliseconds,
    { unknown: `no answer within ${limitMilliseconds / 1000} s` },
    { ref: false },
  );
  return await Promise.race([ask().catch((error: unknown) => ({ unknown: messageOf(error) })), limit]);
}

export const isUnknown = (value: unknown): value is Unknown =>
  typeof value === "object" && value !== null && "unknown" in value;
