/**
 * The flip of a stack in an emergency: by Pulumi when the plan is the flip and nothing else and nobody holds the
 * state, by API otherwise. Either way the stack file says the same afterwards, so that the next `up` agrees.
 */
import { readFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Region, Role, StackName } from "../../components/model.ts";
import { deployedCommit } from "../../stacks/commit.ts";
import { decideLock, describeLock } from "../adapters/locks.ts";
import { CONTROL_TYPE, checkPlan, DEPLOYMENT_TYPE } from "../adapters/plan-check.ts";
import type { PulumiStack } from "../adapters/pulumi.ts";
import type { StackState, StateLock, StateStore } from "../adapters/state.ts";
import { HalfwayError, messageOf } from "../errors.ts";
import { isAlive } from "../runbook/process.ts";
import { type RunRecord, writeDurably } from "../runbook/record.ts";
import { setSwitches } from "../stack-file.ts";
import type { Flip, Flipped, StackPort, Target } from "./ports.ts";

export interface EmergencyOptions {
  readonly stack: StackName;
  readonly region: Region;
  readonly project: string;
  readonly projectDirectory: string;
  readonly deployments: readonly Target[];
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

/** An engine of an earlier start that is still at work ends by itself when its program is gone. */
const OWN_LOCK_MILLISECONDS = 30_000;
const LOOK_MILLISECONDS = 500;

export class EmergencyStack implements StackPort {
  readonly #options: EmergencyOptions;
  readonly #plans = new Map<Role, Promise<Plan | string>>();

  constructor(options: EmergencyOptions) {
    this.#options = options;
  }

  async deployedRole(): Promise<Role | undefined> {
    const state = await this.#options.state.read(this.#options.stack).catch(() => undefined);
    return state?.outputs["role"] as Role | undefined;
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
    this.#plans.set(flip.role, plan);
    const made = await plan;
    return typeof made === "string" ? made : undefined;
  }

  async flip(flip: Flip): Promise<Flipped> {
    const reason = await this.#byPulumi(flip);
    await this.#writeStackFile(flip);
    if (reason === undefined) return { via: "pulumi" };
    this.#options.note(`role ${flip.role} goes by API: ${reason}`);
    await this.#options.direct(flip);
    return { via: "direct", reason };
  }

  /** Undefined: done. A reason: to be done by API. */
  async #byPulumi(flip: Flip): Promise<string | undefined> {
    const { directOnly, pulumi, signal } = this.#options;
    if (flip.direct) return "the run began so";
    if (directOnly) return "--direct";
    try {
      const locked = await this.#unlock();
      if (locked !== undefined) return locked;
      const plan = (await this.#plans.get(flip.role)) ?? (await this.#plan(flip));
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
      const planFile = path.join(record.directory, `plan-${flip.role}.json`);
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
    const file = path.join(record.directory, `Pulumi.${stack}.${flip.role}.yaml`);
    await writeDurably(file, await this.#flipped(flip));
    return file;
  }

  async #writeStackFile(flip: Flip): Promise<void> {
    const { record, stack } = this.#options;
    const text = await this.#flipped(flip);
    await writeDurably(this.#stackFile(), text);
    await writeDurably(path.join(record.directory, `Pulumi.${stack}.yaml`), text);
  }

  async #flipped({ role, traffic, acceptGeneration }: Flip): Promise<string> {
    const text = await readFile(this.#stackFile(), "utf8");
    return setSwitches(text, this.#options.project, { role, ...(traffic && { traffic }), acceptGeneration });
  }

  #stackFile(): string {
    return path.join(this.#options.projectDirectory, `Pulumi.${this.#options.stack}.yaml`);
  }

  /** Undefined: nobody holds the state. */
  async #unlock(): Promise<string | undefined> {
    const { state, stack, note, signal, patience = PATIENCE } = this.#options;
    const started = performance.now();
    let told = false;
    for (;;) {
      const locks = await state.locks(stack);
      const owners = await Promise.all(locks.map(async (lock) => ({ lock, owner: await this.#owner(lock) })));
      for (const { lock } of owners.filter(({ owner }) => owner === "mine-dead")) {
        note(`removing the lock that this run's killed engine left: ${describeLock(lock, Date.now())}`);
        await state.release(lock);
      }
      const held = owners.filter(({ owner }) => owner !== "mine-dead");
      const [first] = held;
      if (first === undefined) return undefined;
      const foreign = held.some(({ owner }) => owner === "foreign");
      const limit = foreign ? patience.foreignLock : OWN_LOCK_MILLISECONDS;
      const holder = describeLock(first.lock, Date.now());
      if (!told) note(`the state of ${stack} is locked by ${holder}: waiting up to ${limit / 1000} s`);
      told = true;
      if (performance.now() - started > limit) return `the state is locked by ${holder}`;
      await sleep(LOOK_MILLISECONDS, undefined, { signal });
    }
  }

  async #owner(lock: StateLock) {
    const children = await Promise.all(
      this.#options.record.data.children.map(async (child) => ({ child, alive: await isAlive(child) })),
    );
    return decideLock(lock, children);
  }
}

/** URNs of what the flip changes, by type and name. None found = stop: a target that is not there exits 0. */
export function targetsOf(
  flip: Flip,
  state: StackState | undefined,
  { deployments, region, stack }: Pick<EmergencyOptions, "deployments" | "region" | "stack">,
): readonly string[] {
  const resources = state?.resources ?? [];
  if (flip.role === "promoting") {
    return deployments.map(({ name }) => {
      const found = resources.find(({ type, inputs }) => type === DEPLOYMENT_TYPE && nameOf(inputs) === name);
      if (found === undefined) throw noTarget(`Deployment ${name}`, stack);
      return found.urn;
    });
  }
  const control = resources.find(
    ({ type, inputs }) => type === CONTROL_TYPE && String(inputs["item"]).includes(`"control#${region}"`),
  );
  if (control === undefined) throw noTarget(`control item of ${region}`, stack);
  return [control.urn];
}

const nameOf = (inputs: Readonly<Record<string, unknown>>): unknown =>
  (inputs["metadata"] as { readonly name?: unknown } | undefined)?.name;

/** Pulumi would do nothing and call it success. */
export class NoTargetError extends HalfwayError {
  override readonly name = "NoTargetError";
}

const noTarget = (what: string, stack: string): NoTargetError =>
  new NoTargetError(
    `Pulumi's state of stack ${stack} has no ${what}: nothing to target. Deploy the stack, or run the same command with --direct`,
  );
