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
  /** A failover that has not finished, by its run; null: none. */
  readonly unfinished: Fact<string | null>;
}

export type Permission =
  | { readonly act: "proceed"; readonly why: string }
  | { readonly act: "refuse"; readonly why: string };

const refuse = (why: string): Permission => ({ act: "refuse", why });

export function decideDisturbance({ at, window, reason, alarms, unfinished }: GuardFacts): Permission {
  if (isUnknown(alarms)) return refuse(`whether an incident goes on is unknown: ${alarms.unknown}`);
  if (alarms.length > 0) return refuse(`an incident goes on: ${alarms.join(", ")}`);
  if (isUnknown(unfinished)) return refuse(`whether a failover goes on is unknown: ${unfinished.unknown}`);
  if (unfinished !== null) return refuse(`run ${unfinished} has not finished`);
  if (window !== undefined && isInside(window, at)) {
    return { act: "proceed", why: `inside the maintenance window (${describe(window)})` };
  }
  if (reason !== undefined) return { act: "proceed", why: `outside the maintenance window: ${reason}` };
  if (window === undefined) {
    return refuse("the config has no maintenanceWindow: add one, or give a --reason");
  }
  const opens = new Date(nextOpening(window, at)).toISOString();
  return refuse(
    `outside the maintenance window (${describe(window)}), which opens at ${opens}. Wait, or give a --reason`,
  );
}
