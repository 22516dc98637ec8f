/**
 * A record's events, field by field, as bytes. `JSON.parse` makes an object of every command and every event; making
 * and collecting them cost more than all else that this side of a replay does.
 */
import type { ValidRecord } from "../journal/index.ts";
import { ABSENT, escaped } from "./copy-text.ts";
import { ProjectionError } from "./errors.ts";

const [TAB, LINE_FEED, RETURN, SPACE] = [0x09, 0x0a, 0x0d, 0x20] as const;
const [QUOTE, COMMA, COLON, BACKSLASH] = [0x22, 0x2c, 0x3a, 0x5c] as const;
const [LIST, LIST_END, OBJECT, OBJECT_END] = [0x5b, 0x5d, 0x7b, 0x7d] as const;
const [ZERO, LETTER_N] = [0x30, 0x6e] as const;
const quoted = (name: string): Buffer => Buffer.from(JSON.stringify(name));
const FRAME = [quoted("events")];
/** Of UTF-8, per unit of a string's length. */
const MOST_BYTES = 3;

export class EventReader {
  /** The record, and behind it those values that could not stay as they were. */
  bytes: Buffer = Buffer.alloc(256 * 1024);
  /**
   * By field, where in `bytes` the present event's value begins and ends, as COPY's text format wants it; of a nested one
   * its JSON text.
   */
  readonly start: Int32Array;
  readonly end: Int32Array;
  readonly #names: readonly Buffer[];
  /** By the field before it, 0 for none, which one came next in the last event. */
  readonly #followers: Int16Array;
  #at = 0;
  /** Up to where `bytes` hold something. */
  #used = 0;
  /** Of the value that was read last. */
  #isEscaped = false;

  constructor(fields: readonly string[]) {
    this.start = new Int32Array(fields.length);
    this.end = new Int32Array(fields.length);
    this.#names = fields.map(quoted);
    this.#followers = new Int16Array(fields.length + 1);
  }

