/** Wires the runbook to one region's adapters and to the run's record. */
import { hostname, userInfo } from "node:os";
import { pulumiStack } from "../adapters/program.ts";
import { ask } from "../ask.ts";
import type { Context } from "../commands/command.ts";
import type { FailoverRequest } from "../commands/failover.ts";
import { type Deployment, scaled } from "../deployment.ts";
import { LockedError, messageOf } from "../errors.ts";
import { systemClock } from "../runbook/clock.ts";
import type { Execution } from "../runbook/engine.ts";
import type { Output } from "../runbook/output.ts";
import type { RunData, RunRecord } from "../runbook/record.ts";
import { decideOwnership } from "./decide.ts";
import { EmergencyStack } from "./emergency.ts";
import { type Facts, factsOf } from "./facts.ts";
import type { Ports, RunSummary } from "./ports.ts";
import { failover } from "./runbook.ts";
import { publicName, type RegionWorld } from "./world.ts";

export interface Parts {
  readonly deployment: Deployment;
  readonly world: RegionWorld;
  readonly record: RunRecord;
  readonly output: Output;
}

export function executionOf(
  request: FailoverRequest,
  context: Context,
  { deployment, world, record, output }: Parts,
): Execution<Ports, Facts> {
  const { settings, signal } = context;
  const { outputs, journal, cluster, gateway, database } = world;
  const other = Object.values(deployment.stacks).find(({ region }) => region !== outputs.region);
  if (other === undefined) throw new Error("the deployment has one region only");
  const note = (message: string) => output.emit({ type: "note", message });
  const pulumi = pulumiStack({
    stack: outputs.stack,
    project: deployment.project,
    settings,
    say: note,
    emergency: true,
    started: (child) =>
      record.update((data) => {
        data.children.push(child);
      }),
  });
  const deployments = scaled(outputs);
  const ports: Ports = {
    journal,
    cluster,
    gateway,
    database,
    names: publicName(outputs, settings.resolvers),
    probes: world.probesOf(other),
    stack: new EmergencyStack({
      stack: outputs.stack,
      region: outputs.region,
      project: deployment.project,
      projectDirectory: settings.projectDirectory,
      deployments,
      record,
      state: deployment.state,
      pulumi,
      directOnly: request.direct,
      direct: (flip) => world.flip(flip, deployments),
      note,
      signal,
    }),
    operator: { interactive: context.stdin.isTTY === true, ask: (question) => ask(context, question) },
  };
  return {
    nodes: failover,
    ports,
    record,
    emit: output.emit,
    signal,
    clock: systemClock,
    guard: async (data) => {
      const facts = factsOf(data);
      const lost = decideOwnership(await journal.decision(), {
        id: data.id,
        generation: facts.generation ?? null,
        seenGeneration: facts.mission?.seenGeneration ?? 0,
      });
      if (lost !== undefined) throw new LockedError(lost);
    },
    report: async (data) => {
      const { generation } = factsOf(data);
      if (generation === undefined || data.steps["fence"]?.state !== "done") return;
      // Others only read it: what counts is on this disk, and the next step looks at the decision anyway.
      const kept = await journal.report(generation, summaryOf(data)).catch((error: unknown) => {
        note(`the decision does not say how far this run is: ${messageOf(error)}`);
        return true;
      });
      if (!kept) throw new LockedError(`another run has taken the decision over from run ${data.id}`);
    },
  };
}

function summaryOf(data: Readonly<RunData>): RunSummary {
  const last = Object.entries(data.steps)
    .sort(([, a], [, b]) => a.startedAt - b.startedAt)
    .at(-1);
  return {
    id: data.id,
    owner: `${userInfo().username}@${hostname()}`,
    startedAt: new Date(data.startedAt).toISOString(),
    step: last === undefined ? "none" : `${last[0]}: ${last[1].state}`,
    finished: data.finished !== null,
  };
}
