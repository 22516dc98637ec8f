/** What a preview says, whichever form Pulumi printed it in. */

export type Properties = Readonly<Record<string, unknown>>;

export interface ResourceState {
  readonly inputs: Properties;
  readonly outputs: Properties;
  readonly id: string;
  readonly protect: boolean;
  readonly retainOnDelete: boolean;
  /** False: a component, which is nothing in any cloud. */
  readonly custom: boolean;
}

export interface Step {
  readonly op: string;
  readonly urn: string;
  readonly type: string;
  readonly name: string;
  readonly old: ResourceState | undefined;
  readonly new: ResourceState | undefined;
  /** Properties that force a replacement. */
  readonly replaceReasons: readonly string[];
  /** Paths that the provider reports as changed. */
  readonly changed: readonly string[];
}

export interface PolicyViolation {
  readonly policy: string;
  readonly message: string;
  readonly mandatory: boolean;
  readonly urn: string;
}

export interface Preview {
  readonly file: string;
  readonly stack: string;
  readonly project: string;
  /** Where most of the stack is; undefined when nothing in the preview says so. */
  readonly region: string | undefined;
  /** The stack has nothing in it yet. */
  readonly isNew: boolean;
  readonly steps: readonly Step[];
  readonly violations: readonly PolicyViolation[];
  readonly warnings: readonly string[];
  /** Why the preview is not the whole truth; empty: it ran to its end. */
  readonly failures: readonly string[];
}

/** What Pulumi writes for a value that only the update will know. */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

export const isReplacement = (op: string): boolean =>
  op === "replace" || op === "create-replacement" || op === "import-replacement";
const QUIET = new Set(["same", "read", "refresh", "discard"]);
export const isChange = (op: string): boolean => !QUIET.has(op);
/** Not `discard`: a resource that was only read stays where it is. */
export const isDeletion = (op: string): boolean => op === "delete" || op === GONE;
/** Not Pulumi's: what the program has and the cloud has no longer. */
export const GONE = "gone";
