/** The journal, broken on purpose: a simulation that does not find each of these proves nothing. */

import { findNewestEpoch, isHalted, openWriter } from "../../../journal/index.ts";
import { type Pipeline, PROTOCOL } from "../../../journal/protocol.ts";
import { EpochWriter } from "../../../journal/writer.ts";
import type { Variant } from "./fleet.ts";

const upTo = (from: number, to: number) => Array.from({ length: to - from }, (_, offset) => from + offset);

/** A restart that goes on in the epoch it finds, as though its earlier self could have nothing in flight. */
const continueEpoch: typeof openWriter = async (options, rules = PROTOCOL) => {
  const { store, shard, region, writer, window = 16 } = options;
  const { opening, end, last } = await findNewestEpoch(store, shard);
  const isOwn = opening.reason === "start" && opening.region === region && !isHalted(opening);
  if (!isOwn || !last) return openWriter(options, rules);
  const { epoch, seq, hash, ts } = last;
  return new EpochWriter({
    store,
    opening,
    head: { epoch, seq, hash, ts },
    next: end,
    prevHash: hash,
    writer,
    window,
    rules,
  });
};

export const SABOTAGE: Readonly<Record<string, Variant>> = {
  "acknowledge before append": {
    rules: { acknowledgeable: ({ acknowledged, next }: Pipeline) => upTo(acknowledged + 1, next) },
  },
  "acknowledge out of order": {
    rules: { acknowledgeable: ({ settled }: Pipeline) => [...settled] },
  },
  "seal at highest + 1": {
    rules: {
      sealPositions({ end, highest }, window) {
        const from = Math.max(end, highest + 1);
        return upTo(from, from + 2 * window + 1);
      },
    },
  },
  "seal skipped, the old primary frozen and thawed": { skipsSeals: true },
  "the same epoch after a restart": { flaws: { open: continueEpoch } },
  "a standby that goes on in the epoch of the writer it gave up": { flaws: { takeOver: continueEpoch } },
  "a standby that never takes over": { flaws: { patienceMilliseconds: Number.POSITIVE_INFINITY } },
  "duplicates answered from memory": { flaws: { answersDuplicatesFromMemory: true } },
  "the SDK's retry taken for a rival": { rules: { owns: (_mine, { answer }) => answer === "stored" } },
  "checkpoint of unacknowledged state": { flaws: { checkpointsUnacknowledged: true } },
};
