/** From the journal into a projection: everything other folders may use. */
export * from "./contract.ts";
export { entriesOf, eventsOf, type LoggedEntry } from "./entries.ts";
export type { Progress, ProgressOptions } from "./progress.ts";
export {
  DEFAULT_BATCH_EVENTS,
  DEFAULT_WORKERS,
  type Replayed,
  type ReplayOptions,
  replay,
  type ShardReplay,
} from "./replay.ts";
export { openTarget, type Target, TargetError } from "./target.ts";
