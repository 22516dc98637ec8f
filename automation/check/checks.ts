/** Every readiness check, in the order in which a person reads them. */
import type { Check } from "./check.ts";
import { backups } from "./checks/backups.ts";
import { capacity } from "./checks/capacity.ts";
import { forecast } from "./checks/forecast.ts";
import { replication } from "./checks/replication.ts";
import { state } from "./checks/state.ts";
import { traffic } from "./checks/traffic.ts";
import type { ReadinessFacts } from "./facts.ts";

export const CHECKS: readonly Check<ReadinessFacts>[] = [
  ...forecast,
  ...replication,
  ...capacity,
  ...traffic,
  ...state,
  ...backups,
];
