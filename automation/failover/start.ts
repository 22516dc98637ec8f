/** Starts, resumes, takes over or refuses a failover. */
import { randomBytes } from "node:crypto";
import { Endpoints } from "../adapters/endpoints.ts";
import type { Context } from "../commands/command.ts";
import type { FailoverRequest } from "../commands/failover.ts";
import { loadDeployment, scaled, stackOf } from "../deployment.ts";
import { LockedError, UsageError } from "../errors.ts";
import { createOutput } from "../runbook/output.ts";
import { isAlive, processIdentity, stopOrphans } from "../runbook/process.ts";
import { RunRecord } from "../runbook/record.ts";
import { flatten } from "../runbook/step.ts";
import { type Decision, decideStart } from "./decide.ts";
import { executionOf } from "./execution.ts";
import { expectedRecovery } from "./expected.ts";
import type { Mission } from "./facts.ts";
import { dryRun, realRun } from "./finish.ts";
import { failover } from "./runbook.ts";
import { type RegionWorld, regionWorld } from "./world.ts";

/** Route 53 says that a change is on all its servers within a minute; as much again for slow resolvers. */
const PROPAGATION_SECONDS = 120;

export async function runFailover(request: FailoverRequest, context: Context): Promise<number> {
  const deployment = await loadDeployment(context.settings);
  const target = stackOf(deployment, request.target, "--target");
  // The region that may be dead is not in the list: nothing can wait for it.
  const endpoints = new Endpoints([target.region, target.regions.witness]);
  const world = regionWorld(target, endpoints, context.settings);
  const decision = await world.journal.decision();
  const record = await openRecord(request, context, world, decision);
  const output = createOutput(context, {
    run: record.data.id,
    json: request.json,
    directory: record.directory,
  });
  if (deployment.stale !== undefined) output.emit({ type: "note", message: `warning: ${deployment.stale}` });
  // A run that ends early, a dry one say, leaves no plan in the making behind.
  const ended = new AbortController();
  const running = { ...context, signal: AbortSignal.any([context.signal, ended.signal]) };
  const execution = executionOf(request, running, { deployment, world, record, output });
  output.emit({
    type: "run",
    verb: "failover",
    target: target.region,
    resumed: Object.keys(record.data.steps).length > 0,
    dryRun: request.dryRun,
    steps: flatten(failover).map(({ id, title }) => ({ id, title })),
  });
  try {
    return request.dryRun
      ? await dryRun(execution, record, output)
      : await realRun(execution, record, output, context, world);
  } finally {
    ended.abort();
    await output.flushed();
  }
}

/** A new record, or the unfinished one that the decision names. */
async function openRecord(
  request: FailoverRequest,
  { settings }: Context,
  { outputs, journal }: RegionWorld,
  decision: Decision,
): Promise<RunRecord> {
  const all = await RunRecord.all(settings.projectDirectory);
  const mine = all.find(({ data }) => data.id === decision.runId && data.finished === null);
  if (mine !== undefined && (await isAlive(mine.data.owner)) === true) {
    throw new LockedError(`run ${mine.data.id} is at work in process ${mine.data.owner.pid} on this machine`);
  }
  // Killed between its last word here and its last word there: it did finish.
  const ended = all.some(({ data }) => data.id === decision.runId && data.finished !== null);
  const known = { target: outputs.region, mine: mine?.data.id, takeOver: request.takeOver };
  const start = decideStart({ ...decision, finished: decision.finished || ended }, known);
  if (request.dryRun && start.act !== "already-active")
    return await create(request, settings, outputs, decision);
  switch (start.act) {
    case "already-active":
      throw new UsageError(
        `${outputs.region} is already the active region (generation ${decision.generation}): nothing to do`,
      );
    case "locked": {
      const { summary } = await journal.decision();
      const where =
        summary === undefined ? "" : `. It was started by ${summary.owner} at ${summary.startedAt}`;
      throw new LockedError(`${start.reason}${where}`);
    }
    case "resume": {
      if (mine === undefined) throw new Error("resume without a record");
      const owner = await processIdentity(process.pid);
      await stopOrphans(mine.data.children);
      await mine.update((data) => {
        data.owner = owner;
        const mission = data.facts["mission"] as Mission;
        data.facts["mission"] = { ...mission, ...answersOf(request) };
      });
      return mine;
    }
    case "start":
    case "take-over":
      return await create(request, settings, outputs, decision);
  }
}

const answersOf = (request: FailoverRequest): Pick<Mission, "force" | "endHalt" | "confirmation"> => ({
  force: request.force || request.dryRun,
  endHalt: request.endHalt,
  confirmation: { kind: request.confirmed ? "given" : "ask" },
});

async function create(
  request: FailoverRequest,
  settings: Context["settings"],
  outputs: RegionWorld["outputs"],
  decision: Decision,
): Promise<RunRecord> {
  const now = Date.now();
  const stamp = new Date(now).toISOString().replace(/[-:]|\.\d{3}/g, "");
  const id = `${stamp}-${outputs.region}-${randomBytes(2).toString("hex")}`;
  const record = await RunRecord.create(settings.projectDirectory, {
    id,
    verb: request.dryRun ? "failover --dry-run" : "failover",
    target: outputs.region,
    now,
  });
  const { primary, secondary } = outputs.regions;
  const mission: Mission = {
    target: outputs.region,
    targetStack: outputs.stack,
    from: outputs.region === primary ? secondary : primary,
    seenGeneration: decision.generation,
    shards: outputs.shards,
    deployments: scaled(outputs),
    targetAddresses: outputs.elasticIps,
    trafficLimitSeconds:
      outputs.dns.ttlSeconds +
      outputs.dns.healthCheckIntervalSeconds * outputs.dns.failureThreshold +
      PROPAGATION_SECONDS,
    expected: await expectedRecovery(outputs, settings),
    ...answersOf(request),
  };
  await record.update((data) => {
    data.facts = { mission };
  });
  return record;
}
