/**
 * A record's events, field by field, as bytes. `JSON.parse` makes an object of every command and every event, which
 * alone costs nearly as much as to read and fold them as bytes and to write their rows.
 */
import type { ValidRecord } from "../journal/index.ts";
import { ABSENT, escaped } from "./copy-text.ts";
import { ProjectionError } from "./errors.ts";

const SPACE = 0x20;
const [QUOTE, COMMA, COLON, BACKSLASH] = [0x22, 0x2c, 0x3a, 0x5c] as const;
const [LIST, LIST_END, OBJECT, OBJECT_END] = [0x5b, 0x5d, 0x7b, 0x7d] as const;
const [ZERO, LETTER_N] = [0x30, 0x6e] as const;
/** Of UTF-8, per unit of a string's length. */
const MOST_BYTES = 3;

const nameOf = (text: string): Buffer => Buffer.from(`${JSON.stringify(text)}:`);
const EVENTS = nameOf("events");

export class EventReader {
  /** The record, and behind it those values that could not stay as they were. */
  bytes: Buffer = Buffer.alloc(256 * 1024);
  /** By field, where in `bytes` the present event's value begins and ends, as COPY's text format wants it. */
  readonly start: Int32Array;
  readonly end: Int32Array;
  readonly #names: readonly Buffer[];
  /** By the field before it, 0 for none, which one came next in the last event. */
  readonly #followers: Int16Array;
  /** Up to where `bytes` hold something. */
  #used = 0;

  constructor(fields: readonly string[]) {
    this.start = new Int32Array(fields.length);
    this.end = new Int32Array(fields.length);
    this.#names = fields.map(nameOf);
    this.#followers = new Int16Array(fields.length + 1);
  }

  /** Calls `each` with the index of every event that counts. Throws ProjectionError for a body in another frame than that of entries.ts. */
  read({ record, upTo }: ValidRecord, each: (index: number) => void): void {
    const bytes = this.#load(record.body);
    let index = 0;
    let at = enter(bytes, 0, LIST);
    for (; bytes[at] !== LIST_END; at = onward(bytes, at, LIST_END)) {
      at = enter(bytes, at, OBJECT);
      for (; bytes[at] !== OBJECT_END; at = onward(bytes, at, OBJECT_END)) {
        const isEvents = isNamed(bytes, at, EVENTS);
        at = expect(bytes, skip(bytes, at), COLON);
        if (!isEvents) {
          at = skip(bytes, at);
          continue;
        }
        at = enter(bytes, at, LIST);
        for (; bytes[at] !== LIST_END; at = onward(bytes, at, LIST_END)) {
          at = this.#event(bytes, at);
          if (index < upTo) each(index++);
        }
        at++;
      }
      at++;
    }
  }

  is(field: number, value: Buffer): boolean {
    const from = this.start[field] ?? ABSENT;
    return (this.end[field] ?? ABSENT) - from === value.length && isAt(this.bytes, from, value, value.length);
  }

  text(field: number): string | null {
    const from = this.start[field] ?? ABSENT;
    return from === ABSENT ? null : this.bytes.toString("utf8", from, this.end[field]);
  }

  /** Throws ProjectionError when it is no whole number, or negative. */
  integer(field: number): number {
    const from = this.start[field] ?? ABSENT;
    const to = this.end[field] ?? ABSENT;
    let value = from < to ? 0 : Number.NaN;
    for (let at = from; at < to; at++) {
      const digit = (this.bytes[at] ?? 0) - ZERO;
      value = digit >= 0 && digit <= 9 ? value * 10 + digit : Number.NaN;
    }
    if (Number.isSafeInteger(value)) return value;
    throw new ProjectionError(`${this.text(field)} is no whole number`);
  }

  #load(body: string): Buffer {
    const most = body.length * MOST_BYTES + 2;
    if (this.bytes.length < most) this.bytes = Buffer.alloc(most * 2);
    this.#used = this.bytes.write(body);
    // Two that no JSON has: whoever runs past the end, by an escape even, stops there.
    this.bytes[this.#used++] = 0;
    this.bytes[this.#used++] = 0;
    return this.bytes;
  }

  #event(bytes: Buffer, from: number): number {
    for (let field = 0; field < this.start.length; field++) this.start[field] = this.end[field] = ABSENT;
    let before = 0;
    let at = enter(bytes, from, OBJECT);
    for (; bytes[at] !== OBJECT_END; at = onward(bytes, at, OBJECT_END)) {
      // Events of a type have their fields in the same order.
      const expected = this.#followers[before] ?? 0;
      const name = this.#names[expected];
      let field = expected;
      if (name !== undefined && isAt(bytes, at, name, name.length)) at += name.length;
      else {
        field = this.#find(bytes, at);
        at = expect(bytes, skip(bytes, at), COLON);
      }
      if (field === ABSENT) at = skip(bytes, at);
      else {
        at = this.#value(field, bytes, at);
        this.#followers[before] = field;
        before = field + 1;
      }
    }
    return at + 1;
  }

