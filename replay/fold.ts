/**
 * What happens to a batch's events on this side of the connection. An application may fold them, so that PostgreSQL
 * writes rows as they are at the batch's end instead of at every event; without that each event is staged as it is.
 */
import type { JournalRecord } from "../journal/index.ts";
import { CopyText } from "./copy-text.ts";
import type { EventReader } from "./reader.ts";

/** The temporary table that `projection_apply` reads. */
export const STAGED = "staged";

export interface Copy {
  /** A table, with its columns in parentheses where they are not in its own order. */
  readonly into: string;
  /** In COPY's text format. */
  readonly text: Buffer;
}

export interface Folded {
  /** Rows that are finished, for the application's own tables. */
  readonly rows: readonly Copy[];
  /** What `projection_apply` is called for, unless it is empty. */
  readonly staged: Copy;
}

/** Folds one batch after another, each from nothing. */
export interface Fold {
  /** Of events, by name. */
  readonly fields: readonly string[];
  /** The events that are added next are this record's. */
  begin(record: JournalRecord): void;
  /** Throws ProjectionError when no log can go on like that. */
  add(event: EventReader, index: number): void;
  finish(): Folded;
}

/** What an application ships: docs/projection.md says it for those who write one. */
export interface Application {
  /** SQL that is safe to repeat: its tables and functions. */
  readonly schema: string;
  /** Absent: every event is staged. */
  readonly fold?: () => Fold;
}

export class StagingFold implements Fold {
  readonly fields: readonly string[];
  readonly #text = new CopyText();
  #record: JournalRecord | undefined;

  constructor(fields: readonly string[]) {
    this.fields = fields;
  }

  begin(record: JournalRecord): void {
    this.#record = record;
  }

  add(event: EventReader, index: number): void {
    const { epoch = 0, seq = 0, ts = 0 } = this.#record ?? {};
    const text = this.#text;
    for (const place of [epoch, seq, ts, index]) text.number(place);
    for (const field of this.fields.keys()) text.field(event, field);
    text.end();
  }

  finish(): Folded {
    return { rows: [], staged: { into: STAGED, text: this.#text.take() } };
  }
}
