/** The clients' log file: appended to, buffered for a moment, complete when closed. */
import { type FileHandle, open } from "node:fs/promises";
import type { LogLine } from "../../automation/drill/client-log.ts";

const FLUSH_INTERVAL_MILLISECONDS = 500;

export class ClientLogFile {
  readonly #file: FileHandle;
  readonly #timer: NodeJS.Timeout;
  #lines: string[] = [];
  #writing: Promise<void> = Promise.resolve();

  private constructor(file: FileHandle) {
    this.#file = file;
    this.#timer = setInterval(() => void this.#flush(), FLUSH_INTERVAL_MILLISECONDS);
  }

  static async open(path: string): Promise<ClientLogFile> {
    return new ClientLogFile(await open(path, "a"));
  }

  write(line: LogLine): void {
    this.#lines.push(`${JSON.stringify(line)}\n`);
  }

  /** Rejects when anything written before could not be stored. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#flush();
    await this.#file.sync();
    await this.#file.close();
  }

  #flush(): Promise<void> {
    const text = this.#lines.join("");
    this.#lines = [];
    if (text !== "") this.#writing = this.#writing.then(() => this.#file.appendFile(text));
    return this.#writing;
  }
}
