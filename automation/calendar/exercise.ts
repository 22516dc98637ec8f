/**
 * An exercise on the real thing, from the guard to the evidence: whatever happens in between, what was started is ended,
 * people are told, and what is known of the platform's state is written down.
 */
import { HalfwayError, messageOf, RefusedError } from "../errors.ts";
import type { Clock } from "../runbook/clock.ts";
import type { Announced } from "./announce.ts";
import { decideDisturbance, type GuardFacts } from "./guard.ts";

export interface Plan {
  readonly scenario: "az-loss" | "region-loss";
  /** For a person, e.g. `zone us-east-1a loses power (experiment EXT…)`. */
  readonly what: string;
  /** Longest outage that is allowed. */
  readonly objectiveSeconds: number;
  readonly dryRun: boolean;
}

/** What the disturbance came to. */
export interface Disturbed {
  readonly ok: boolean;
  readonly detail: string;
}

export interface Observed {
  readonly looks: number;
  /** Of them, those that saw whether clients are served. */
  readonly seen: number;
  readonly longestFailingSeconds: number;
  /** Seconds in which nobody could see. */
  readonly unknownSeconds: number;
}

export interface ExercisePorts {
  readonly facts: () => Promise<GuardFacts>;
  readonly announce: (subject: string, text: string) => Promise<Announced>;
  /** Resolves when the disturbance is over; ends what it started also when it is interrupted. */
  readonly disturb: () => Promise<Disturbed>;
  /** Looks from now on until the returned function is called. */
  readonly observe: () => () => Promise<Observed>;
  /** Whether the platform is steady again; waits for it. */
  readonly steady: () => Promise<boolean>;
  readonly file: (evidence: ExerciseEvidence) => Promise<void>;
  readonly clock: Clock;
  readonly say: (message: string) => void;
}

export interface ExerciseEvidence {
  readonly type: "exercise";
  readonly scenario: Plan["scenario"];
  readonly what: string;
  readonly dryRun: boolean;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly endedAt: string;
  readonly permission: string;
  readonly disturbed: Disturbed;
  readonly observed: Observed;
  /** Null: whether the platform is steady could not be found out. */
  readonly steady: boolean | null;
  readonly told: readonly string[];
  readonly verdict: "met" | "rto-missed" | "failed" | "inconclusive";
  readonly reasons: readonly string[];
}

/** @throws RefusedError when it must not begin: nothing was done */
export async function exercise(plan: Plan, ports: ExercisePorts): Promise<ExerciseEvidence> {
  const { clock, say } = ports;
  const permission = decideDisturbance(await ports.facts());
  if (permission.act === "refuse") {
    if (!plan.dryRun) throw new RefusedError(`no drill now: ${permission.why}. Nothing was done`);
    say(`dry run: it would be refused: ${permission.why}`);
  } else say(`the drill may begin: ${permission.why}`);

  const begun = await ports.announce(`Drill begins: ${plan.scenario}`, `${plan.what}. ${permission.why}.`);
  for (const failure of begun.failed) say(`not told: ${failure}`);
  if (begun.told.length === 0 && !plan.dryRun) {
    const why = begun.failed.join("; ") || "no webhook and no topic is known";
    throw new RefusedError(`no drill now: nobody could be told (${why}). Nothing was done`);
  }

  const startedAt = clock.wall();
  const stopObserving = ports.observe();
  // From here on production may be disturbed: nothing may end this early.
  const disturbed = await ports
    .disturb()
    .catch((error: unknown): Disturbed => ({ ok: false, detail: messageOf(error) }));
  say(disturbed.detail);
  const steady = await ports.steady().catch((error: unknown) => {
    say(`whether the platform is steady is unknown: ${messageOf(error)}`);
    return null;
  });
  const observed = await stopObserving();
  const { verdict, reasons } = judgeExercise(plan, { disturbed, observed, steady });
  const text = [
    `${plan.what}. ${verdict}${reasons.length > 0 ? `: ${reasons.join("; ")}` : ""}.`,
    `Longest outage ${observed.longestFailingSeconds.toFixed(0)} s. The platform is ${state(steady)}.`,
  ].join(" ");
  const ended = await ports.announce(`Drill ended: ${plan.scenario}, ${verdict}`, text);
  for (const failure of ended.failed) say(`not told: ${failure}`);
  const evidence: ExerciseEvidence = {
    type: "exercise",
    ...{ scenario: plan.scenario, what: plan.what, dryRun: plan.dryRun },
    startedAt: new Date(startedAt).toISOString(),
    endedAt: new Date(clock.wall()).toISOString(),
    permission: permission.why,
    ...{ disturbed, observed, steady, told: begun.told, verdict, reasons },
  };
  await ports.file(evidence).catch((error: unknown) => {
    // Here at least it is read, and the exit code says that it is nowhere else.
    say(JSON.stringify(evidence));
    throw new HalfwayError(
      `the drill ended (${verdict}, the platform is ${state(steady)}), but its evidence is not filed: ${messageOf(error)}`,
    );
  });
  if (steady !== true && !plan.dryRun) {
    throw new HalfwayError(
      `the drill ended (${verdict}), but the platform is ${state(steady)}: dr status, dr watch`,
    );
  }
  return evidence;
}

const state = (steady: boolean | null): string =>
  steady === null ? "in an unknown state" : steady ? "steady" : "not steady";

function judgeExercise(
  { objectiveSeconds }: Plan,
  { disturbed, observed, steady }: Pick<ExerciseEvidence, "disturbed" | "observed" | "steady">,
): Pick<ExerciseEvidence, "verdict" | "reasons"> {
  const reasons: string[] = [];
  if (!disturbed.ok) reasons.push(disturbed.detail);
  if (steady !== true) reasons.push(`afterwards it was ${state(steady)}`);
  if (reasons.length > 0) return { verdict: "failed", reasons };
  const { longestFailingSeconds, unknownSeconds, seen } = observed;
  if (longestFailingSeconds > objectiveSeconds) {
    return {
      verdict: "rto-missed",
      reasons: [`clients failed for ${longestFailingSeconds.toFixed(0)} s, objective ${objectiveSeconds} s`],
    };
  }
  // Whoever did not look long enough may have missed the outage.
  if (seen === 0 || unknownSeconds > objectiveSeconds) {
    return { verdict: "inconclusive", reasons: [`nothing could be seen for ${unknownSeconds.toFixed(0)} s`] };
  }
  return { verdict: "met", reasons: [] };
}
