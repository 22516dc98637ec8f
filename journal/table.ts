/** The table as it is: one attempt each, which may fail, be answered late, or be applied after it failed. */
import type { LogItem, Page } from "./model.ts";

export type PlainItem = Readonly<Record<string, string | number>>;

/** Every read is strongly consistent. Each call is one attempt and obeys its signal. */
export interface Table {
  /**
   * Stores the item unless its position is taken (by whatever: also by an earlier attempt of the same put).
   */
  putLog(item: LogItem, signal: AbortSignal): Promise<"stored" | "taken">;
  /** Items of one epoch in ascending order. */
  readLog(
    shard: number,
    epoch: number,
    range: { readonly from: number; readonly limit?: number },
    signal: AbortSignal,
  ): Promise<Page>;
  /** The highest item of one epoch. */
  lastLog(shard: number, epoch: number, signal: AbortSignal): Promise<LogItem | undefined>;
  readItem(key: string, signal: AbortSignal): Promise<PlainItem | undefined>;
  /** Stores the item if the present one has the expected attributes; `null`: if there is none. */
  putItem(
    key: string,
    item: PlainItem,
    expected: PlainItem | null,
    signal: AbortSignal,
  ): Promise<"stored" | "refused">;
}
