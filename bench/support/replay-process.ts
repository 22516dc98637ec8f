/** One replay in a process of its own, so that its memory is its own; the result is one line of JSON on stdout. */
import process from "node:process";
import pg from "pg";
import { openJournal, verifyLog } from "../../journal/index.ts";
import { replay } from "../../replay/index.ts";
import { APPLICATION } from "../../workload/projector/application.ts";
import { LogFiles } from "./log-files.ts";

const [directory = "", connectionString = "", shardsText = "1", batch] = process.argv.slice(2);
const shards = Array.from({ length: Number(shardsText) }, (_, shard) => shard);
const store = openJournal(new LogFiles(directory, false), { primary: "us-east-1" });

if (connectionString === "") {
  const [before, cpu] = [performance.now(), process.cpuUsage()];
  let events = 0;
  for (const shard of shards) events += (await verifyLog(store, shard)).events;
  const { user, system } = process.cpuUsage(cpu);
  tell({ events, seconds: (performance.now() - before) / 1_000, cpuSeconds: (user + system) / 1e6 });
} else {
  const { events, verifySeconds, applySeconds } = await replay({
    store,
    shards,
    application: APPLICATION,
    workers: shards.length,
    ...(batch === undefined ? {} : { batchEvents: Number(batch) }),
    connect: async () => {
      const client = new pg.Client({ connectionString });
      await client.connect();
      return client;
    },
  });
  tell({ events, verifySeconds, applySeconds });
}

function tell(result: object): void {
  const { user, system } = process.cpuUsage();
  const cpuSeconds = (user + system) / 1e6;
  const peakMegabytes = process.resourceUsage().maxRSS / 1_024;
  process.stdout.write(`${JSON.stringify({ cpuSeconds, ...result, peakMegabytes })}\n`);
}
