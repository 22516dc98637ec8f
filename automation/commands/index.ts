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
    name: "preview",
    describe: "preview both stacks and keep what a reviewer and a deployment need",
    load: () => import("./preview.ts"),
  },
  {
    name: "pr-report",
    describe: "turn previews into the comment that a reviewer needs, and judge them",
    load: () => import("./pr-report.ts"),
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
    name: "drill",
    describe: "lose a region in a sandbox, fail over, and measure what it cost",
    load: () => import("./drill.ts"),
  },
];
