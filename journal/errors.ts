/** What the journal refuses, by name: callers act on the class, people read the message. */
import type { Region } from "../components/model.ts";
import type { Position, RegionItem } from "./model.ts";

const at = ({ epoch, seq }: Position): string => `epoch ${epoch}, seq ${seq}`;

/** The epoch is sealed: this process must exit. A rejected append with this error was *never appended*. */
export class FencedError extends Error {
  override readonly name = "FencedError";
  readonly shard: number;
  readonly position: Position;

  constructor(shard: number, position: Position) {
    super(`shard ${shard} was sealed at ${at(position)}: this writer is fenced and must exit`);
    this.shard = shard;
    this.position = position;
  }
}

/** The writer was closed while a put was in flight: the record may or may not be in the log. */
export class UnknownOutcomeError extends Error {
  override readonly name = "UnknownOutcomeError";
}

/** The newest epoch belongs to another region: only `dr` seals across regions. */
export class NotMyRegionError extends Error {
  override readonly name = "NotMyRegionError";
  readonly owner: Region;

  constructor(shard: number, owner: Region, mine: Region) {
    super(`shard ${shard} belongs to ${owner}, not to ${mine}: wait, or move it with \`dr failover\``);
    this.owner = owner;
  }
}

/** Another process opened an epoch first: look again who is to write. */
export class OvertakenError extends Error {
  override readonly name = "OvertakenError";

  constructor(shard: number, epoch: number, wanted: number) {
    super(`shard ${shard} is at epoch ${epoch}, not at ${wanted} any more: another process was quicker`);
  }
}

/** The shard is halted: only `dr` ends a halt. */
export class HaltedError extends Error {
  override readonly name = "HaltedError";

  constructor(shard: number, sealer: string | null) {
    super(`shard ${shard} is halted by ${sealer}: wait until a run resumes it`);
  }
}

/** The shard's log goes on in another table: nothing is ever sealed or appended here again. */
export class MovedError extends Error {
  override readonly name = "MovedError";

  constructor(shard: number, sealer: string | null) {
    super(`shard ${shard} was moved to another table by ${sealer}: this one is closed for good`);
  }
}

/** Only a log that has ended may be left for another table. */
export class NotHaltedError extends Error {
  override readonly name = "NotHaltedError";

  constructor(shard: number) {
    super(`shard ${shard} is not halted: halt it first with toggle-maintenance.sh --enable`);
  }
}

/** A newer decision was sealed already: this run is out of date. */
export class SupersededError extends Error {
  override readonly name = "SupersededError";
  readonly generation: number;

  constructor(shard: number, generation: number, mine: number) {
    super(
      `shard ${shard} is sealed with generation ${generation}, newer than ${mine}: this run is out of date`,
    );
    this.generation = generation;
  }
}

/** Another run changed the region item first. */
export class DecisionConflictError extends Error {
  override readonly name = "DecisionConflictError";
  readonly current: RegionItem;

  constructor(current: RegionItem, expected: number) {
    const { generation, active, runId } = current;
    super(
      `the region item is at generation ${generation} (${active}, run ${runId}), not ${expected}: read it again`,
    );
    this.current = current;
  }
}

/** A position that is not (or, after a cut, no longer) in the valid log: rebuild from an older checkpoint. */
export class NotInLogError extends Error {
  override readonly name = "NotInLogError";
  readonly position: Position;

  constructor(shard: number, position: Position, why: string) {
    super(`shard ${shard}, ${at(position)} is not in the valid log: ${why}`);
    this.position = position;
  }
}

/** Stored data contradicts itself: a hash, the chain, or a hole where a record must be. */
export class TamperedError extends Error {
  override readonly name = "TamperedError";
  readonly position: Position;

  constructor(shard: number, position: Position, why: string) {
    super(`shard ${shard}, ${at(position)}: ${why}: stop and compare with the archive`);
    this.position = position;
  }
}

/** A body that can never be appended; nothing was put. */
export class BodyRefusedError extends Error {
  override readonly name = "BodyRefusedError";
}
