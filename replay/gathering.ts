/** A batch on its way from the log to a transaction. */
import { type Anchor, anchorOf, type ValidRecord } from "../journal/index.ts";
import { ProjectionError } from "./errors.ts";
import type { Fold, Folded } from "./fold.ts";
import type { EventReader } from "./reader.ts";

/** Consecutive records, ready to be sent. */
export interface Prepared extends Folded {
  readonly to: Anchor;
  readonly events: number;
}

export class Gathering {
  events = 0;
  /** Of the records' bodies. */
  characters = 0;
  readonly #fold: Fold;
  readonly #reader: EventReader;
  #last: ValidRecord | undefined;

  constructor(fold: Fold, reader: EventReader) {
    this.#fold = fold;
    this.#reader = reader;
  }

  /** The record behind the one before. Throws ProjectionError; then the batch is worth nothing. */
  add(valid: ValidRecord): void {
    const [fold, reader] = [this.#fold, this.#reader];
    try {
      fold.begin(valid.record);
      reader.read(valid, (index) => fold.add(reader, index));
    } catch (error) {
      throw error instanceof ProjectionError ? atRecord(valid, error) : error;
    }
    this.events += valid.upTo;
    this.characters += valid.record.body.length;
    this.#last = valid;
  }

  finish(): Prepared {
    if (this.#last === undefined) throw new Error("a batch has at least one record");
    return { to: anchorOf(this.#last), events: this.events, ...this.#fold.finish() };
  }
}

const atRecord = ({ record: { shard, epoch, seq } }: ValidRecord, error: ProjectionError): ProjectionError =>
  new ProjectionError(`record ${epoch}.${seq} of shard ${shard}: ${error.message}`);
