/** The journal over a table: every operation repeated until its outcome is known. */
import { isRegion, type Region } from "../components/model.ts";
import { type Clock, systemClock } from "./clock.ts";
import { DecisionConflictError } from "./errors.ts";
import {
  type ControlItem,
  controlKey,
  type EngineItem,
  engineKey,
  type LogItem,
  type Page,
  REGION_KEY,
  type RegionItem,
  type Settled,
} from "./model.ts";
import { DEFAULT_ATTEMPT_MILLISECONDS, type Repetition, repeat } from "./repeat.ts";
import type { PlainItem, Table } from "./table.ts";

/**
 * Strong reads only. Every call rejects with the signal's reason when it aborts, and reads with final errors
 * too.
 */
export interface JournalStore {
  /** Owner of the virtual epoch 0. */
  readonly primary: Region;
  readonly clock: Clock;
  /** Repeats the same bytes until the position is known to be taken; answers by what. */
  put(item: LogItem, signal?: AbortSignal): Promise<Settled>;
  /** One page of an epoch in ascending order; `more` says that items may follow it. */
  read(shard: number, epoch: number, range: ReadRange, signal?: AbortSignal): Promise<Page>;
  last(shard: number, epoch: number, signal?: AbortSignal): Promise<LogItem | undefined>;
  readRegionItem(signal?: AbortSignal): Promise<RegionItem>;
  /** Puts `next` over generation `next.generation - 1`; safe to repeat. Throws DecisionConflictError. */
  bumpRegionItem(next: RegionItem, signal?: AbortSignal): Promise<RegionItem>;
  /** Undefined: the region is not deployed. */
  readControlItem(region: Region, signal?: AbortSignal): Promise<ControlItem | undefined>;
  /** Changes an existing control item; safe to repeat. */
  writeControlItem(next: ControlItem, signal?: AbortSignal): Promise<void>;
  /** Undefined: no engine has ever said where it is. */
  readEngineItem(shard: number, signal?: AbortSignal): Promise<EngineItem | undefined>;
  /** Says where an epoch's writer answers, unless a newer one has; safe to repeat. */
  announceEngine(next: EngineItem, signal?: AbortSignal): Promise<void>;
}

export interface ReadRange {
  readonly from: number;
  readonly limit?: number;
}

export interface JournalOptions {
  readonly primary: Region;
  readonly clock?: Clock;
  /** One attempt's limit; default 1,000. */
  readonly attemptMilliseconds?: number;
  /** Told of each failed attempt; for logs and metrics. */
  readonly onRetry?: (error: unknown, attempt: number) => void;
}

/** Errors that no repetition cures. Puts are repeated even then: only a settled put has a known outcome. */
const FINAL_ERRORS = new Set([
  "AccessDeniedException",
  "CredentialsProviderError",
  "InvalidSignatureException",
  "ResourceNotFoundException",
  "TamperedError",
  "UnrecognizedClientException",
  "ValidationException",
]);
const isFinal = (error: unknown): boolean => error instanceof Error && FINAL_ERRORS.has(error.name);

class Journal implements JournalStore {
  readonly primary: Region;
  readonly clock: Clock;
  readonly #table: Table;
  readonly #repetition: Repetition;

