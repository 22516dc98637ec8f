/**
 * What came after a cut, set aside: one command a line, with its events, where it stood and why it is here. The commands
 * were acknowledged; whether each is submitted again is a person's decision.
 */
import { type FileHandle, open, readFile } from "node:fs/promises";
import { z } from "zod";
import {
  type EventPosition,
  type JournalRecord,
  type JournalStore,
  type Position,
  type Removed,
  readRemoved,
  readUnverified,
} from "../../journal/index.ts";
import { UsageError } from "../errors.ts";

export interface Quarantined {
  readonly shard: number;
  readonly epoch: number;
  readonly seq: number;
  /** Of the command in its record. */
  readonly entry: number;
  /** Milliseconds since 1970. */
  readonly ts: number;
  /** Of its record: with shard, epoch and seq what its client holds as acknowledgement. */
  readonly hash: string;
  readonly command: object;
  /** Those of its events that are set aside, each with its index in the record. */
  readonly events: readonly { readonly index: number; readonly event: object }[];
  /** Others of its events stand, before the cut or carried over: submitting it again would answer "duplicate". */
  readonly partial: boolean;
  readonly reason: string;
}

const schema = z.object({
  shard: z.int(),
  epoch: z.int(),
  seq: z.int(),
  entry: z.int(),
  ts: z.int(),
  hash: z.string(),
  command: z.looseObject({ type: z.string() }),
  events: z.array(z.object({ index: z.int(), event: z.looseObject({}) })),
  partial: z.boolean(),
  reason: z.string(),
});

/** Names a line of the file in decisions and messages. */
export const idOf = ({ shard, epoch, seq, entry }: Omit<Quarantined, "command">): string =>
  `${shard}:${epoch}:${seq}:${entry}`;

interface Frame {
  readonly command: object;
  readonly events: readonly object[];
}

/**
 * A removed record's commands.
 * @param isOut which of the removed events are set aside, and why; undefined: it is carried over
 */
export function quarantinedOf(
  { record, from, upTo }: Removed,
  isOut: (index: number) => string | undefined,
): readonly Quarantined[] {
  const { shard, epoch, seq, ts, hash } = record;
  let next = 0;
  return (JSON.parse(record.body) as readonly Frame[]).flatMap(({ command, events }, entry) => {
    const first = next;
    next += events.length;
    const out = events.flatMap((event, offset) => {
      const index = first + offset;
      const reason = index >= from && index < upTo ? isOut(index) : undefined;
      return reason === undefined ? [] : [{ index, event, reason }];
    });
    const [why] = out;
    if (why === undefined) return [];
    const partial = out.length < events.length;
    const aside = out.map(({ index, event }) => ({ index, event }));
    return [{ shard, epoch, seq, entry, ts, hash, command, events: aside, partial, reason: why.reason }];
  });
}

export const AFTER_THE_CUT = "it came after the cut";

/** All behind a break of the chain: whoever broke it may have written any of it. */
export async function* quarantinedFrom(
  store: JournalStore,
  shard: number,
  from: Position,
  signal?: AbortSignal,
): AsyncGenerator<Quarantined, void, undefined> {
  const reason = `it is at or behind ${shard}:${from.epoch}:${from.seq}, from where the chain was given up`;
  for await (const record of readUnverified(store, shard, from, signal))
    yield* quarantinedRecord(record, reason);
}

/** All commands of a record that somebody may have written anything into. */
export function quarantinedRecord(record: JournalRecord, reason: string): readonly Quarantined[] {
  try {
    return quarantinedOf({ record, from: 0, upTo: Number.POSITIVE_INFINITY }, () => reason);
  } catch {
    const { shard, epoch, seq, ts, hash, body } = record;
    const command = { type: "unreadable", body };
    return [{ shard, epoch, seq, entry: 0, ts, hash, command, events: [], partial: false, reason }];
  }
}

/** All that the cut took back, oldest first. */
export async function* quarantinedBy(
  store: JournalStore,
  shard: number,
  cut: EventPosition,
  signal?: AbortSignal,
): AsyncGenerator<Quarantined, void, undefined> {
  for await (const removed of readRemoved(store, shard, cut, signal)) {
    yield* quarantinedOf(removed, () => AFTER_THE_CUT);
  }
}

/** Writes the file anew, one source after the other, and returns how many commands are in it. */
export async function writeQuarantine(
  file: string,
  sources: readonly (AsyncIterable<Quarantined> | Iterable<Quarantined>)[],
): Promise<number> {
  const handle = await open(file, "w");
  try {
    let count = 0;
    for (const source of sources) {
      for await (const command of source) {
        await handle.write(`${JSON.stringify(command)}\n`);
        count += 1;
      }
    }
    await handle.sync();
    return count;
  } finally {
    await handle.close();
  }
}

/** @throws UsageError when there is none, and with the line's number when one is no quarantined command */
export async function readQuarantine(file: string): Promise<readonly Quarantined[]> {
  const text = await textOf(file);
  if (text === undefined) throw new UsageError(`--file ${file}: there is no such file`);
  return parseLines(text, (value) => schema.parse(value), file);
}

/** Undefined: there is no such file. */
async function textOf(file: string): Promise<string | undefined> {
  return await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
}

const decisionSchema = z.object({
  id: z.string(),
  decision: z.enum(["resubmitted", "skipped"]),
  at: z.string(),
  answer: z.object({ status: z.int(), body: z.string() }).nullable(),
});
export type Decision = z.infer<typeof decisionSchema>;

/** What was decided of which line, one a line beside the file; kept at once, so that a run that ends is taken up again. */
export class Decisions {
  readonly #handle: FileHandle;
  readonly #decided: Map<string, Decision>;

  private constructor(handle: FileHandle, decided: readonly Decision[]) {
    this.#handle = handle;
    this.#decided = new Map(decided.map((decision) => [decision.id, decision]));
  }

  static async open(file: string): Promise<Decisions> {
    const beside = `${file}.decisions`;
    const decided = parseLines((await textOf(beside)) ?? "", (value) => decisionSchema.parse(value), beside);
    return new Decisions(await open(beside, "a"), decided);
  }

  has(id: string): boolean {
    return this.#decided.has(id);
  }

  async keep(decision: Decision): Promise<void> {
    await this.#handle.write(`${JSON.stringify(decision)}\n`);
    await this.#handle.sync();
    this.#decided.set(decision.id, decision);
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}

function parseLines<T>(text: string, parse: (value: unknown) => T, file: string): T[] {
  return text.split("\n").flatMap((line, index) => {
    if (line === "") return [];
    try {
      return [parse(JSON.parse(line))];
    } catch (cause) {
      throw new UsageError(`${file}, line ${index + 1} is not what was written there: ${line.slice(0, 80)}`, {
        cause,
      });
    }
  });
}
