/** The text of a journal record's body. */
import type { ValidRecord } from "../../journal/index.ts";
import * as frame from "../../replay/entries.ts";
import type { Entry } from "./events.ts";

/** `[entry,entry,…]` from the JSON of each. */
export const bodyOf = (entries: readonly string[]): string => `[${entries.join(",")}]`;

export const entriesOf = (valid: ValidRecord): readonly Entry[] => frame.entriesOf<Entry>(valid);
