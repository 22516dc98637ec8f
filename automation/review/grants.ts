/** What policy documents allow, and what they allow that they did not before. */
import type { Properties } from "./preview.ts";
import { isKnown, isObject, missing, shown } from "./values.ts";

/** Inputs that hold a policy document as JSON text. */
const DOCUMENTS = ["policy", "assumeRolePolicy", "inlinePolicies"] as const;
/** A grant whose whole content is that it exists. */
const PARTIES = [
  "policyArn",
  "roleArn",
  "principalArn",
  "roleRef",
  "subjects",
  "rules",
  "cidrIpv4",
  "cidrIpv6",
] as const;

/** Each allowance of the new inputs that the old ones have not, one a line. */
export function widened(before: Properties, after: Properties): readonly string[] {
  return DOCUMENTS.flatMap((key) => {
    if (after[key] === undefined || after[key] === before[key]) return [];
    const old = allowances(before[key]);
    const now = allowances(after[key]);
    // A document that cannot be read, or is known only later, is not known to be narrower.
    if (now === undefined && isKnown(after[key])) return [`${key} cannot be read: ${shown(after[key])}`];
    if (now === undefined)
      return [`${key} is known only after the update: whether it allows more cannot be told`];
    return missing(now, old).map((allowance) => `${key} also allows ${String(allowance)}`);
  });
}

/** What a grant that was not there before allows. */
export function granted(inputs: Properties): readonly string[] {
  const documents = widened({}, inputs).map((line) => line.replace(" also allows ", " allows "));
  if (documents.length > 0) return documents;
  return PARTIES.filter((key) => inputs[key] !== undefined).map((key) => `${key}: ${shown(inputs[key])}`);
}

/** Undefined: not a policy document that can be read. */
function allowances(document: unknown): readonly string[] | undefined {
  if (document === undefined) return [];
  if (Array.isArray(document)) {
    const all = document.map((inline) => allowances(isObject(inline) ? inline["policy"] : undefined));
    return all.every((one) => one !== undefined) ? all.flat() : undefined;
  }
  let parsed: unknown = document;
  if (typeof document === "string") {
    try {
      parsed = JSON.parse(document);
    } catch {
      return undefined;
    }
  }
  if (!isObject(parsed)) return undefined;
  return list(parsed["Statement"])
    .filter(isObject)
    .filter((statement) => statement["Effect"] === "Allow")
    .flatMap(lines);
}

const list = (value: unknown): readonly unknown[] =>
  Array.isArray(value) ? value : value === undefined ? [] : [value];

function lines(statement: Readonly<Record<string, unknown>>): readonly string[] {
  const part = (name: string): readonly unknown[] => {
    if (statement[`Not${name}`] !== undefined) return [`all but ${list(statement[`Not${name}`]).join(", ")}`];
    const value = statement[name];
    return isObject(value)
      ? Object.entries(value).flatMap(([kind, all]) => list(all).map((one) => `${kind} ${one}`))
      : list(value);
  };
  const who = statement["Principal"] === undefined ? [""] : part("Principal").map((one) => ` to ${one}`);
  const what = part("Resource").length === 0 ? [""] : part("Resource").map((one) => ` on ${one}`);
  // A condition that went away widens as well.
  const when = statement["Condition"] === undefined ? "" : ` when ${JSON.stringify(statement["Condition"])}`;
  return part("Action").flatMap((action) =>
    what.flatMap((on) => who.map((to) => `${action}${on}${to}${when}`)),
  );
}
