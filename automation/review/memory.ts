/** What a report remembers of itself, hidden in its comment, so that the next push is compared with it. */
import { createHash } from "node:crypto";
import { z } from "zod";
import { type Finding, RISKS } from "./finding.ts";
import { shortened } from "./values.ts";

const OPEN = "<!-- dr:pr-report ";
const CLOSE = " -->";
const LONGEST_LABEL = 100;
/** Labels of what may be gone next time; the keys beside them are short. */
const MOST_RISKS = 80;

const memorySchema = z.object({
  version: z.literal(1),
  /** Of the commit that was reported on; empty where nobody said. */
  commit: z.string(),
  /** Key and label of each risk. */
  risks: z.array(z.tuple([z.string(), z.string()])),
  /** How many risks there was no room for. */
  more: z.number(),
});
export type Memory = z.infer<typeof memorySchema>;

export interface Comparison {
  readonly commit: string;
  /** Keys of risks that were not there before. */
  readonly added: ReadonlySet<string>;
  readonly kept: number;
  /** Labels. */
  readonly gone: readonly string[];
}

/** One key per resource: a value that moves further leaves the risk the same one. */
export function keysOf({ risk, stack, type, names }: Finding): readonly string[] {
  return names.map((name) =>
    createHash("sha256").update([risk, stack, type, name].join("\n")).digest("base64url").slice(0, 11),
  );
}

export function remember(findings: readonly Finding[], commit: string): Memory {
  const risks = findings.flatMap((finding) =>
    keysOf(finding).map((key, index): [string, string] => [
      key,
      shortened(`${RISKS[finding.risk]}: ${finding.names[index]} (${finding.stack})`, LONGEST_LABEL),
    ]),
  );
  return {
    version: 1,
    commit,
    risks: risks.slice(0, MOST_RISKS),
    more: Math.max(0, risks.length - MOST_RISKS),
  };
}

export function compare(before: Memory, findings: readonly Finding[]): Comparison {
  const old = new Map(before.risks);
  const now = new Set(findings.flatMap(keysOf));
  return {
    commit: before.commit,
    // Beyond what there was room for nobody knows what is new.
    added: new Set(before.more > 0 ? [] : [...now].filter((key) => !old.has(key))),
    kept: [...now].filter((key) => old.has(key)).length,
    gone: [...old].filter(([key]) => !now.has(key)).map(([, label]) => label),
  };
}

/** Base64, so that nothing in it can close the comment. */
export const toMarker = (memory: Memory): string =>
  `${OPEN}${Buffer.from(JSON.stringify(memory)).toString("base64url")}${CLOSE}`;

export const isReport = (body: string): boolean => body.includes(OPEN);

/** Undefined: none there, or not one that this version wrote. */
export function fromMarker(body: string): Memory | undefined {
  const start = body.lastIndexOf(OPEN);
  const end = body.indexOf(CLOSE, start);
  if (start < 0 || end < 0) return undefined;
  try {
    const text = Buffer.from(body.slice(start + OPEN.length, end), "base64url").toString("utf8");
    return memorySchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
