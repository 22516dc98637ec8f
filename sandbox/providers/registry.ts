/** What exists in the sandbox's cloud, whoever's stack made it: one entry per resource, region by region. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { Region } from "../../components/model.ts";
import type { Properties } from "../cloud/behaviour.ts";

export type Location = Region | "global";

export interface Entry {
  readonly type: string;
  readonly region: Location;
  readonly id: string;
  readonly urn: string;
  /** Last applied. */
  readonly inputs: Properties;
  /** As the cloud would answer now. */
  readonly outputs: Properties;
}

const keyOf = (type: string, region: Location, id: string): string => `${type} ${region} ${id}`;

export class Registry {
  readonly #entries = new Map<string, Entry>();
  readonly #file: string | undefined;

  /** @param file where the entries survive a restart of the sandbox; absent: memory only */
  constructor(file?: string) {
    this.#file = file;
    if (file === undefined) return;
    for (const entry of load(file)) this.#entries.set(keyOf(entry.type, entry.region, entry.id), entry);
  }

  get(type: string, region: Location, id: string): Entry | undefined {
    return this.#entries.get(keyOf(type, region, id));
  }

  put(entry: Entry): void {
    this.#entries.set(keyOf(entry.type, entry.region, entry.id), entry);
    this.#save();
  }

  remove(type: string, region: Location, id: string): void {
    this.#entries.delete(keyOf(type, region, id));
    this.#save();
  }

  list(filter: { readonly type?: string; readonly region?: Location } = {}): Entry[] {
    return [...this.#entries.values()].filter(
      ({ type, region }) =>
        (filter.type === undefined || type === filter.type) &&
        (filter.region === undefined || region === filter.region),
    );
  }

  #save(): void {
    if (this.#file === undefined) return;
    mkdirSync(path.dirname(this.#file), { recursive: true });
    writeFileSync(`${this.#file}.new`, JSON.stringify([...this.#entries.values()]));
    renameSync(`${this.#file}.new`, this.#file);
  }
}

function load(file: string): Entry[] {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Entry[];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw new Error(`${file}: not a sandbox's registry: delete the sandbox' directory and start again`, {
      cause: error,
    });
  }
}
