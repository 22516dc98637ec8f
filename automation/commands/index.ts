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
    name: "maintenance",
    describe: "halt the platform so that nobody can write, or let it go on",
    load: () => import("./maintenance.ts"),
  },
  {
    name: "restore",
    describe: "restore the halted region's database to a time, and cut the journal if its events are bad",
    load: () => import("./restore.ts"),
  },
  {
    name: "journal",
    describe: "rebuild the halted journal in a fresh table, when somebody wrote into the present one",
    load: () => import("./journal.ts"),
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
    describe: "rehearse a disaster in a sandbox, and measure what it cost",
    load: () => import("./drill.ts"),
  },
  {
    name: "check",
    describe: "judge whether a failover now would work, and predict what it would take",
    load: () => import("./check.ts"),
  },
  {
    name: "watch",
    describe: "show error rate, latency, targets, lag and journal live",
    load: () => import("./watch.ts"),
  },
  {
    name: "calendar",
    describe: "drill production inside its maintenance window, announced, and end in a known state",
    load: () => import("./calendar.ts"),
  },
  {
    name: "simulate",
    describe: "simulate thousands of failovers, of zones lost and of restores, from published latencies",
    load: () => import("./simulate.ts"),
  },
  {
    name: "cost",
    describe: "estimate what the configuration would cost per month and region",
    load: () => import("./cost.ts"),
  },
  {
    name: "bootstrap",
    describe: "make the state's bucket and key, CI's trust and the roles; check quotas",
    load: () => import("./bootstrap.ts"),
  },
  {
    name: "destroy-plan",
    describe: "explain what protects what, and in which order it could be taken down",
    load: () => import("./destroy-plan.ts"),
  },
];
