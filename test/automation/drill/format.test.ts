/** The judge's own reading of the format against the journal's: two codes, one document. */
import test from "ava";
import fc from "fast-check";
import { epochStartHash, genesisHash, recordHash, sealHash } from "../../../automation/drill/audit/items.ts";
import { itemOf } from "../../../automation/drill/witness/journal-table.ts";
import { REGIONS } from "../../../components/model.ts";
import { toAttributes } from "../../../journal/attributes.ts";
import { hashEpochStart, hashGenesis, hashRecord, hashSeal } from "../../../journal/hash.ts";
import { type JournalRecord, logKey, SEAL_REASONS, type Seal } from "../../../journal/model.ts";
import { openedBy } from "../../../journal/protocol.ts";

const number = fc.nat({ max: 2 ** 40 });
const hex = fc.stringMatching(/^[0-9a-f]{64}$/);
const place = { shard: fc.nat({ max: 15 }), epoch: number, seq: number, ts: number, prevHash: hex };

const records: fc.Arbitrary<JournalRecord> = fc
  .record({ ...place, writer: fc.uuid(), events: number, body: fc.string({ unit: "grapheme" }) })
  .map((record) => ({ kind: "record", ...record, hash: hashRecord({ kind: "record", ...record }) }));

const seals: fc.Arbitrary<Seal> = fc
  .record({
    ...place,
    base: fc.record({ epoch: number, seq: number, index: fc.option(number) }),
    region: fc.constantFrom(...REGIONS),
    writer: fc.option(fc.uuid()),
    generation: number,
    reason: fc.constantFrom(...SEAL_REASONS),
    sealer: fc.string(),
  })
  .map((seal) => ({ kind: "seal", ...seal, hash: hashSeal({ kind: "seal", ...seal }) }));

test("records and seals that the journal stores are read back as they are, with equal hashes", (t) => {
  fc.assert(
    fc.property(fc.oneof(records, seals), (item) => {
      const key = { pk: { S: logKey(item.shard, item.epoch) }, sk: { N: String(item.seq) } };
      const read = itemOf({ ...key, ...toAttributes(item) });
      t.deepEqual(read, item);
      t.is(item.kind === "record" ? recordHash(item) : sealHash(item), item.hash);
    }),
  );
});

test("an epoch's first link and the genesis are hashed alike", (t) => {
  fc.assert(
    fc.property(seals, hex, (seal, base) => {
      t.is(epochStartHash(seal.hash, seal.base, base), hashEpochStart(openedBy(seal), base));
    }),
  );
  t.is(genesisHash(3, "us-east-1"), hashGenesis(3, "us-east-1"));
});

test("items that are not of a log are passed over, and a mutilated one is named", (t) => {
  t.is(itemOf({ pk: { S: "region" }, sk: { N: "0" }, generation: { N: "1" } }), undefined);
  t.is(itemOf({ pk: { S: "control#us-east-1" }, sk: { N: "0" } }), undefined);
  t.throws(() => itemOf({ pk: { S: "1#2" }, sk: { N: "3" }, kind: { S: "record" } }), {
    message: /^journal item 1#2 3 is neither a record nor a seal: /,
  });
});
