/** A log of so many events in a directory, by the journal's own writer. */
import { openJournal, openWriter } from "../../journal/index.ts";
import { LogFiles } from "./log-files.ts";
import { Market } from "./market.ts";

/** As many as 5 ms of a busy shard bring together. */
const EVENTS_PER_RECORD = 60;

export async function writeLog(directory: string, shards: number, events: number): Promise<void> {
  const files = new LogFiles(directory, true);
  const store = openJournal(files, { primary: "us-east-1" });
  for (let shard = 0; shard < shards; shard++) {
    const writer = await openWriter({ store, shard, region: "us-east-1", writer: `bench-${shard}` });
    const market = new Market(shard, 1);
    for (let left = Math.ceil(events / shards); left > 0; ) {
      const entries: string[] = [];
      let count = 0;
      while (count < Math.min(EVENTS_PER_RECORD, left)) {
        const entry = market.next();
        entries.push(JSON.stringify(entry));
        count += entry.events.length;
      }
      left -= count;
      await writer.append(`[${entries.join(",")}]`, count);
    }
    writer.close();
  }
  files.close();
}
