/** What a rule between values is. */
import type { StackName } from "../components/model.ts";
import type { Sections } from "./schema.ts";

export interface Problem {
  /** Path below the project's namespace, e.g. `dns.ttlSeconds`. */
  readonly key: string;
  /** As it is printed, e.g. `"us-west-1"`; undefined: missing, or not for printing. */
  readonly got: string | undefined;
  readonly allowed: string;
}

/** Sees only sections that parsed by themselves. */
export type Rule = (sections: Sections, stack: StackName) => readonly (Problem | false | undefined)[];

export const show = (value: unknown): string => JSON.stringify(value) ?? "nothing";
