/** A runbook on the active region, from its record to its result: what halting, restoring and rebuilding have in common. */
import type { Context } from "../commands/command.ts";
import { EXIT, LockedError, UsageError } from "../errors.ts";
import { systemClock } from "../runbook/clock.ts";
import { type Conclusion, conclude, end } from "../runbook/conclude.ts";
import { type Execution, rehearse } from "../runbook/engine.ts";
import { createOutput } from "../runbook/output.ts";
import type { RunRecord } from "../runbook/record.ts";
import { flatten, type Node } from "../runbook/step.ts";
import { decideStillValid } from "./decide.ts";
import type { MaintenanceMission } from "./facts.ts";
import type { Active, PortsOf } from "./world.ts";

type Mission = Pick<MaintenanceMission, "region" | "generation">;

export interface Session<P, F> {
  readonly verb: string;
  readonly active: Active;
  readonly record: RunRecord;
  readonly nodes: readonly Node<P, F>[];
  readonly json: boolean;
  readonly dryRun?: boolean;
  /** To be said before anything is done. */
  readonly warnings?: readonly string[];
  readonly ports: (of: PortsOf) => P | Promise<P>;
  /** Where the decision is read that ends the run once it is another. */
  readonly decision: (ports: P) => Promise<Active["decision"]>;
  readonly conclusion: () => Conclusion;
}

/** @throws the failure that ended the run */
export async function runSession<P, F extends { readonly mission: Mission }>(
  session: Session<P, F>,
  context: Context,
): Promise<void> {
  const { active, record, nodes, json, dryRun = false } = session;
  const output = createOutput(context, { run: record.data.id, json, directory: record.directory });
  const note = (message: string) => output.emit({ type: "note", message });
  const { stale } = active.deployment;
  for (const warning of [...(stale === undefined ? [] : [stale]), ...(session.warnings ?? [])])
    note(`warning: ${warning}`);
  output.emit({
    type: "run",
    verb: session.verb,
    target: active.world.outputs.region,
    resumed: Object.keys(record.data.steps).length > 0,
    dryRun,
    steps: flatten(nodes).map(({ id, title }) => ({ id, title })),
  });
  const ports = await session.ports({ active, record, note, context });
  const execution: Execution<P, F> = {
    ...{ nodes, ports, record, emit: output.emit, signal: context.signal, clock: systemClock },
    guard: async ({ facts }) => {
      const changed = decideStillValid(await session.decision(ports), facts["mission"] as Mission);
      if (changed !== undefined) throw new LockedError(changed);
    },
    report: async () => {},
  };
  try {
    if (dryRun) {
      await rehearse(execution);
      await end(record, "dry-run", EXIT.done);
      output.emit({
        ...{ type: "result", verdict: "dry-run", exitCode: EXIT.done },
        message: "dry run: nothing was changed",
      });
    } else await conclude(execution, output, session.conclusion);
  } finally {
    await output.flushed();
  }
}

/** @throws UsageError when the operator confirmed another region */
export function checkConfirmed({ world }: Active, confirmedRegion: string | undefined): void {
  const { region } = world.outputs;
  if (confirmedRegion === undefined || confirmedRegion === region) return;
  throw new UsageError(
    `--confirm-region ${confirmedRegion} is not the active region ${region}: nothing was changed`,
  );
}
