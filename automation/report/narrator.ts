/** Where a drill's events go: its own record always, and either lines for a person or JSON for a program. */
import { createWriteStream, type WriteStream } from "node:fs";
import type { DrillEvent } from "./events.ts";
import type { Evidence } from "./evidence.ts";
import { summary } from "./summary.ts";
import { Timeline } from "./timeline.ts";

export interface Streams {
  /** Data. */
  readonly stdout: NodeJS.WritableStream & { readonly isTTY?: boolean };
  /** Talk. */
  readonly stderr: NodeJS.WritableStream;
}

export class Narrator {
  readonly #json: boolean;
  readonly #streams: Streams;
  readonly #file: WriteStream;
  readonly #timeline = new Timeline();

  /** @param file gets every event, one a line */
  constructor(json: boolean, streams: Streams, file: string) {
    this.#json = json;
    this.#streams = streams;
    this.#file = createWriteStream(file);
  }

  say(event: DrillEvent): void {
    const text = `${JSON.stringify(event)}\n`;
    this.#file.write(text);
    if (this.#json) this.#streams.stdout.write(text);
    const line = this.#timeline.line(event);
    if (!this.#json && line !== undefined) this.#streams.stderr.write(`${line}\n`);
  }

  /** The last word. @param file where the evidence was written */
  conclude(evidence: Evidence, file: string): void {
    this.say(evidence);
    if (this.#json) return;
    this.#streams.stdout.write(`${summary(evidence, file, this.#streams.stdout.isTTY === true)}\n`);
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#file.once("error", reject);
      this.#file.end(resolve);
    });
  }
}
