/** The timeline, to a person on stderr and to programs as JSON lines on stdout; kept in the run's directory as well. */
import { appendFile } from "node:fs/promises";
import path from "node:path";
import type { Context } from "../commands/command.ts";
import type { Emission } from "./engine.ts";
import type { RunEvent, StepEvent } from "./events.ts";

const MARKS: Readonly<Record<StepEvent["state"], string>> = {
  started: "▸",
  done: "✓",
  "already-done": "✓",
  skipped: "-",
  failed: "✗",
};
const COLOURS: Readonly<Record<StepEvent["state"], number>> = {
  started: 36,
  done: 32,
  "already-done": 32,
  skipped: 90,
  failed: 31,
};

export interface Output {
  emit(event: Emission): void;
  /** Resolves when everything said is on disk. */
  flushed(): Promise<void>;
}

/** @param directory the run's; without one the timeline is only shown */
export function createOutput(
  { stdout, stderr, settings }: Pick<Context, "stdout" | "stderr" | "settings">,
  { run, json, directory }: { run: string; json: boolean; directory?: string },
): Output {
  const terminal =
    (stderr as { isTTY?: boolean }).isTTY === true && settings.environment["NO_COLOR"] === undefined;
  let written: Promise<unknown> = Promise.resolve();
  return {
    emit(emission) {
      const event = { at: Date.now(), run, ...emission } as RunEvent;
      const line = `${JSON.stringify(event)}\n`;
      if (json) stdout.write(line);
      if (directory !== undefined) {
        // The record is what counts and is fsynced: a lost line of the timeline must not stop a failover.
        written = written.then(() => appendFile(path.join(directory, "events.jsonl"), line)).catch(() => {});
      }
      for (const text of humanLines(event, terminal)) stderr.write(`${text}\n`);
    },
    async flushed() {
      await written;
    },
  };
}

/** Exported for tests. */
export function humanLines(event: RunEvent, colour: boolean): readonly string[] {
  const time = new Date(event.at).toISOString().slice(11, 19);
  const paint = (code: number, text: string) => (colour ? `\u001b[${code}m${text}\u001b[0m` : text);
  switch (event.type) {
    case "run": {
      const kind = event.dryRun ? "dry run" : event.resumed ? "resumed" : "run";
      return [`${time} ${event.verb} ${event.target}, ${kind} ${event.run}`];
    }
    case "step": {
      const mark = paint(COLOURS[event.state], MARKS[event.state]);
      const took = event.seconds === undefined ? "" : ` ${event.seconds.toFixed(1)} s`;
      const text = event.detail ?? event.title;
      return [`${time} ${mark} ${event.step}${took}: ${text}`];
    }
    case "wait":
      return [`${time}   ${event.step}: ${event.message}`];
    case "note":
      return [`${time}   ${event.message}`];
    case "result":
      return [`${time} ${event.message}`];
  }
}
