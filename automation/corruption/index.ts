/** Finding, validating and setting aside: what the runbook of a corruption calls. Replay itself is `replay/`. */
export { type Aside, type AsideOptions, setAside } from "./aside.ts";
export { type Difference, inWords } from "./difference.ts";
export { type FindOptions, type Found, findFirstBad } from "./find.ts";
export { type Quarantined, quarantinedBy, readQuarantine, writeQuarantine } from "./quarantine.ts";
export { createScratch, type Scratch } from "./scratch.ts";
export { type EngineState, type ShardValidation, type ValidateOptions, validate } from "./validate.ts";
