#!/usr/bin/env node
/** The `dr` command as a process: its streams, its signals, its end. */
import process from "node:process";
import { dr } from "./dr.ts";
import { InterruptedError } from "./errors.ts";

const interrupt = new AbortController();
const onSignal = () => {
  const again = interrupt.signal.aborted;
  interrupt.abort(new InterruptedError("interrupted; the same command goes on"));
  // A second abort would make the engine leave its lock behind.
  process.stderr.write(again ? "still stopping: the engine must release its lock\n" : "stopping…\n");
};
process.on("SIGINT", onSignal).on("SIGTERM", onSignal);

// A reader that went away (`| head`) ends nothing: a failover must not stop because nobody listens any more.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
}
const { stdin, stdout, stderr, env: environment } = process;
const exitCode = await dr(process.argv.slice(2), {
  ...{ stdin, stdout, stderr, environment },
  workingDirectory: process.cwd(),
  signal: interrupt.signal,
});
// Questions that a dead region never answers would keep the process waiting; what was said must still get out.
await Promise.all(
  [process.stdout, process.stderr].map(
    (stream) => new Promise<void>((done) => stream.write("", () => done())),
  ),
);
process.exit(exitCode);
