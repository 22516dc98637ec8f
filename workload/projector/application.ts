/** What this application ships for its projection. */
import type { Application } from "../../replay/index.ts";
import { FIELDS, OrderFold } from "./fold.ts";
import { SCHEMA } from "./schema.ts";

export const APPLICATION: Application = {
  schema: SCHEMA,
  folding: { fields: FIELDS, start: () => new OrderFold() },
};
