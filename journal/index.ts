/** The write-ahead order journal: everything other folders may use. */
export * from "./archive.ts";
export { type CarrierOptions, openCarrier, type Removed, readRemoved } from "./carry.ts";
export * from "./checkpoints.ts";
export * from "./clock.ts";
export { Cursor, type CursorOptions, openCursor } from "./cursor.ts";
export { type Cut, type EventPlace, type Survey, surveyCut } from "./cut.ts";
export { type DynamoJournalOptions, openDynamoJournal } from "./dynamo.ts";
export {
  type FindOptions,
  findNewestEpoch,
  type Head,
  type Known,
  type NewestEpoch,
  readHead,
} from "./epochs.ts";
export * from "./errors.ts";
export { type Fenced, type FenceRequest, fence } from "./fence.ts";
export * from "./model.ts";
export { type ObjectStore, openS3Objects, type S3ObjectOptions } from "./objects.ts";
export { genesis, isHalted } from "./protocol.ts";
export {
  anchorOf,
  type FollowOptions,
  follow,
  measureTail,
  type ReadOptions,
  readSealed,
  readUnverified,
  readValid,
  type Tail,
} from "./read.ts";
export {
  type RebuildOptions,
  type Rebuilt,
  rebuildLog,
  type SurveyOptions,
  surveyLog,
} from "./rebuild.ts";
export { awaitSilence, resign, type StandbyOptions } from "./standby.ts";
export { type OwnershipOptions, openWriter, type WriterOptions, waitForOwnership } from "./start.ts";
export { type JournalOptions, type JournalStore, openJournal } from "./store.ts";
export type { PlainItem, Table } from "./table.ts";
export { type VerifiedLog, type VerifyOptions, verifyLog } from "./verify.ts";
export type { Writer } from "./writer.ts";
