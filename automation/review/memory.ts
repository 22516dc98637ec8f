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
  version: z.literal(2),
  /** Of the commit that was reported on; empty where nobody said. */
  commit: z.string(),
  /** Key and label of each risk, and the stacks that it is in. */
  risks: z.array(z.tuple([z.string(), z.string(), z.string()])),
  /** How many risks there was no room for. */
  more: z.number(),
});
export type Memory = z.infer<typeof memorySchema>;

export interface Comparison {
  readonly commit: string;
  /** Keys of risks that were not there before; undefined: of more than were remembered nobody knows. */
  readonly added: ReadonlySet<string> | undefined;
  readonly kept: number;
  /** Labels. */
  readonly gone: readonly string[];
  /** Of stacks whose preview failed: they may still be there. */
  readonly unseen: number;
}

/** One key per resource: a value that moves further leaves the risk the same one. */
export function keysOf({ risk, stack, type, names }: Finding): readonly string[] {
  return names.map((name) =>
    createHash("sha256").update([risk, stack, type, name].join("\n")).digest("base64url").slice(0, 11),
  );
}

/** @param unseen of the previous push, which this one's previews could not confirm */
export function remember(findings: readonly Finding[], commit: string, unseen: Memory["risks"] = []): Memory {
  const seen = findings.flatMap((finding) =>
    keysOf(finding).map((key, index): Memory["risks"][number] => [
      key,
      shortened(`${RISKS[finding.risk]}: ${finding.names[index]} (${finding.stack})`, LONGEST_LABEL),
      finding.stack,
    ]),
  );
  const risks = [...seen, ...unseen];
  return {
    version: 2,
    commit,
    risks: risks.slice(0, MOST_RISKS),
    more: Math.max(0, risks.length - MOST_RISKS),
  };
}

/** Risks that are neither found nor known to be gone. @param failed stacks whose preview did */
export function unseenOf(
  { risks }: Memory,
  findings: readonly Finding[],
  failed: ReadonlySet<string>,
): Memory["risks"] {
  const now = new Set(findings.flatMap(keysOf));
  return risks.filter(
    ([key, , stacks]) => !now.has(key) && stacks.split(", ").some((one) => failed.has(one)),
  );
}

export function compare(before: Memory, findings: readonly Finding[], unseen: Memory["risks"]): Comparison {
  const old = new Map(before.risks.map(([key, label]) => [key, label]));
  const now = new Set(findings.flatMap(keysOf));
  const hidden = new Set(unseen.map(([key]) => key));
  return {
    commit: before.commit,
    added: before.more > 0 ? undefined : new Set([...now].filter((key) => !old.has(key))),
    kept: [...now].filter((key) => old.has(key)).length,
    gone: [...old].filter(([key]) => !now.has(key) && !hidden.has(key)).map(([, label]) => label),
    unseen: hidden.size,
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
