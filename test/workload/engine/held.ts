/** A journal in memory whose puts wait until the test lets them through. */
import { randomUUID } from "node:crypto";
import { type JournalStore, type LogItem, openWriter, type Writer } from "../../../journal/index.ts";
import { MemoryTable, memoryJournal } from "../../journal/memory.ts";

export class HeldTable extends MemoryTable {
  held = false;
  /** Puts that wait, in the order they came. */
  readonly waiting: { readonly item: LogItem; readonly release: () => void }[] = [];
  mostInFlight = 0;

  override async putLog(item: LogItem): Promise<"stored" | "taken"> {
    if (this.held && item.kind === "record") {
      await new Promise<void>((release) => {
        this.waiting.push({ item, release });
        this.mostInFlight = Math.max(this.mostInFlight, this.waiting.length);
      });
    }
    return super.putLog(item);
  }

  /** Resolves when so many puts wait. */
  async arrived(count: number): Promise<void> {
    for (let tries = 0; this.waiting.length < count; tries++) {
      if (tries > 1000) throw new Error(`${this.waiting.length} puts wait, not ${count}`);
      await settle(5);
    }
  }

  /** Lets through those that wait, and all that come. */
  release(): void {
    this.held = false;
    for (const { release } of this.waiting.splice(0)) release();
  }
}

export interface Opened {
  readonly table: HeldTable;
  readonly store: JournalStore;
  readonly writer: Writer;
}

export async function openHeld(window = 4): Promise<Opened> {
  const table = new HeldTable();
  const store = memoryJournal(table);
  const writer = await openWriter({ store, shard: 0, region: "us-east-1", writer: randomUUID(), window });
  return { table, store, writer };
}

/** Long enough for anything that is going to happen without outside help. */
export const settle = (ms = 60): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Whether a promise is still unsettled after a while. */
export async function isPending(promise: Promise<unknown>): Promise<boolean> {
  let pending = true;
  const done = () => {
    pending = false;
  };
  promise.then(done, done);
  await settle();
  return pending;
}
