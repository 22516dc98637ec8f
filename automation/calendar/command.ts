/** `dr calendar`: the guard, and exercises behind it. */
import type { Context } from "../commands/command.ts";
import { EXIT } from "../errors.ts";
import { VERDICT_EXIT_CODES } from "../report/verdict.ts";
import { type ExerciseEvidence, exercise } from "./exercise.ts";
import { decideDisturbance } from "./guard.ts";
import { Site } from "./site.ts";

export interface CalendarRequest {
  readonly action: "guard" | "run";
  readonly reason: string | undefined;
  /** Availability zone that loses power. */
  readonly zone: string | undefined;
  /** What disturbs production in place of an experiment, e.g. a failover. */
  readonly command: readonly string[] | undefined;
  readonly dryRun: boolean;
  readonly json: boolean;
}

export async function calendar(request: CalendarRequest, context: Context): Promise<number> {
  const site = await Site.open(request, context);
  if (request.action === "guard") {
    const permission = decideDisturbance(await site.facts());
    context.stdout.write(
      request.json ? `${JSON.stringify(permission)}\n` : `${permission.act}: ${permission.why}\n`,
    );
    return permission.act === "proceed" ? EXIT.done : EXIT.refused;
  }
  const evidence = await exercise(site.plan(), site.ports());
  context.stdout.write(request.json ? `${JSON.stringify(evidence)}\n` : summary(evidence));
  return VERDICT_EXIT_CODES[evidence.verdict];
}

function summary({ verdict, scenario, what, observed, reasons, told, dryRun }: ExerciseEvidence): string {
  return [
    `${dryRun ? "DRY RUN, NOTHING WAS DONE: " : ""}${verdict.toUpperCase()}   ${scenario}: ${what}`,
    ...reasons.map((reason) => `  · ${reason}`),
    `longest outage ${observed.longestFailingSeconds.toFixed(0)} s in ${observed.looks} looks; told: ${told.join(", ") || "nobody"}`,
    "",
  ].join("\n");
}
