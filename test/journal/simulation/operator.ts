/** What `dr` does to the journal, as a process that may be killed and run again. */
import type { Region } from "../../../components/model.ts";
import {
  DecisionConflictError,
  type Fenced,
  fence,
  HaltedError,
  type JournalStore,
  NotMyRegionError,
  OvertakenError,
  readHead,
  SupersededError,
} from "../../../journal/index.ts";
import type { Rules } from "../../../journal/protocol.ts";

export interface OperatorOptions {
  readonly store: JournalStore;
  readonly runId: string;
  readonly window: number;
  readonly rules: Rules;
}

/** What a run, or an engine's start, may end with when another one is faster. */
export const isRefusal = (error: unknown): boolean =>
  error instanceof DecisionConflictError ||
  error instanceof HaltedError ||
  error instanceof NotMyRegionError ||
  error instanceof OvertakenError ||
  error instanceof SupersededError;

/** Decides for a region, once per run, and fences the shard with that decision. */
export async function failover(options: OperatorOptions, target: Region): Promise<Fenced> {
  const { store, runId, window, rules } = options;
  const current = await store.readRegionItem();
  const decided =
    current.runId === runId
      ? current
      : await store.bumpRegionItem({ generation: current.generation + 1, active: target, runId });
  const { generation } = decided;
  const seal = {
    region: target,
    generation,
    reason: "failover",
    endsHalt: true,
    sealer: runId,
    window,
  } as const;
  return fence(store, 0, seal, rules);
}

export async function halt(options: OperatorOptions, reason: "halt" | "resume"): Promise<Fenced> {
  const { store, runId, window, rules } = options;
  const { opening } = await readHead(store, 0);
  const { region, generation } = opening;
  return fence(store, 0, { region, generation, reason, sealer: `${runId}/${reason}`, window }, rules);
}
