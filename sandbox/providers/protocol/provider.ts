/** What a provider answers the engine, without protobuf. One method per RPC that the engine uses. */
import type { Value, Values } from "./value.ts";

/** What one engine connection was configured with; undefined until `Configure`. */
export interface Session {
  config: Values | undefined;
}

export interface Call {
  readonly session: Session;
  /** Aborts when the engine gives the call up or cancels the deployment. */
  readonly signal: AbortSignal;
}

export interface Resource {
  readonly urn: string;
  readonly type: string;
  readonly name: string;
}

export interface Failure {
  readonly property: string;
  readonly reason: string;
}

export interface CheckRequest extends Resource {
  readonly olds: Values;
  readonly news: Values;
  readonly randomSeed: Uint8Array;
  readonly autonaming:
    | { readonly proposedName: string; readonly mode: "propose" | "enforce" | "disable" }
    | undefined;
}

export interface CheckResult {
  readonly inputs: Values;
  readonly failures: readonly Failure[];
}

export interface DiffRequest extends Resource {
  readonly id: string;
  /** The state's outputs. */
  readonly olds: Values;
  readonly oldInputs: Values;
  readonly news: Values;
  readonly ignoreChanges: readonly string[];
}

export type ChangeKind = "add" | "delete" | "update";

export interface PropertyChange {
  /** Property path in the engine's notation: `spec.template.spec.containers[0].image`. */
  readonly path: string;
  readonly kind: ChangeKind;
  readonly replaces: boolean;
}

export interface DiffResult {
  readonly changes: readonly PropertyChange[];
  readonly stables: readonly string[];
  readonly deleteBeforeReplace: boolean;
}

export interface CreateRequest extends Resource {
  readonly inputs: Values;
  readonly timeoutSeconds: number;
  readonly preview: boolean;
}

export interface UpdateRequest extends DiffRequest {
  readonly timeoutSeconds: number;
  readonly preview: boolean;
}

export interface ReadRequest extends Resource {
  readonly id: string;
  readonly properties: Values;
  readonly inputs: Values;
}

export interface DeleteRequest extends Resource {
  readonly id: string;
  readonly properties: Values;
  readonly timeoutSeconds: number;
}

export interface State {
  readonly id: string;
  readonly outputs: Values;
}

/** The object exists but does not work yet: the engine keeps it in state, marked, and tries again next time. */
export class InitializationError extends Error {
  override readonly name = "InitializationError";
  readonly state: State & { readonly inputs: Values };

  constructor(message: string, state: State & { readonly inputs: Values }, options?: ErrorOptions) {
    super(message, options);
    this.state = state;
  }
}

export interface Provider {
  /** Of the SDK that the program compiles against; the engine insists that they agree. */
  readonly version: string;
  checkConfig(request: CheckRequest): CheckResult;
  diffConfig(request: DiffRequest): DiffResult;
  /** Rejects when the engine must not use the provider so. */
  configure(config: Values, call: Call): Promise<void>;
  check(request: CheckRequest, call: Call): CheckResult | Promise<CheckResult>;
  diff(request: DiffRequest, call: Call): DiffResult | Promise<DiffResult>;
  create(request: CreateRequest, call: Call): Promise<State>;
  /** Undefined: it is gone. */
  read(request: ReadRequest, call: Call): Promise<(State & { readonly inputs: Values }) | undefined>;
  update(request: UpdateRequest, call: Call): Promise<Values>;
  delete(request: DeleteRequest, call: Call): Promise<void>;
  invoke(token: string, args: Values, call: Call): Promise<Value>;
}