  #find(bytes: Buffer, at: number): number {
    let field = ABSENT;
    for (const name of this.#names) {
      field++;
      if (isNamed(bytes, at, name)) return field;
    }
    return ABSENT;
  }

  #value(field: number, bytes: Buffer, behind: number): number {
    const from = next(bytes, behind);
    const first = bytes[from];
    if (first === QUOTE) {
      const to = plainEnd(bytes, from + 1);
      if (bytes[to] === QUOTE) {
        this.start[field] = from + 1;
        this.end[field] = to;
        return to + 1;
      }
    }
    const to = skip(bytes, from);
    if (first === QUOTE || first === OBJECT || first === LIST)
      this.#rewrite(field, bytes.toString("utf8", from, to));
    else {
      this.start[field] = first === LETTER_N ? ABSENT : from;
      this.end[field] = first === LETTER_N ? ABSENT : to;
    }
    return to;
  }

  #rewrite(field: number, json: string): void {
    const value: unknown = JSON.parse(json);
    const text = escaped(typeof value === "string" ? value : JSON.stringify(value));
    const most = this.#used + text.length * MOST_BYTES;
    if (this.bytes.length < most) this.bytes = Buffer.concat([this.bytes], most * 2);
    this.start[field] = this.#used;
    this.#used += this.bytes.write(text, this.#used);
    this.end[field] = this.#used;
  }
}

/** Behind an opening bracket: at the first item, or at the closing one. */
const enter = (bytes: Buffer, at: number, bracket: number): number => next(bytes, expect(bytes, at, bracket));

/** Behind an item: at the next one, or at the closing bracket. */
function onward(bytes: Buffer, behind: number, bracket: number): number {
  const at = next(bytes, behind);
  return bytes[at] === bracket ? at : next(bytes, expect(bytes, at, COMMA));
}

function expect(bytes: Buffer, from: number, byte: number): number {
  const at = next(bytes, from);
  if (bytes[at] !== byte) throw malformed(at);
  return at + 1;
}

/** Over white space, and over what else may not stand between values. */
function next(bytes: Buffer, from: number): number {
  let at = from;
  for (let byte = bytes[at] ?? 0; byte <= SPACE && byte !== 0; byte = bytes[at] ?? 0) at++;
  return at;
}

/** Over a value of any kind. */
function skip(bytes: Buffer, from: number): number {
  let at = next(bytes, from);
  let depth = 0;
  do {
    const byte = bytes[at++] ?? 0;
    if (byte === QUOTE) {
      for (at = plainEnd(bytes, at); bytes[at] === BACKSLASH; ) at = plainEnd(bytes, at + 2);
      at++;
    } else if (byte === OBJECT || byte === LIST) depth++;
    else if (byte === OBJECT_END || byte === LIST_END) depth--;
    else if (byte === 0) throw malformed(at - 1);
    else if (depth === 0) while (isOfToken(bytes[at] ?? 0)) at++;
  } while (depth > 0);
  return at;
}

/** In a string: at its closing quote, or at the next backslash before that. */
function plainEnd(bytes: Buffer, from: number): number {
  for (let at = from; ; at++) {
    const byte = bytes[at] ?? 0;
    if (byte === QUOTE || byte === BACKSLASH) return at;
    if (byte < SPACE) throw malformed(at);
  }
}

/** Of a number, `true`, `false` or `null`. */
const isOfToken = (byte: number): boolean =>
  byte > QUOTE && byte !== COMMA && byte !== LIST_END && byte !== OBJECT_END;

/** The colon may stand apart. */
const isNamed = (bytes: Buffer, at: number, name: Buffer): boolean => isAt(bytes, at, name, name.length - 1);

function isAt(bytes: Buffer, at: number, expected: Buffer, length: number): boolean {
  for (let n = 0; n < length; n++) if (bytes[at + n] !== expected[n]) return false;
  return true;
}

const malformed = (at: number): ProjectionError => new ProjectionError(`its body is malformed at byte ${at}`);
