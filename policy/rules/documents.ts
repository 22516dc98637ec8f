/** IAM documents, read as far as the rules need. */

export interface Statement {
  readonly allows: boolean;
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  /** `*`, account ids, ARNs, service names. */
  readonly principals: readonly string[];
  readonly hasCondition: boolean;
  /** `NotAction`, `NotResource` or `NotPrincipal`: allows whatever it does not name. */
  readonly isInverted: boolean;
}

type Raw = Readonly<Record<string, unknown>>;
const many = (value: unknown): readonly string[] =>
  (Array.isArray(value) ? value : value === undefined ? [] : [value]).map(String);

function principalsOf(value: unknown): readonly string[] {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? Object.values(value).flatMap(many)
    : many(value);
}

/** Undefined: it is no JSON document. */
export function statementsOf(document: unknown): readonly Statement[] | undefined {
  try {
    const parsed = (typeof document === "string" ? JSON.parse(document) : document) as Raw;
    const list = parsed["Statement"];
    return (Array.isArray(list) ? list : [list]).map((raw: Raw) => ({
      allows: raw["Effect"] === "Allow",
      actions: many(raw["Action"]),
      resources: many(raw["Resource"]),
      principals: principalsOf(raw["Principal"]),
      hasCondition: raw["Condition"] !== undefined,
      isInverted: ["NotAction", "NotResource", "NotPrincipal"].some((key) => raw[key] !== undefined),
    }));
  } catch {
    return undefined;
  }
}

export const isAnyone = ({ allows, principals, hasCondition }: Statement): boolean =>
  allows && !hasCondition && principals.includes("*");
