/**
 * Whether production may be disturbed now. The guard that cannot see stays shut: an incident that nobody can rule out
 * freezes as one that is there, and no reason opens it.
 */
import type { MaintenanceWindow } from "../../components/model.ts";
import { type Fact, isUnknown } from "../fact.ts";
import { describe, isInside, nextOpening } from "./window.ts";

export interface GuardFacts {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Undefined: the config names none. */
  readonly window: MaintenanceWindow | undefined;
  /** Why it must be outside the window, in the words of whoever starts it. */
  readonly reason: string | undefined;
  /** Alarms of both regions that are going off. */
  readonly alarms: Fact<readonly string[]>;
  /** Experiments of the program's templates that still do something, by id. */
  readonly experiments: Fact<readonly string[]>;
  /** A failover that has not finished, by its run; null: none. */
  readonly unfinished: Fact<string | null>;
}

export type Permission =
  | { readonly act: "proceed"; readonly why: string }
  | { readonly act: "refuse"; readonly why: string };

/** An experiment lasts a quarter of an hour, and what comes after it is watched for as long at most. */
const DRILL_MINUTES = 30;

const refuse = (why: string): Permission => ({ act: "refuse", why });

export function decideDisturbance(facts: GuardFacts): Permission {
  const { at, window, reason, alarms, experiments, unfinished } = facts;
  if (isUnknown(alarms)) return refuse(`whether an incident goes on is unknown: ${alarms.unknown}`);
  if (alarms.length > 0) return refuse(`an incident goes on: ${alarms.join(", ")}`);
  if (isUnknown(experiments)) {
    return refuse(`whether an experiment goes on is unknown: ${experiments.unknown}`);
  }
  if (experiments.length > 0) return refuse(`an experiment goes on: ${experiments.join(", ")}`);
  if (isUnknown(unfinished)) return refuse(`whether a failover goes on is unknown: ${unfinished.unknown}`);
  if (unfinished !== null) return refuse(`run ${unfinished} has not finished`);
  const open = window !== undefined && isInside(window, at);
  if (open && isInside(window, at + DRILL_MINUTES * 60_000)) {
    return { act: "proceed", why: `inside the maintenance window (${describe(window)})` };
  }
  if (reason !== undefined) return { act: "proceed", why: `outside the maintenance window: ${reason}` };
  if (window === undefined) {
    return refuse("the config has no maintenanceWindow: add one, or give a --reason");
  }
  const where = open
    ? `the maintenance window (${describe(window)}) closes within ${DRILL_MINUTES} min, and a drill takes as long; it opens again`
    : `outside the maintenance window (${describe(window)}), which opens`;
  const opens = new Date(nextOpening(window, at)).toISOString();
  return refuse(`${where} at ${opens}. Wait, or give a --reason`);
}
