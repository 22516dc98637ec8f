/**
 * Requests and answers of the services that are called by hand, held against AWS' own service models, of which
 * `shapes.json` is an extract. The SDK's clients need no such check: they are generated from these models.
 * https://github.com/boto/botocore/tree/develop/botocore/data
 */
import { readFileSync } from "node:fs";
import path from "node:path";

type Kind = string | readonly string[];

interface Operation {
  readonly required: readonly string[];
  /** Dotted path → kind of value, or the values that there are. */
  readonly in: Readonly<Record<string, Kind>>;
  readonly out: Readonly<Record<string, Kind>>;
  readonly errors: readonly string[];
}

const { operations } = JSON.parse(readFileSync(path.join(import.meta.dirname, "shapes.json"), "utf8")) as {
  readonly operations: Readonly<Record<string, Operation>>;
};

const isStructure = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const kindOf = (value: unknown): string =>
  Array.isArray(value) ? "list" : isStructure(value) ? "structure" : typeof value;

/** Members of `value` that AWS does not know, or knows as something else. */
function misfits(shape: Readonly<Record<string, Kind>>, value: object, below = ""): readonly string[] {
  return Object.entries(value).flatMap(([name, member]) => {
    const at = `${below}${name}`;
    const kind = shape[at];
    if (kind === undefined) return [`${at} is no member`];
    const fits = typeof kind === "string" ? kindOf(member) === kind : kind.includes(String(member));
    if (!fits) return [`${at} is ${JSON.stringify(member)}, not ${String(kind)}`];
    return isStructure(member) ? misfits(shape, member, `${at}.`) : [];
  });
}

/** @param target as in the header, e.g. `TrentService.CreateKey`. @throws naming all that does not fit */
export function assertShapes(target: string, input: object, status: number, output: object): void {
  const operation = operations[target];
  if (operation === undefined) throw new Error(`no shape is recorded for ${target}`);
  const { __type: type } = output as { __type?: string };
  const missing = operation.required.filter((name) => !(name in input)).map((name) => `${name} is missing`);
  const answer =
    status < 300
      ? misfits(operation.out, output)
      : operation.errors.includes(type ?? "") || type === "AccessDeniedException"
        ? []
        : [`${type} is no error of it`];
  const wrong = [...missing, ...misfits(operation.in, input), ...answer];
  if (wrong.length > 0) throw new Error(`${target}: ${wrong.join("; ")}`);
}