  constructor(table: Table, options: JournalOptions) {
    this.primary = options.primary;
    this.clock = options.clock ?? systemClock;
    this.#table = table;
    this.#repetition = {
      clock: this.clock,
      attemptMilliseconds: options.attemptMilliseconds ?? DEFAULT_ATTEMPT_MILLISECONDS,
      onRetry: options.onRetry ?? (() => {}),
    };
  }

  async put(item: LogItem, signal?: AbortSignal): Promise<Settled> {
    for (;;) {
      const answer = await repeat(this.#repetition, signal, (s) => this.#table.putLog(item, s));
      if (answer === "stored") return { stored: item, answer };
      const range = { from: item.seq, limit: 1 };
      const page = await repeat(this.#repetition, signal, (s) =>
        this.#table.readLog(item.shard, item.epoch, range, s),
      );
      const stored = page.items[0];
      if (stored?.seq === item.seq) return { stored, answer };
    }
  }

  read(shard: number, epoch: number, range: ReadRange, signal?: AbortSignal): Promise<Page> {
    return this.#read(signal, (s) => this.#table.readLog(shard, epoch, range, s));
  }

  last(shard: number, epoch: number, signal?: AbortSignal): Promise<LogItem | undefined> {
    return this.#read(signal, (s) => this.#table.lastLog(shard, epoch, s));
  }

  async readRegionItem(signal?: AbortSignal): Promise<RegionItem> {
    const item = await this.#read(signal, (s) => this.#table.readItem(REGION_KEY, s));
    return item ? parseRegionItem(item) : { generation: 0, active: this.primary, runId: null };
  }

  async bumpRegionItem(next: RegionItem, signal?: AbortSignal): Promise<RegionItem> {
    const { generation, active, runId } = next;
    const item = runId === null ? { generation, active } : { generation, active, runId };
    for (;;) {
      const present = await this.#read(signal, (s) => this.#table.readItem(REGION_KEY, s));
      const current = present
        ? parseRegionItem(present)
        : { generation: 0, active: this.primary, runId: null };
      if (current.generation === generation && current.active === active && current.runId === runId)
        return next;
      if (current.generation !== generation - 1) throw new DecisionConflictError(current, generation - 1);
      const expected = present ? { generation: current.generation } : null;
      if (await this.#isStored(REGION_KEY, item, expected, signal)) return next;
    }
  }

  async readControlItem(region: Region, signal?: AbortSignal): Promise<ControlItem | undefined> {
    const item = await this.#read(signal, (s) => this.#table.readItem(controlKey(region), s));
    return item && parseControlItem(region, item);
  }

  async writeControlItem(next: ControlItem, signal?: AbortSignal): Promise<void> {
    const { region, traffic, maintenance } = next;
    for (;;) {
      const current = await this.readControlItem(region, signal);
      if (!current) {
        throw new Error(`${controlKey(region)} does not exist: deploy ${region} before changing its traffic`);
      }
      if (current.traffic === traffic && current.maintenance === maintenance) return;
      const expected = { traffic: current.traffic, maintenance: current.maintenance };
      if (await this.#isStored(controlKey(region), { traffic, maintenance }, expected, signal)) return;
    }
  }

  async readEngineItem(shard: number, signal?: AbortSignal): Promise<EngineItem | undefined> {
    const item = await this.#read(signal, (s) => this.#table.readItem(engineKey(shard), s));
    return item && parseEngineItem(shard, item);
  }

  async announceEngine(next: EngineItem, signal?: AbortSignal): Promise<void> {
    const { shard, epoch, region, url } = next;
    for (;;) {
      const current = await this.readEngineItem(shard, signal);
      if (current && current.epoch >= epoch) return;
      const expected = current ? { epoch: current.epoch } : null;
      if (await this.#isStored(engineKey(shard), { epoch, region, url }, expected, signal)) return;
    }
  }

  /** Refused, the caller reads again: it may have been this put's own earlier attempt. */
  async #isStored(
    key: string,
    item: PlainItem,
    expected: PlainItem | null,
    signal?: AbortSignal,
  ): Promise<boolean> {
    const put = (s: AbortSignal) => this.#table.putItem(key, item, expected, s);
    return (await repeat(this.#repetition, signal, put, isFinal)) === "stored";
  }

  #read<T>(signal: AbortSignal | undefined, attempt: (signal: AbortSignal) => Promise<T>): Promise<T> {
    return repeat(this.#repetition, signal, attempt, isFinal);
  }
}

export const openJournal = (table: Table, options: JournalOptions): JournalStore =>
  new Journal(table, options);

const malformed = (key: string, item: PlainItem): Error =>
  new Error(`${key} in the journal table is malformed: ${JSON.stringify(item)}; see journal/model.ts`);

function parseRegionItem(item: PlainItem): RegionItem {
  const { generation, active, runId } = item;
  if (typeof generation !== "number" || !isRegion(active)) throw malformed(REGION_KEY, item);
  return { generation, active, runId: typeof runId === "string" ? runId : null };
}

function parseControlItem(region: Region, item: PlainItem): ControlItem {
  const { traffic, maintenance } = item;
  const isSwitch = (value: unknown) => value === "on" || value === "off";
  if (!isSwitch(traffic) || !isSwitch(maintenance)) throw malformed(controlKey(region), item);
  return { region, traffic: traffic as "on" | "off", maintenance: maintenance as "on" | "off" };
}

function parseEngineItem(shard: number, item: PlainItem): EngineItem {
  const { epoch, region, url } = item;
  if (typeof epoch !== "number" || !isRegion(region) || typeof url !== "string")
    throw malformed(engineKey(shard), item);
  return { shard, epoch, region, url };
}
