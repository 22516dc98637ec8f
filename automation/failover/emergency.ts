/**
 * The flip of a stack in an emergency: by Pulumi when the plan is the flip and nothing else and nobody holds the
 * state, by API otherwise. Either way the stack file says the same afterwards, so that the next `up` agrees.
 */
import { readFile } from "node:fs/promises";
import path from "node:path";
import { deployedCommit } from "../../stacks/commit.ts";
import { checkPlan } from "../adapters/plan-check.ts";
import type { PulumiStack } from "../adapters/pulumi.ts";
import type { StateStore } from "../adapters/state.ts";
import { messageOf } from "../errors.ts";
import { type RunRecord, writeDurably } from "../runbook/record.ts";
import { setSwitches } from "../stack-file.ts";
import type { Flip, Flipped, StackPort, Switches } from "./ports.ts";
import { awaitState } from "./state-lock.ts";
import { type Flippable, NoTargetError, targetsOf } from "./targets.ts";

export interface EmergencyOptions extends Flippable {
  readonly project: string;
  readonly projectDirectory: string;
  readonly record: RunRecord;
  readonly state: StateStore;
  readonly pulumi: PulumiStack;
  /** `--direct`: Pulumi is not even asked. */
  readonly directOnly: boolean;
  /** The same change without Pulumi. */
  readonly direct: (flip: Flip) => Promise<void>;
  readonly note: (message: string) => void;
  readonly signal: AbortSignal;
  readonly patience?: Patience;
}

/** How long Pulumi is waited for before the flip goes by API, in milliseconds. */
export interface Patience {
  /** While somebody else holds the state. */
  readonly foreignLock: number;
  readonly preview: number;
  readonly update: number;
  /** For an engine to release its lock after it was told to stop. */
  readonly release: number;
}

const PATIENCE: Patience = { foreignLock: 10_000, preview: 30_000, update: 60_000, release: 10_000 };

interface Plan {
  readonly targets: readonly string[];
  readonly configFile: string;
  readonly planFile: string;
}

export class EmergencyStack implements StackPort {
  readonly #options: EmergencyOptions;
  readonly #plans = new Map<string, Promise<Plan | string>>();

  constructor(options: EmergencyOptions) {
    this.#options = options;
  }

  async deployed(): Promise<Switches> {
    const state = await this.#options.state.read(this.#options.stack).catch(() => undefined);
    return (state?.outputs ?? {}) as Switches;
  }

  async warnings(): Promise<readonly string[]> {
    const { state, stack } = this.#options;
    const found = await state.read(stack);
    const deployed = String(found?.outputs["commit"] ?? "unknown");
    const here = deployedCommit();
    const warnings: string[] = [];
    if (!deployed.startsWith(here)) {
      warnings.push(`stack ${stack} was deployed from commit ${deployed}, this checkout is ${here}`);
    }
    if (found !== undefined && found.pendingOperations > 0) {
      warnings.push(
        `an update of stack ${stack} was killed: ${found.pendingOperations} operation(s) unfinished`,
      );
    }
    return warnings;
  }

  async prepare(flip: Flip): Promise<string | undefined> {
    if (this.#options.directOnly || flip.direct) return "--direct";
    const plan = this.#plan(flip);
    this.#plans.set(titleOf(flip), plan);
    const made = await plan;
    return typeof made === "string" ? made : undefined;
  }

  async flip(flip: Flip): Promise<Flipped> {
    // Before the act: whoever finds the act done, after a kill, must find the file that says so.
    await this.#writeStackFile(flip);
    const reason = await this.#byPulumi(flip);
    if (reason === undefined) return { via: "pulumi" };
    this.#options.note(`${titleOf(flip)} goes by API: ${reason}`);
    await this.#options.direct(flip);
    return { via: "direct", reason };
  }

  /** Undefined: done. A reason: to be done by API. */
  async #byPulumi(flip: Flip): Promise<string | undefined> {
    const { directOnly, pulumi, signal } = this.#options;
    if (flip.direct) return "the run began so";
    if (directOnly) return "--direct";
    try {
      const { patience = PATIENCE } = this.#options;
      const locked = await awaitState(this.#options, patience.foreignLock);
      if (locked !== undefined) return locked;
      const plan = (await this.#plans.get(titleOf(flip))) ?? (await this.#plan(flip));
      if (typeof plan === "string") return plan;
      await this.#limited("update", (limit) => pulumi.up({ ...plan, signal: limit }));
      return undefined;
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof NoTargetError) throw error;
      return messageOf(error);
    }
  }

  /** A saved plan of exactly the flip, or why there is none. */
  async #plan(flip: Flip): Promise<Plan | string> {
    const { record, pulumi, signal, stack } = this.#options;
    try {
      const state = await this.#options.state.read(stack);
      const targets = targetsOf(flip, state, this.#options);
      const configFile = await this.#writeConfig(flip);
      const planFile = path.join(record.directory, `plan-${slugOf(flip)}.json`);
      const steps = await this.#limited("preview", (limit) =>
        pulumi.preview({ targets, configFile, planFile, signal: limit }),
      );
      const problems = checkPlan(steps, targets);
      if (problems.length > 0) return `the update would do more than the flip: ${problems.join("; ")}`;
      return { targets, configFile, planFile };
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof NoTargetError) throw error;
      return messageOf(error);
    }
  }

  /** An engine that hangs, say on a provider that asks the dead region, is told to stop once and then left alone. */
  async #limited<T>(what: "preview" | "update", work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { signal, patience = PATIENCE } = this.#options;
    const overdue = new Error(`the ${what} did not end within ${patience[what] / 1000} s`);
    const limit = new AbortController();
    const left = Promise.withResolvers<never>();
    const timers = [
      setTimeout(() => limit.abort(overdue), patience[what]),
      setTimeout(() => left.reject(overdue), patience[what] + patience.release),
    ];
    try {
      return await Promise.race([work(AbortSignal.any([signal, limit.signal])), left.promise]);
    } finally {
      for (const timer of timers) clearTimeout(timer);
    }
  }

  /** The flipped stack file in the run's directory: evidence, and what a plan reads before the go. */
  async #writeConfig(flip: Flip): Promise<string> {
    const { record, stack } = this.#options;
    const file = path.join(record.directory, `Pulumi.${stack}.${slugOf(flip)}.yaml`);
    await writeDurably(file, await this.#flipped(flip));
    return file;
  }

  async #writeStackFile(flip: Flip): Promise<void> {
    const { record, stack } = this.#options;
    const text = await this.#flipped(flip);
    await writeDurably(this.#stackFile(), text);
    await writeDurably(path.join(record.directory, `Pulumi.${stack}.yaml`), text);
  }

  async #flipped({ direct: _, ...switches }: Flip): Promise<string> {
    const text = await readFile(this.#stackFile(), "utf8");
    return setSwitches(text, this.#options.project, switches);
  }

  #stackFile(): string {
    return path.join(this.#options.projectDirectory, `Pulumi.${this.#options.stack}.yaml`);
  }
}

/** What a flip is about, for people. */
function titleOf({ role, traffic, maintenance }: Flip): string {
  if (maintenance !== undefined) return `maintenance ${maintenance}`;
  return traffic === undefined ? `role ${role}` : `traffic ${traffic}`;
}

const slugOf = (flip: Flip): string => titleOf(flip).replace(" ", "-");
