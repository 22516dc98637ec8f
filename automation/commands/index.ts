/** Every verb of `dr`, loaded only when it is called. */
import type { Verb } from "./command.ts";

export const VERBS: readonly Verb[] = [
  {
    name: "failover",
    describe: "move production to the surviving region after the active one is lost",
    load: () => import("./failover.ts"),
  },
  {
    name: "status",
    describe: "show both regions, the journal and the database as the survivor sees them",
    load: () => import("./status.ts"),
  },
  {
    name: "deploy",
    describe: "deploy one stack, or both in the order that they need",
    load: () => import("./deploy.ts"),
  },
  {
    name: "reconcile",
    describe: "bring Pulumi's state in line with role changes made directly, and prove a clean preview",
    load: () => import("./reconcile.ts"),
  },
  {
    name: "park",
    describe: "make the returned old region passive",
    load: () => import("./park.ts"),
  },
  {
    name: "replay",
    describe: "apply the journal to a restored or empty database, from its watermarks to the end or the cut",
    load: () => import("./replay.ts"),
  },
  {
    name: "validate",
    describe: "compare a database with the journal, row by row, and the journal with its archive",
    load: () => import("./validate.ts"),
  },
  {
    name: "corruption",
    describe: "find the first record that made the data bad",
    load: () => import("./corruption.ts"),
  },
  {
    name: "quarantine",
    describe: "send commands that a cut set aside again, one decision at a time or by filter",
    load: () => import("./quarantine.ts"),
  },
  {
    name: "drill",
    describe: "lose a region in a sandbox, fail over, and measure what it cost",
    load: () => import("./drill.ts"),
  },
];
