/** The journal's table in Pulumi's state: what shape it has, and how another table takes its place there. */
import { z } from "zod";
import type { TableShape } from "../adapters/journal-table.ts";
import { CONTROL_TYPE, differences, isFlip, type PlannedStep } from "../adapters/plan-check.ts";
import type { StackState } from "../adapters/state.ts";
import { HalfwayError } from "../errors.ts";

const TABLE = "aws:dynamodb/table:Table";

const tableSchema = z.looseObject({
  serverSideEncryption: z.looseObject({ kmsKeyArn: z.string() }),
  replicas: z.array(z.looseObject({ kmsKeyArn: z.string() })).min(1),
  tagsAll: z.record(z.string(), z.string()).default({}),
});

/** @throws HalfwayError when the state has no such table */
export function tableShape({ resources, stack }: Pick<StackState, "resources" | "stack">): TableShape {
  const table = resources.find(({ type }) => type === TABLE);
  const parsed = tableSchema.safeParse(table?.outputs);
  if (!parsed.success) {
    throw new HalfwayError(
      `Pulumi's state of stack ${stack} has no ${TABLE} with its keys: deploy it first with \`dr deploy --stack ${stack}\``,
    );
  }
  const { serverSideEncryption, replicas, tagsAll } = parsed.data;
  return {
    keyArn: serverSideEncryption.kmsKeyArn,
    replicaKeyArn: replicas[0]?.kmsKeyArn ?? "",
    tags: tagsAll,
  };
}

const isJournals = ({ type }: { readonly type: string }): boolean => type === TABLE || type === CONTROL_TYPE;

/** The table, where this stack owns it, and the item that its region's pods obey. */
export const journalUrns = ({ resources }: StackState): readonly string[] =>
  resources.filter(isJournals).map(({ urn }) => urn);

export const isImported = ({ resources }: StackState, table: string): boolean =>
  resources.filter(({ type }) => type === CONTROL_TYPE).every(({ inputs }) => inputs["tableName"] === table);

const exported = z.looseObject({ resources: z.array(z.looseObject({ type: z.string() })) });

/** The exported deployment with the journal's own resources naming another table; again = the same. */
export function retarget(deployment: unknown, from: string, to: string): unknown {
  const state = exported.parse(deployment);
  const resources = state.resources.map((resource) => {
    if (!isJournals(resource)) return resource;
    const { id, inputs, outputs } = resource;
    return { ...resource, ...(renamed({ id, inputs, outputs }, naming(from, to)) as object) };
  });
  return { ...state, resources };
}

/** The name alone, at the end of an ARN, or at the beginning of an item's id. */
function naming(from: string, to: string): (text: string) => string {
  const escaped = from.replaceAll(/[.]/g, "\\$&");
  const name = new RegExp(`^(arn:[^|]*:table/)?${escaped}(?=$|[|/])`);
  return (text) => text.replace(name, (_whole, arn: string | undefined) => `${arn ?? ""}${to}`);
}

function renamed(value: unknown, rename: (text: string) => string): unknown {
  if (typeof value === "string") return rename(value);
  if (Array.isArray(value)) return value.map((one) => renamed(one, rename));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, renamed(one, rename)]));
}

/** What is wrong with the plan, one line each; empty: each update exchanges the table's name and nothing else. */
export function checkRenaming(
  steps: readonly PlannedStep[],
  { from, into }: { readonly from: string; readonly into: string },
): readonly string[] {
  const back = (text: string) => text.replaceAll(into, from);
  return steps.flatMap(({ op, type, urn, oldInputs, newInputs }) => {
    const name = `${type} ${urn.split("::").at(-1)}`;
    if (!isFlip(type, op)) return [`${op} of ${name}`];
    // Its inputs are gone; those of what comes in its place are looked at there.
    if (op === "delete-replaced") return [];
    const other = differences(oldInputs, renamed(newInputs, back));
    return other.length === 0 ? [] : [`${name} would also change ${other.join(", ")}`];
  });
}
