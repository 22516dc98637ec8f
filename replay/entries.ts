/**
 * The frame of a record's body: a JSON array of entries, each a command with the events that it came to. What commands
 * and events say is the application's.
 */
import type { ValidRecord } from "../journal/index.ts";

export interface LoggedEntry {
  readonly command: object;
  readonly events: readonly object[];
}

/** The entries that count: where a cut ends inside the record, those events before it and no command after it. */
export function entriesOf<E extends LoggedEntry = LoggedEntry>({ record, upTo }: ValidRecord): readonly E[] {
  const entries = JSON.parse(record.body) as readonly E[];
  if (upTo >= record.events) return entries;
  let left = upTo;
  return entries.flatMap((entry) => {
    const events = entry.events.slice(0, left);
    left -= events.length;
    return events.length > 0 ? [{ ...entry, events }] : [];
  });
}

/** An event's index in this list is its index in the record. */
export const eventsOf = (valid: ValidRecord): readonly object[] =>
  entriesOf(valid).flatMap(({ events }) => events);
