/** A shard's state rebuilt from the journal: the newest valid checkpoint, then the records after it. */
import {
  type Acknowledgement,
  type Anchor,
  type CheckpointStore,
  type Cursor,
  type JournalStore,
  type Known,
  openCursor,
  type Position,
  type ValidRecord,
} from "../../journal/index.ts";
import { type Log, messageOf } from "../log.ts";
import { entriesOf } from "./record.ts";
import { State } from "./state.ts";

export interface ReplicaSource {
  readonly store: JournalStore;
  readonly checkpoints: CheckpointStore;
  readonly shard: number;
  /** Where the log was seen to end. */
  readonly known?: Known | undefined;
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
  /** Behind `at`: who reads on from it folds what it gives. */
  readonly cursor: Cursor;

  private constructor(cursor: Cursor, settled: State, from?: Anchor) {
    this.cursor = cursor;
    this.settled = settled;
    this.at = from;
    this.replayedFrom = from === undefined ? null : { epoch: from.epoch, seq: from.seq };
  }

  /**
   * Loads the newest valid checkpoint; the tail is still to be read. A checkpoint only saves time: one that cannot be
   * had, or is of another version, costs a longer replay and nothing else.
   */
  static async restore(source: ReplicaSource): Promise<Replica> {
    const { store, checkpoints, shard, known, log, signal } = source;
    try {
      const checkpoint = await checkpoints.newestValid(store, shard, { known, signal });
      if (checkpoint !== undefined) {
        const { state, cursor, shard: _, ...anchor } = checkpoint;
        return new Replica(cursor, State.parse(state, shard), anchor);
      }
    } catch (error) {
      signal.throwIfAborted();
      log("checkpoint-unusable", { shard, error: messageOf(error) });
    }
    return new Replica(await openCursor(store, shard, { known, signal }), new State(shard));
  }

  /**
   * Reads on to the log's end, or to that record: not at all when it stands there. Rejects with `NotInLogError` when a
   * cut took back what was folded already.
   */
  async catchUp(to?: Position): Promise<void> {
    const isThere = () => to !== undefined && (this.at?.seq ?? 0) >= to.seq;
    if (isThere()) return;
    for await (const valid of this.cursor.read()) {
      this.fold(valid);
      if (isThere()) return;
    }
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
