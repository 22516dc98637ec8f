/** From the journal into a projection: everything other folders may use. */
export * from "./contract.ts";
export { ABSENT, CopyRows, CopyText } from "./copy-text.ts";
export { entriesOf, eventsOf, type LoggedEntry } from "./entries.ts";
export { ProjectionError, WatermarkMovedError } from "./errors.ts";
export { type Application, type Copy, type Fold, type Folded, type Folding, STAGED } from "./fold.ts";
export type { Progress, ProgressOptions } from "./progress.ts";
export type { EventReader } from "./reader.ts";
export {
  DEFAULT_BATCH_EVENTS,
  DEFAULT_WORKERS,
  type Replayed,
  type ReplayOptions,
  replay,
  type ShardReplay,
} from "./replay.ts";
export { openTarget, type Target, TargetError } from "./target.ts";
