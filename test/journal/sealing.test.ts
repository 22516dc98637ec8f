/**
 * The sealing rule, exhaustively: every interleaving of one writer's puts (landing in any order, answered
 * late or never) with sealers whose puts land in any order. Small, but complete: a schedule that breaks it
 * would be found.
 */
import test from "ava";
import type { JournalRecord, LogItem, Seal } from "../../journal/index.ts";
import {
  acknowledgeable,
  contiguous,
  decidedSeal,
  type Rules,
  sealPositions,
} from "../../journal/protocol.ts";

type Cell = "record" | "seal 0" | "seal 1" | null;

interface Sealer {
  /** Positions being put to; empty: not begun. */
  readonly positions: readonly number[];
  readonly pending: readonly number[];
  /** The position that decided, once it has. */
  readonly decided: number | null;
}

interface State {
  /** Position 1 at index 1. */
  readonly table: readonly Cell[];
  readonly next: number;
  readonly acknowledged: number;
  readonly flying: readonly number[];
  /** Landed, not yet answered. */
  readonly unanswered: readonly number[];
  readonly settled: readonly number[];
  readonly isFenced: boolean;
  readonly sealers: readonly Sealer[];
}

interface Model {
  readonly records: number;
  readonly window: number;
  readonly sealers: number;
  readonly sealPositions: Rules["sealPositions"];
}

const itemAt = (cell: Cell, seq: number): LogItem[] => {
  if (cell === null) return [];
  const kind = cell === "record" ? "record" : "seal";
  return [{ kind, seq } as JournalRecord | Seal];
};
const itemsOf = (table: readonly Cell[]): LogItem[] =>
  table.flatMap((cell, seq) => itemAt(cell ?? null, seq));
const without = (values: readonly number[], value: number) => values.filter((other) => other !== value);
const put = (table: readonly Cell[], seq: number, cell: Cell): Cell[] => {
  const after = Array.from({ length: Math.max(table.length, seq + 1) }, (_, at) => table[at] ?? null);
  after[seq] ??= cell;
  return after;
};

function* writerSteps(state: State, { records, window }: Model): Generator<State> {
  const { next, acknowledged, flying, unanswered, table } = state;
  if (!state.isFenced && next <= records && next - acknowledged <= window) {
    yield { ...state, next: next + 1, flying: [...flying, next] };
  }
  for (const seq of flying) {
    yield {
      ...state,
      table: put(table, seq, "record"),
      flying: without(flying, seq),
      unanswered: [...unanswered, seq].sort(),
    };
  }
  for (const seq of unanswered) {
    const rest = { ...state, unanswered: without(unanswered, seq) };
    if (table[seq] !== "record") yield { ...rest, isFenced: true };
    else {
      const settled = new Set([...state.settled, seq]);
      const prefix = acknowledgeable({ acknowledged, next, settled });
      yield {
        ...rest,
        acknowledged: prefix.at(-1) ?? acknowledged,
        settled: [...settled].filter((at) => !prefix.includes(at)).sort(),
      };
    }
  }
}

function* sealerSteps(state: State, model: Model, index: 0 | 1): Generator<State> {
  const sealer = state.sealers[index];
  if (!sealer || sealer.decided !== null) return;
  const replace = (changed: Partial<Sealer>, table = state.table): State => ({
    ...state,
    table,
    sealers: state.sealers.map((other) => (other === sealer ? { ...sealer, ...changed } : other)),
  });
  const begin = (end: number) => {
    const highest = itemsOf(state.table).at(-1)?.seq ?? 0;
    const positions = model.sealPositions({ end, highest }, model.window);
    return replace({ positions, pending: positions });
  };
  if (sealer.positions.length === 0) {
    const { records, seal } = contiguous(itemsOf(state.table), 1);
    yield seal ? replace({ decided: seal.seq }) : begin(records.length + 1);
    return;
  }
  for (const seq of sealer.pending) {
    yield replace({ pending: without(sealer.pending, seq) }, put(state.table, seq, `seal ${index}`));
  }
  if (sealer.pending.length > 0) return;
  const decided = decidedSeal(sealer.positions.flatMap((seq) => itemAt(state.table[seq] ?? null, seq)));
  yield decided ? replace({ decided: decided.seq }) : begin((sealer.positions.at(-1) ?? 0) + 1);
}

/** A decision must be what every reader finds, and nothing at or above it may ever be acknowledged. */
function broken({ table, sealers, acknowledged }: State): string | undefined {
  for (const { decided } of sealers) {
    if (decided === null) continue;
    const end = contiguous(itemsOf(table), 1).seal?.seq;
    if (acknowledged >= decided) return `acknowledged up to ${acknowledged}, sealed at ${decided}`;
    if (end !== decided) return `a sealer decided on ${decided}, a reader finds ${end ?? "no seal"}`;
  }
  return undefined;
}

/**
 * Visits every state that can be reached; returns how many there are, and what is broken in the first bad
 * one.
 */
function explore(model: Model): { states: number; broken: Set<string> } {
  const sealer: Sealer = { positions: [], pending: [], decided: null };
  const start: State = {
    table: [null],
    next: 1,
    acknowledged: 0,
    flying: [],
    unanswered: [],
    settled: [],
    isFenced: false,
    sealers: Array.from({ length: model.sealers }, () => sealer),
  };
  const seen = new Set([JSON.stringify(start)]);
  const found = new Set<string>();
  const queue = [start];
  for (let state = queue.pop(); state; state = queue.pop()) {
    const verdict = broken(state);
    if (verdict) {
      found.add(verdict);
      continue;
    }
    for (const next of [
      ...writerSteps(state, model),
      ...sealerSteps(state, model, 0),
      ...sealerSteps(state, model, 1),
    ]) {
      const key = JSON.stringify(next);
      if (seen.has(key)) continue;
      seen.add(key);
      queue.push(next);
    }
  }
  return { states: seen.size, broken: found };
}

const models: [string, Omit<Model, "sealPositions">][] = [
  ["a pipeline of 2 and one sealer", { records: 4, window: 2, sealers: 1 }],
  ["a pipeline of 3 and one sealer", { records: 5, window: 3, sealers: 1 }],
  ["a pipeline of 1 and two sealers", { records: 4, window: 1, sealers: 2 }],
];

for (const [title, model] of models) {
  test(`sealing from the first empty position up to 2W beyond holds in every schedule of ${title}`, (t) => {
    const { states, broken: found } = explore({ ...model, sealPositions });
    t.log(`${states} states`);
    t.deepEqual([...found], []);
    t.true(states > 1_000);
  });
}

test("sealing at highest + 1 decides over a gap, which a put in flight may still fill", (t) => {
  const highestPlusOne = ({ end, highest }: { end: number; highest: number }) => [Math.max(end, highest + 1)];
  const { broken: found } = explore({ records: 4, window: 2, sealers: 1, sealPositions: highestPlusOne });
  t.true(found.has("a sealer decided on 3, a reader finds no seal"), [...found].join("; "));
});

test("sealing the first empty position alone also holds: the rest is there to meet a moving writer in one round", (t) => {
  const { broken: found } = explore({ records: 4, window: 2, sealers: 2, sealPositions: ({ end }) => [end] });
  t.deepEqual([...found], []);
});
