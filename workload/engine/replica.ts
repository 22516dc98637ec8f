/** A shard's state rebuilt from the journal: the newest valid checkpoint, then the records after it. */
import {
  type Acknowledgement,
  type Anchor,
  type CheckpointStore,
  type JournalStore,
  type Position,
  readValid,
  type ValidRecord,
} from "../../journal/index.ts";
import { type Log, messageOf } from "../log.ts";
import { entriesOf } from "./record.ts";
import { State } from "./state.ts";

export interface ReplicaSource {
  readonly store: JournalStore;
  readonly checkpoints: CheckpointStore;
  readonly shard: number;
  readonly log: Log;
  readonly signal: AbortSignal;
}

export class Replica {
  /** What is acknowledged: all that anybody may be told, and all that a checkpoint may hold. */
  readonly settled: State;
  /** Where `settled` stands; undefined before the first record. */
  at: Anchor | undefined;
  readonly replayedFrom: Position | null;
  tailReplayed = 0;
  readonly #source: ReplicaSource;

  private constructor(source: ReplicaSource, settled: State, from: Anchor | undefined) {
    this.#source = source;
    this.settled = settled;
    this.at = from;
    this.replayedFrom = from === undefined ? null : { epoch: from.epoch, seq: from.seq };
  }

  /**
   * Loads the newest valid checkpoint; the tail is still to be read. A checkpoint only saves time: one that cannot be
   * had, or is of another version, costs a longer replay and nothing else.
   */
  static async restore(source: ReplicaSource): Promise<Replica> {
    const { store, checkpoints, shard, log, signal } = source;
    try {
      const checkpoint = await checkpoints.newestValid(store, shard, signal);
      if (checkpoint === undefined) return new Replica(source, new State(shard), undefined);
      const { state, shard: _, ...anchor } = checkpoint;
      return new Replica(source, State.parse(state, shard), anchor);
    } catch (error) {
      signal.throwIfAborted();
      log("checkpoint-unusable", { shard, error: messageOf(error) });
      return new Replica(source, new State(shard), undefined);
    }
  }

  /** Reads on to the log's end. Rejects with `NotInLogError` when a cut took back what was folded already. */
  async catchUp(): Promise<void> {
    const { store, shard, signal } = this.#source;
    const after = this.at === undefined ? {} : { after: this.at };
    for await (const valid of readValid(store, shard, { ...after, signal })) this.fold(valid);
  }

  fold(valid: ValidRecord): void {
    const { shard, epoch, seq, hash } = valid.record;
    const ack: Acknowledgement = { shard, epoch, seq, hash };
    for (const entry of entriesOf(valid)) this.settled.fold(entry, ack);
    this.at =
      valid.upTo < valid.record.events ? { epoch, seq, hash, index: valid.upTo } : { epoch, seq, hash };
    this.tailReplayed += 1;
  }
}
