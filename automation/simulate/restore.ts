/**
 * What the operator's commands wait for when the data itself is wrong, as models: seconds since the go, one function
 * per step. Which steps there are, and in which order, is not here: that is the runbooks'.
 */
import { disable, enable } from "../maintenance/runbook.ts";
import { rebuildRunbook } from "../rebuild/runbook.ts";
import { restoreRunbook } from "../restore/runbook.ts";
import { Draws, quantilesOf } from "./draws.ts";
import type { LatencyTable } from "./latencies.ts";
import { FENCE_OPERATIONS, SMOKE_OPERATIONS } from "./model.ts";
import { type Draw, type Percentiles, percentiles } from "./simulate.ts";
import { criticalPath, meanShares, type Share, type Span, type StepModels, type Way, walk } from "./walk.ts";

/** What is restored. */
export interface RestoreSetting {
  readonly shards: number;
  /** Of the restored cluster: as many as the damaged one has. */
  readonly instances: number;
  /** Of the whole journal, which every proof reads from its first one. */
  readonly records: number;
  /** That the restored database lacks. */
  readonly recordsToReplay: number;
  /** What the newest test of a restore took until there was a cluster; null: none is known. */
  readonly testedSeconds: number | null;
}

interface Moments {
  readonly draws: Draws;
  readonly setting: RestoreSetting;
}

/** One command of the operator's: its runbook, or the one thing that it does. */
interface Command {
  readonly verb: string;
  readonly nodes: readonly Way[];
  readonly models: StepModels<Moments>;
}

/**
 * How long damage goes unseen, for what must be replayed. Nobody publishes that; an hour is twelve times the age of the
 * newest moment that can be restored. https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-pitr.html
 */
export const FOUND_WITHIN_SECONDS = 3_600;

/** Strong operations one after the other: where a shard's log ends, and a seal with a look behind it from both sides. */
export const LOOK_OPERATIONS = 3;
export const SEAL_OPERATIONS = FENCE_OPERATIONS + 2 * LOOK_OPERATIONS;
/** A write tried by the public name takes about as long as one. */
const KNOCK_OPERATIONS = 1;

/** Operations of one command share their luck. */
const operations =
  (count: number, index: 0 | 1 | 2) =>
  (at: number, { draws, setting: { shards } }: Moments): number =>
    at + count * draws.take("strongOperation", { of: shards, index });

/** Gateways look while Pulumi still ends its update: nobody waits for them. */
const flip =
  (index: 0 | 1) =>
  (at: number, { draws }: Moments): number =>
    at + draws.take("maintenanceSwitch", { index });

/** Shards one after the other, or all at once. */
const read = ({ draws, setting: { records, shards } }: Moments, order: "in turn" | "at once"): number =>
  (draws.take("readThousand") * records) / 1_000 / (order === "at once" ? shards : 1);

const nothing = (at: number): number => at;

export const HALT: StepModels<Moments> = {
  assess: operations(LOOK_OPERATIONS, 0),
  halt: operations(SEAL_OPERATIONS, 0),
  drain: (at, { draws }) => at + draws.take("engineStop"),
  switch: flip(0),
  closed: operations(KNOCK_OPERATIONS, 0),
};

export const RESTORE: StepModels<Moments> = {
  assess: operations(LOOK_OPERATIONS, 1),
  /** Confirmed in advance. */
  confirm: nothing,
  restore: (at, { draws, setting: { testedSeconds } }) =>
    at + (testedSeconds ?? draws.take("clusterRestore")),
  attach: (at, { draws, setting: { instances } }) => at + draws.take("instanceStart", { of: instances }),
  verify: (at, moments) => at + moments.draws.take("proofStart") + read(moments, "in turn"),
  "set-aside": (at, { draws }) => at + draws.take("setAside"),
  /** The journal stays whole. */
  cut: nothing,
  cutover: (at, { draws }) => at + draws.take("databaseCutover"),
  "catch-up": (at, { draws, setting: { recordsToReplay } }) =>
    at + draws.take("projectorStart") + (draws.take("applyThousand") * recordsToReplay) / 1_000,
};

export const REBUILD: StepModels<Moments> = {
  /** The archive is read beside the table. */
  assess: (at, moments) => operations(LOOK_OPERATIONS, 1)(at, moments) + 2 * read(moments, "at once"),
  confirm: nothing,
  close: operations(SEAL_OPERATIONS, 1),
  create: (at, { draws }) => at + draws.take("tableCreate"),
  fill: (at, { draws, setting: { records, shards } }) =>
    at + (draws.take("putThousand") * records) / 1_000 / shards,
  prove: (at, moments) => at + read(moments, "at once"),
  cutover: (at, { draws }) =>
    at + draws.take("journalCutover", { index: 0 }) + draws.take("journalCutover", { index: 1 }),
  /** The projection stands where the journal ended. */
  "catch-up": operations(LOOK_OPERATIONS, 1),
};

export const VALIDATION: StepModels<Moments> = { validate: (at, moments) => at + read(moments, "in turn") };

export const RESUME: StepModels<Moments> = {
  assess: operations(LOOK_OPERATIONS, 2),
  resume: operations(SEAL_OPERATIONS, 2),
  restart: (at, { draws }) => at + draws.take("engineResume"),
  switch: flip(1),
  open: operations(SMOKE_OPERATIONS, 2),
};

const halt: Command = { verb: "halt", nodes: enable, models: HALT };
const validation: Command = { verb: "validate", nodes: [{ id: "validate" }], models: VALIDATION };
const resume: Command = { verb: "resume", nodes: disable, models: RESUME };

/** What is damaged, and the commands that `docs/corruption.md` lists for it. */
export const REMEDIES = {
  database: [halt, { verb: "restore", nodes: restoreRunbook, models: RESTORE }, validation, resume],
  journal: [halt, { verb: "rebuild", nodes: rebuildRunbook, models: REBUILD }, validation, resume],
} as const satisfies Readonly<Record<string, readonly Command[]>>;
export type Damaged = keyof typeof REMEDIES;

export interface RestoreFigures {
  /** From the operator's go until orders are taken again. */
  readonly fromGo: Percentiles;
  /** Of each step of each command, e.g. `restore: cutover`. */
  readonly shares: readonly Share[];
}

/** @param hostFactor how many times as long as on the measured host the host's own work takes */
export function simulateRestore(
  damaged: Damaged,
  setting: RestoreSetting,
  table: LatencyTable,
  { runs, seed, hostFactor = 1 }: Draw & { readonly hostFactor?: number },
): RestoreFigures {
  const quantiles = quantilesOf(table, hostFactor);
  const paths = Array.from({ length: runs }, (_, run) =>
    criticalPath(attemptRestore(damaged, { draws: new Draws(seed, run, quantiles), setting })),
  );
  return {
    fromGo: percentiles(Float64Array.from(paths, (path) => path.at(-1)?.end ?? 0).sort()),
    shares: meanShares(
      paths.map((path) => path.map(({ step, start, end }) => ({ name: step, seconds: end - start }))),
    ),
  };
}

/** One of them, each command at the end of the one before. */
export function attemptRestore(damaged: Damaged, moments: Moments): readonly Span[] {
  const spans: Span[] = [];
  let at = 0;
  for (const [index, { verb, nodes, models }] of REMEDIES[damaged].entries()) {
    const begun = at + moments.draws.take("command", { index });
    const steps: Span[] = [{ step: "start", start: at, end: begun }];
    at = walk(nodes, begun, models, moments, steps);
    spans.push(...steps.map(({ step, ...span }) => ({ step: `${verb}: ${step}`, ...span })));
  }
  return spans;
}
