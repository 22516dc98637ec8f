import test from "ava";
import type { Finding } from "../../../automation/review/finding.ts";
import { compare, fromMarker, remember, toMarker } from "../../../automation/review/memory.ts";

const lifted = (names: readonly string[]): Finding => ({
  ...{
    risk: "protection",
    severity: "eyes",
    stack: "prod",
    region: "us-east-1",
    because: [],
    rpo: "–",
    rto: "–",
  },
  type: "aws:s3/bucket:Bucket",
  names,
});
const many = (count: number) => [lifted(Array.from({ length: count }, (_, n) => `bucket-${n}`))];

test("what a comment remembers it reads back", (t) => {
  const memory = remember(many(3), "0123");
  t.deepEqual(fromMarker(`text\n\n${toMarker(memory)}`), memory);
});

test("of more risks than it has room for, nobody knows which are new", (t) => {
  const before = remember(many(100), "0123");
  t.is(before.more, 20);
  t.like(compare(before, many(101), []), { added: undefined, kept: 80, gone: [] });
  t.deepEqual(compare(remember(many(2), ""), many(3), []).added?.size, 1);
});
