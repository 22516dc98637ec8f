import test from "ava";
import fc from "fast-check";
import type { ValidRecord } from "../../journal/index.ts";
import { eventsOf } from "../../replay/entries.ts";
import { ProjectionError } from "../../replay/errors.ts";
import { EventReader } from "../../replay/reader.ts";

const record = (body: string, events: number, upTo = events): ValidRecord => ({
  record: {
    ...{ kind: "record", shard: 0, epoch: 1, seq: 1, ts: 1, writer: "w", prevHash: "", hash: "" },
    ...{ events, body },
  },
  upTo,
});

/** COPY's text format back into a value's text. */
const ESCAPED: Readonly<Record<string, string>> = { "\\\\": "\\", "\\t": "\t", "\\n": "\n", "\\r": "\r" };
const plain = (text: string): string => text.replace(/\\[\\tnr]/g, (pair) => ESCAPED[pair] ?? pair);

function read(fields: readonly string[], valid: ValidRecord): (string | null)[][] {
  const reader = new EventReader(fields);
  const rows: (string | null)[][] = [];
  reader.read(valid, (index) => {
    const row = fields.map((_, field) => reader.text(field));
    rows.push([String(index), ...row.map((text) => (text === null ? null : plain(text)))]);
  });
  return rows;
}

function parsed(fields: readonly string[], valid: ValidRecord): (string | null)[][] {
  return eventsOf(valid).map((event, index) => {
    const values = fields.map((field) => Object.entries(event).find(([name]) => name === field)?.[1]);
    return [String(index), ...values.map(textOf)];
  });
}
const textOf = (value: unknown): string | null =>
  value === undefined || value === null ? null : typeof value === "string" ? value : JSON.stringify(value);

const FIELDS = ["type", "client", "quantity", "events", "command", 'quo"ted', "back\\slash", "naïve", ""];
const object = fc.dictionary(fc.oneof(fc.constantFrom(...FIELDS), fc.string()), fc.jsonValue(), {
  noNullPrototype: true,
});
const entries = fc.array(fc.record({ command: object, events: fc.array(object, { maxLength: 5 }) }), {
  maxLength: 5,
});

test("reads what JSON.parse reads, whatever fields and values are, up to where a cut ends", (t) => {
  fc.assert(
    fc.property(entries, fc.nat(5), fc.constantFrom(undefined, 1, "\t"), (all, cut, indent) => {
      const count = all.reduce((sum, { events }) => sum + events.length, 0);
      const valid = record(JSON.stringify(all, null, indent), count, Math.max(0, count - cut));
      t.deepEqual(read(FIELDS, valid), parsed(FIELDS, valid));
    }),
    { seed: 1, numRuns: 100 },
  );
});

test("one reader reads records of any size, one after another", (t) => {
  const reader = new EventReader(["text"]);
  for (const length of [10, 100_000, 1, 300_000]) {
    const text = "✓\n".repeat(length);
    const valid = record(JSON.stringify([{ command: {}, events: [{ text }] }]), 1);
    reader.read(valid, () => t.is(plain(reader.text(0) ?? ""), text));
  }
});

test("a body that is cut off or is not in the frame is refused, wherever it ends", (t) => {
  const body = JSON.stringify([{ command: { a: ["\\"] }, events: [{ type: "a\\", client: { b: [1] } }] }]);
  for (let length = 0; length < body.length; length++) {
    t.throws(() => read(FIELDS, record(body.slice(0, length), 1)), { instanceOf: ProjectionError });
  }
  t.throws(() => read(FIELDS, record('[{"events":[7]}]', 1)), {
    instanceOf: ProjectionError,
    message: "its body is malformed at byte 12",
  });
});
