/**
 * What happens to a batch's events on this side of the connection. An application may fold them, so that PostgreSQL
 * writes rows as they are at the batch's end instead of at every event; without that each event is staged as it is.
 */
import type { JournalRecord } from "../journal/index.ts";
import { CopyRows } from "./copy-text.ts";
import type { EventReader } from "./reader.ts";

/** The temporary table that `projection_apply` reads. */
export const STAGED = "staged";

export interface Copy {
  /** A table, with its columns in parentheses where they are not in its own order. */
  readonly into: string;
  /** In COPY's text format, in pieces of any size. */
  readonly text: readonly Buffer[];
}

export interface Folded {
  /** Rows that are finished, for the application's own tables. */
  readonly rows: readonly Copy[];
  /** What `projection_apply` is called for, unless it is empty. */
  readonly staged: Copy;
}

/** Of one batch, from nothing. */
export interface Fold {
  /** The events that are added next are this record's. */
  begin(record: JournalRecord): void;
  /** Throws ProjectionError when no log can go on like that. */
  add(event: EventReader, index: number): void;
  /** Ends it. */
  finish(): Folded;
}

export interface Folding {
  /** Names of an event's fields; the reader knows them by their numbers here. */
  readonly fields: readonly string[];
  readonly start: () => Fold;
}

/** What an application ships: docs/projection.md says it for those who write one. */
export interface Application {
  /** SQL that is safe to repeat: its tables and functions. */
  readonly schema: string;
  /** Absent: every event is staged. */
  readonly folding?: Folding;
}

/** @param fields of the staged table, in its order */
export const stagingOf = (fields: readonly string[]): Folding => ({
  fields,
  start: () => new Staging(fields.length),
});

class Staging implements Fold {
  readonly #fields: number;
  readonly #text = new CopyRows();
  #place: readonly [epoch: number, seq: number, ts: number] = [0, 0, 0];

  constructor(fields: number) {
    this.#fields = fields;
  }

  begin({ epoch, seq, ts }: JournalRecord): void {
    this.#place = [epoch, seq, ts];
  }

  add(event: EventReader, index: number): void {
    const text = this.#text;
    for (const number of this.#place) text.number(number);
    text.number(index);
    for (let field = 0; field < this.#fields; field++) text.field(event, field);
    text.end();
  }

  finish(): Folded {
    return { rows: [], staged: { into: STAGED, text: this.#text.finish() } };
  }
}
