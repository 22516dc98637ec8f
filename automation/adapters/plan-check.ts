/**
 * Whether a planned update is nothing but the flip. An emergency is no moment to deploy what somebody merged:
 * every step must change exactly `spec.replicas` of a Deployment that was named, the control item, or how many nodes run.
 */

export interface PlannedStep {
  readonly op: string;
  readonly urn: string;
  readonly type: string;
  readonly oldInputs: Readonly<Record<string, unknown>>;
  readonly newInputs: Readonly<Record<string, unknown>>;
  /** Property paths, when the provider gave them. */
  readonly changed: readonly string[];
}

export const DEPLOYMENT_TYPE = "kubernetes:apps/v1:Deployment";
export const CONTROL_TYPE = "aws:dynamodb/tableItem:TableItem";

/** Nodes of a cold standby, which `promoting` starts. */
export const NODE_GROUP_TYPE = "aws:eks/nodeGroup:NodeGroup";

/** Made anew for any change: it has no state of its own. https://docs.aws.amazon.com/aws-backup/latest/devguide/API_BackupSelection.html */
export const BACKUP_SELECTION = "aws:backup/selection:Selection";
const REPLACEMENT = new Set(["replace", "create-replacement", "delete-replaced"]);

/** Whether the operation may belong to a flip from one physical resource to another, which only renames. */
export const isFlip = (type: string, op: string): boolean =>
  op === "update" || (type === BACKUP_SELECTION && REPLACEMENT.has(op));

/** Which properties of a type a flip may change. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  [DEPLOYMENT_TYPE]: ["spec.replicas"],
  [CONTROL_TYPE]: ["item"],
  [NODE_GROUP_TYPE]: ["scalingConfig.minSize", "scalingConfig.desiredSize"],
};
/** Attributes of the control item that a flip may change. */
const SWITCHES = new Set(["traffic", "maintenance"]);

/** What is wrong with the plan, one line each; empty: it is the flip and nothing else. */
export function checkPlan(steps: readonly PlannedStep[], targets: readonly string[]): readonly string[] {
  return steps
    .filter(({ op }) => op !== "same" && op !== "read")
    .flatMap((step) => problems(step, targets))
    .sort();
}

function problems(step: PlannedStep, targets: readonly string[]): readonly string[] {
  const name = step.urn.split("::").at(-1) ?? step.urn;
  const allowed = ALLOWED[step.type];
  if (!targets.includes(step.urn) || allowed === undefined) return [`${step.op} of ${step.type} ${name}`];
  if (step.op !== "update") return [`${step.op} of ${step.type} ${name}, only an update is allowed`];
  const inputs = differences(step.oldInputs, step.newInputs);
  const other = [...new Set([...inputs, ...step.changed])].filter((path) => !allowed.includes(path));
  if (other.length > 0) return [`${name} would also change ${other.join(", ")}`];
  if (step.type !== CONTROL_TYPE) return [];
  const attributes = differences(parsed(step.oldInputs["item"]), parsed(step.newInputs["item"]))
    .map((path) => path.split(".")[0] ?? "")
    .filter((attribute) => !SWITCHES.has(attribute));
  return attributes.length > 0 ? [`${name} would also change ${attributes.join(", ")}`] : [];
}

function parsed(item: unknown): unknown {
  try {
    return JSON.parse(String(item)) as unknown;
  } catch {
    return item;
  }
}

/** Paths, as Pulumi writes them, of leaves that differ; Pulumi's own bookkeeping (`__defaults`) does not count. */
export function differences(a: unknown, b: unknown): readonly string[] {
  const found: string[] = [];
  if (!Object.is(a, b)) collect(a, b, "", found);
  return found;
}

function collect(a: unknown, b: unknown, path: string, found: string[]): void {
  if (!isObject(a) || !isObject(b) || Array.isArray(a) !== Array.isArray(b)) {
    found.push(path);
    return;
  }
  const below = (key: string) =>
    Array.isArray(a) ? `${path}[${key}]` : path === "" ? key : `${path}.${key}`;
  for (const key in a) {
    if (key !== "__defaults" && !Object.is(a[key], b[key])) collect(a[key], b[key], below(key), found);
  }
  for (const key in b)
    if (!(key in a) && key !== "__defaults" && b[key] !== undefined) found.push(below(key));
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null;