  /** Calls `each` with the index of every event that counts. Throws ProjectionError for what is not in the frame of entries.ts. */
  read({ record, upTo }: ValidRecord, each: (index: number) => void): void {
    this.#load(record.body);
    let index = 0;
    this.#expect(LIST);
    if (this.#isNext(LIST_END)) return;
    do {
      this.#expect(OBJECT);
      if (this.#isNext(OBJECT_END)) continue;
      do {
        if (this.#name(FRAME, 0) === ABSENT) {
          this.#skip();
          continue;
        }
        this.#expect(LIST);
        if (this.#isNext(LIST_END)) continue;
        do {
          this.#event();
          if (index < upTo) each(index++);
        } while (this.#hasMore(LIST_END));
      } while (this.#hasMore(OBJECT_END));
    } while (this.#hasMore(LIST_END));
  }

  is(field: number, value: Buffer): boolean {
    return isFrom(this.bytes, this.start[field] ?? ABSENT, this.end[field] ?? ABSENT, value);
  }

  text(field: number): string | null {
    const from = this.start[field] ?? ABSENT;
    return from === ABSENT ? null : this.bytes.toString("utf8", from, this.end[field]);
  }

  /** Throws ProjectionError when it is no whole number, or negative. */
  integer(field: number): number {
    let value = 0;
    const from = this.start[field] ?? ABSENT;
    const to = this.end[field] ?? ABSENT;
    for (let at = from; at < to; at++) {
      const digit = (this.bytes[at] ?? 0) - ZERO;
      if (digit < 0 || digit > 9) value = Number.NaN;
      value = value * 10 + digit;
    }
    if (from < to && Number.isSafeInteger(value)) return value;
    throw new ProjectionError(`${this.text(field)} is not a whole number`);
  }

  #load(body: string): void {
    const most = body.length * MOST_BYTES + 2;
    if (this.bytes.length < most) this.bytes = Buffer.alloc(most * 2);
    this.#at = 0;
    this.#used = this.bytes.write(body);
    // Two that no JSON has: whoever runs past the end, by an escape even, stops there.
    this.bytes[this.#used++] = 0;
    this.bytes[this.#used++] = 0;
  }

  #event(): void {
    this.start.fill(ABSENT);
    this.#expect(OBJECT);
    if (this.#isNext(OBJECT_END)) return;
    let before = 0;
    do {
      // Events of a type have their fields in the same order.
      const expected = this.#followers[before] ?? 0;
      const field = this.#name(this.#names, expected);
      if (field === ABSENT) this.#skip();
      else {
        this.#value(field);
        if (field !== expected) this.#followers[before] = field;
        before = field + 1;
      }
    } while (this.#hasMore(OBJECT_END));
  }

  /** Which of the names comes next, and over its colon. */
  #name(names: readonly Buffer[], expected: number): number {
    if (this.#next() !== QUOTE) throw this.#malformed(this.#at);
    const from = this.#at;
    this.#skip();
    const to = this.#at;
    this.#expect(COLON);
    if (isFrom(this.bytes, from, to, names[expected])) return expected;
    for (let n = 0; n < names.length; n++) if (isFrom(this.bytes, from, to, names[n])) return n;
    return ABSENT;
  }

  #value(field: number): void {
    const first = this.#next();
    const from = this.#at;
    this.#skip();
    const to = this.#at;
    if (first === QUOTE && !this.#isEscaped) {
      this.start[field] = from + 1;
      this.end[field] = to - 1;
    } else if (first === QUOTE || first === OBJECT || first === LIST) {
      const value: unknown = JSON.parse(this.bytes.toString("utf8", from, to));
      this.#rewrite(field, typeof value === "string" ? value : JSON.stringify(value));
    } else if (first !== LETTER_N) {
      this.start[field] = from;
      this.end[field] = to;
    }
  }

  #rewrite(field: number, text: string): void {
    const clean = escaped(text);
    const most = this.#used + clean.length * MOST_BYTES;
    if (this.bytes.length < most) this.bytes = Buffer.concat([this.bytes], most * 2);
    this.start[field] = this.#used;
    this.#used += this.bytes.write(clean, this.#used);
    this.end[field] = this.#used;
  }

  /** Over a value of any kind. */
  #skip(): void {
    this.#next();
    const { bytes } = this;
    let at = this.#at;
    let depth = 0;
    this.#isEscaped = false;
    do {
      let byte = bytes[at++] ?? 0;
      if (byte === QUOTE) {
        for (byte = bytes[at++] ?? 0; byte !== QUOTE; byte = bytes[at++] ?? 0) {
          if (byte < SPACE) throw this.#malformed(at - 1);
          if (byte !== BACKSLASH) continue;
          this.#isEscaped = true;
          at++;
        }
      } else if (byte === OBJECT || byte === LIST) depth++;
      else if (byte === OBJECT_END || byte === LIST_END) depth--;
      else if (byte === 0) throw this.#malformed(at - 1);
      else if (depth === 0) while (isOfToken(bytes[at] ?? 0)) at++;
    } while (depth > 0);
    this.#at = at;
  }

  #next(): number {
    const { bytes } = this;
    for (;;) {
      const byte = bytes[this.#at] ?? 0;
      if (byte !== SPACE && byte !== LINE_FEED && byte !== TAB && byte !== RETURN) return byte;
      this.#at++;
    }
  }

  #isNext(byte: number): boolean {
    if (this.#next() !== byte) return false;
    this.#at++;
    return true;
  }

  #expect(byte: number): void {
    if (!this.#isNext(byte)) throw this.#malformed(this.#at);
  }

  /** True behind a comma, false behind the end. */
  #hasMore(end: number): boolean {
    if (this.#isNext(COMMA)) return true;
    this.#expect(end);
    return false;
  }

  #malformed(at: number): ProjectionError {
    return new ProjectionError(`the record's body is malformed at byte ${at}`);
  }
}

/** Of a number, `true`, `false` or `null`. */
const isOfToken = (byte: number): boolean =>
  byte > QUOTE && byte !== COMMA && byte !== LIST_END && byte !== OBJECT_END;

function isFrom(bytes: Buffer, from: number, to: number, expected: Buffer | undefined): boolean {
  if (expected === undefined || expected.length !== to - from) return false;
  // From behind: names that are equally long begin alike more often than they end alike.
  for (let n = expected.length - 1; n >= 0; n--) if (bytes[from + n] !== expected[n]) return false;
  return true;
}
