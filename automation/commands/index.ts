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
    name: "drill",
    describe: "rehearse a disaster in a sandbox, and measure what it cost",
    load: () => import("./drill.ts"),
  },
];
