/** The text of a journal record's body. */
import type { ValidRecord } from "../../journal/index.ts";
import type { Entry } from "./events.ts";

/** `[entry,entry,…]` from the JSON of each. */
export const bodyOf = (entries: readonly string[]): string => `[${entries.join(",")}]`;

/** The entries that count: where a cut ends inside the record, those events before it and no command after it. */
export function entriesOf({ record, upTo }: ValidRecord): readonly Entry[] {
  const entries = JSON.parse(record.body) as readonly Entry[];
  if (upTo >= record.events) return entries;
  let left = upTo;
  return entries.flatMap(({ command, events }) => {
    const kept = events.slice(0, left);
    left -= kept.length;
    return kept.length > 0 ? [{ command, events: kept }] : [];
  });
}
