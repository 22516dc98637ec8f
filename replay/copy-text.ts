/**
 * Rows in COPY's text format, written as bytes.
 * https://www.postgresql.org/docs/18/sql-copy.html#SQL-COPY-FILE-FORMATS
 */
import type { EventReader } from "./reader.ts";

/** Where a value would start, had the event such a field, and were it not null. */
export const ABSENT = -1;
const [TAB, LINE_FEED, ZERO] = [0x09, 0x0a, 0x30] as const;
const NULL = Buffer.from("\\N");
const FIRST_BYTES = 64 * 1024;
const CHUNK_BYTES = 256 * 1024;
/** Of the largest whole number that is exact. */
const MOST_DIGITS = 16;

const ESCAPES: Readonly<Record<string, string>> = { "\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r" };
export const escaped = (text: string): string =>
  text.replace(/[\\\t\n\r]/g, (character) => ESCAPES[character] ?? character);

export class CopyText {
  bytes: Buffer = Buffer.allocUnsafe(FIRST_BYTES);
  length = 0;

  /** A value that needs no escaping, or has it. */
  value(source: Buffer, from = 0, to = source.length): void {
    this.#reserve(to - from + 1);
    const { bytes } = this;
    let { length } = this;
    // Most are shorter than what a call into native code is worth.
    for (let at = from; at < to; at++) bytes[length++] = source[at] ?? 0;
    bytes[length++] = TAB;
    this.length = length;
  }

  /** Several, each with its tab. */
  values(source: Buffer, from: number, to: number): void {
    this.value(source, from, to);
    this.length--;
  }

  field({ bytes, start, end }: EventReader, field: number): void {
    const from = start[field] ?? ABSENT;
    if (from === ABSENT) this.value(NULL);
    else this.value(bytes, from, end[field]);
  }

  /** @param number whole and not negative */
  number(number: number): void {
    this.#reserve(MOST_DIGITS + 1);
    let digits = 1;
    for (let limit = 10; number >= limit; limit *= 10) digits++;
    const { bytes } = this;
    let rest = number;
    for (let at = this.length + digits - 1; at >= this.length; at--) {
      const tenth = Math.floor(rest / 10);
      bytes[at] = ZERO + rest - tenth * 10;
      rest = tenth;
    }
    this.length += digits;
    bytes[this.length++] = TAB;
  }

  /** Ends the row in place of its last value's tab. */
  end(): void {
    this.bytes[this.length - 1] = LINE_FEED;
  }

  #reserve(more: number): void {
    if (this.length + more <= this.bytes.length) return;
    const larger = Buffer.allocUnsafe((this.length + more) * 2);
    this.bytes.copy(larger, 0, 0, this.length);
    this.bytes = larger;
  }
}

/** Rows that are only ever written on: in pieces, since one buffer that grows would take their memory three times. */
export class CopyRows extends CopyText {
  readonly #chunks: Buffer[] = [];

  override end(): void {
    super.end();
    if (this.length < CHUNK_BYTES) return;
    this.#cut();
    this.bytes = Buffer.allocUnsafe(CHUNK_BYTES + FIRST_BYTES);
    this.length = 0;
  }

  /** All that was written; nothing may be behind it. */
  finish(): readonly Buffer[] {
    if (this.length > 0) this.#cut();
    return this.#chunks;
  }

  #cut(): void {
    this.#chunks.push(this.bytes.subarray(0, this.length));
  }
}
