/** A log made by the real writer and fence, beside a plain list of what must be left of it. */
import {
  type Anchor,
  type EventPosition,
  fence,
  type JournalStore,
  openWriter,
  type ValidRecord,
} from "../../journal/index.ts";
import { isBefore } from "../../journal/protocol.ts";
import { MemoryTable, memoryJournal } from "./memory.ts";

const region = "us-east-1" as const;

/** What happens to the log, in turn. */
export type Step =
  | { readonly kind: "append"; readonly sizes: readonly number[] }
  | { readonly kind: "restart" }
  | { readonly kind: "halt" }
  /** Cuts at a fraction of the events that are valid then. */
  | { readonly kind: "cut"; readonly at: number };

/** One valid event, and the position behind it. */
export interface Kept {
  readonly event: string;
  readonly position: EventPosition;
}

export class History {
  readonly table = new MemoryTable();
  readonly store: JournalStore = memoryJournal(this.table, {
    clock: { now: () => this.#now, sleep: () => Promise.resolve() },
  });
  /** Events of the valid log, oldest first. */
  kept: Kept[] = [];
  /** Records that are valid as a whole. */
  records: Anchor[] = [];
  readonly cuts: EventPosition[] = [];
  #now = 1_000;
  #events = 0;
  #starts = 0;

  async run(steps: readonly Step[]): Promise<void> {
    for (const step of steps) await this.#run(step);
  }

  async #run(step: Step): Promise<void> {
    if (step.kind === "append") await this.#append(step.sizes);
    if (step.kind === "restart") await this.#append([]);
    if (step.kind === "halt") {
      await this.#fence("halt");
      await this.#fence("resume");
    }
    if (step.kind === "cut") await this.#cut(Math.floor(step.at * (this.kept.length + 1)));
  }

  async #append(sizes: readonly number[]): Promise<void> {
    this.#starts += 1;
    const writer = await openWriter({
      store: this.store,
      shard: 0,
      region,
      writer: `w${this.#starts}`,
      window: 4,
    });
    for (const size of sizes) {
      this.#now += 10;
      const events = Array.from({ length: size }, () => `e${++this.#events}`);
      await writer.room();
      const ack = await writer.append(JSON.stringify(events), size);
      const { epoch, seq, hash } = ack;
      for (const [index, event] of events.entries()) {
        const isLast = index === size - 1;
        this.kept.push({ event, position: { epoch, seq, index: isLast ? null : index + 1 } });
      }
      this.records.push({ epoch, seq, hash });
    }
    writer.close();
  }

  /** Cuts, and leaves it at that: nobody resumes. */
  async cutAt(cut: EventPosition): Promise<void> {
    await this.#fence("cut", cut);
  }

  async #cut(keep: number): Promise<void> {
    const cut = this.kept[keep - 1]?.position ?? { epoch: 0, seq: 0, index: null };
    await this.#fence("cut", cut);
    await this.#fence("resume");
    this.kept = this.kept.slice(0, keep);
    this.cuts.push(cut);
    // What lies behind the cut was valid once and is not any more; so is the record that it splits.
    const isLeft = ({ epoch, seq }: Anchor) =>
      isBefore({ epoch, seq }, cut) || (epoch === cut.epoch && seq === cut.seq && cut.index === null);
    this.records = this.records.filter(isLeft);
  }

  async #fence(reason: "halt" | "resume" | "cut", cut?: EventPosition): Promise<void> {
    const sealer = `run-${reason}-${this.#starts}`;
    await fence(this.store, 0, { region, generation: 0, reason, sealer, window: 4, ...(cut ? { cut } : {}) });
  }
}

export const eventsOf = ({ record, upTo }: ValidRecord): string[] => JSON.parse(record.body).slice(0, upTo);

export async function readEvents(log: AsyncIterable<ValidRecord>): Promise<string[]> {
  const events: string[] = [];
  for await (const valid of log) events.push(...eventsOf(valid));
  return events;
}
