/**
 * A readiness check: a pure function over gathered facts. What cannot be seen is `unknown`, which is not `ok`: a
 * check that could not look has shown nothing.
 */
import { type Fact, isUnknown } from "../fact.ts";

export const STATUSES = ["ok", "warn", "fail", "unknown"] as const;
export type Status = (typeof STATUSES)[number];

export type Finding =
  | { readonly status: "ok"; readonly why: string }
  | { readonly status: Exclude<Status, "ok">; readonly why: string; readonly todo: string };

export interface Check<F> {
  /** Stable: the history and `--json` know it by this. */
  readonly id: string;
  readonly title: string;
  readonly judge: (facts: F) => Finding;
}

export type Result = Finding & { readonly id: string; readonly title: string };

export const ok = (why: string): Finding => ({ status: "ok", why });
export const warn = (why: string, todo: string): Finding => ({ status: "warn", why, todo });
export const fail = (why: string, todo: string): Finding => ({ status: "fail", why, todo });
export const unknown = (why: string, todo: string): Finding => ({ status: "unknown", why, todo });

/** Judges what is known; @param todo how to come to know it */
export function known<T>(fact: Fact<T>, todo: string, judge: (value: T) => Finding): Finding {
  return isUnknown(fact) ? unknown(fact.unknown, todo) : judge(fact);
}

/** A judge that throws has shown nothing either. */
export function runChecks<F>(checks: readonly Check<F>[], facts: F): readonly Result[] {
  return checks.map(({ id, title, judge }) => {
    try {
      return { id, title, ...judge(facts) };
    } catch (error) {
      const why = `the check itself failed: ${error instanceof Error ? error.message : String(error)}`;
      return { id, title, ...unknown(why, "report it as a bug of dr") };
    }
  });
}

/** Warnings leave a region ready; anything worse, and ignorance, does not. */
export const isReady = (results: readonly Result[]): boolean =>
  results.length > 0 && results.every(({ status }) => status === "ok" || status === "warn");
