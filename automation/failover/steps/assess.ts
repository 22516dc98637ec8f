/** Evidence that the region is lost, and what moving away from it would cost. Changes nothing. */
import { isKeptCluster } from "../../../components/names.ts";
import { judgePulled, judgeRoom } from "../../check/checks/capacity.ts";
import { DrError, messageOf, RefusedError } from "../../errors.ts";
import type { Step, StepResult } from "../../runbook/step.ts";
import {
  decideHeartbeat,
  decideLoss,
  decidePermission,
  describeHalt,
  type Heartbeat,
  type HeartbeatSample,
} from "../decide.ts";
import { type Assessment, type Context, type Expected, type Facts, fact, type Mission } from "../facts.ts";
import { openTraffic, scaleOut } from "../flips.ts";
import type { Capacity, Ports, ShardHead } from "../ports.ts";

const LOOK_MILLISECONDS = 500;

export const assess: Step<Ports, Facts> = {
  id: "assess",
  title: "gather evidence that the region is lost, and what moving would cost",
  async run(context) {
    const mission = fact(context, "mission");
    const { ports } = context;
    const warnings: string[] = [];
    const [{ heartbeat, heads }, own, peer, capacity, watermarks] = await Promise.all([
      watchHeartbeat(context),
      ports.probes.addresses(),
      ports.cluster.peer(),
      orWarn(warnings, "capacity of the target region", ports.cluster.capacity(mission.deployments)),
      orWarn(warnings, "replication watermarks", ports.database.watermarks()),
      orWarn(warnings, "the database", database(context, warnings)),
      prepareStack(context, warnings),
      orWarn(warnings, "the target's control item", parked(context, warnings)),
      orWarn(
        warnings,
        "Pulumi's state",
        ports.stack.warnings().then((found) => void warnings.push(...found)),
      ),
    ]);
    const probes = [...own, peer];
    const loss = decideLoss(heartbeat, probes);
    const assessment: Assessment = {
      loss,
      probes,
      lastRecordAt: newest(heads),
      predictedGapEvents: await predictedGap(context, watermarks),
      capacity: capacity ?? null,
      halted: describeHalt(heads),
      warnings: [...warnings, ...capacityWarnings(capacity)],
    };
    await context.remember({ assessment });
    if (assessment.halted !== null) context.note(`warning: ${assessment.halted}`);
    for (const warning of assessment.warnings) context.note(`warning: ${warning}`);
    const permission = decidePermission(loss, {
      force: mission.force,
      interactive: mission.confirmation.kind === "ask" && ports.operator.interactive,
    });
    if (permission.act === "refuse") throw new RefusedError(`${mission.from}: ${permission.reason}`);
    return resultOf(mission, assessment);
  },
};

function resultOf({ from, expected }: Mission, assessment: Assessment): StepResult {
  const gap = assessment.predictedGapEvents;
  const behind = gap === null ? "unknown how far" : gap === 1 ? "1 event" : `${gap} events`;
  return {
    detail: `${from} is ${assessment.loss.finding}: ${assessment.loss.reason}; orders lost: 0 (the journal is here); database behind: ${behind}${expectation(expected, assessment.capacity)}`,
    data: assessment,
  };
}

/** Counted from the loss, with the silence that has passed already in it. */
function expectation(expected: Expected | undefined, capacity: Capacity | null): string {
  if (expected === undefined) return "";
  const cold = capacity !== null && judgeRoom(capacity).status === "fail";
  const seconds = cold ? expected.coldSeconds : expected.warmSeconds;
  return `; orders may be expected again ${seconds.toFixed(0)} s after the loss, had the go come at once`;
}

/** Looks at every shard's newest record until the silence, or a movement, is certain. */
async function watchHeartbeat(
  context: Context,
): Promise<{ heartbeat: Heartbeat; heads: readonly ShardHead[] }> {
  const samples: HeartbeatSample[] = [];
  let heads: readonly ShardHead[] = [];
  for (;;) {
    const seen = await context.ports.journal.heads().catch((error: unknown) => messageOf(error));
    if (typeof seen === "string") {
      context.note(`the journal cannot be read in the target region: ${seen}`);
      return { heartbeat: decideHeartbeat([], context.clock.wall()), heads };
    }
    heads = seen;
    samples.push({ at: context.clock.monotonic(), newest: newest(heads) });
    const heartbeat = decideHeartbeat(samples, context.clock.wall());
    if (heartbeat.state !== "wait") return { heartbeat, heads };
    context.wait("waiting for the journal to move, or to be silent for 15 s");
    await context.clock.sleep(Math.min(LOOK_MILLISECONDS, heartbeat.milliseconds), context.signal);
  }
}

function newest(heads: readonly ShardHead[]): number | null {
  const times = heads.filter(({ seq }) => seq > 0).map(({ ts }) => ts);
  return times.length === 0 ? null : Math.max(...times);
}

async function database(context: Context, warnings: string[]): Promise<void> {
  const { status, writerCluster } = await context.ports.database.state();
  if (writerCluster !== undefined && isKeptCluster(writerCluster)) {
    warnings.push(
      `the database here is a copy of ${writerCluster}, which was found damaged and set aside: orders are safe in the journal, but the projection must be restored or rebuilt afterwards`,
    );
  }
  if (status !== "available") warnings.push(`the database cluster is "${status}", not "available"`);
}

/** A region that returned and was not parked takes orders as soon as its engines hold the decision. */
async function parked({ ports, facts }: Context, warnings: string[]): Promise<void> {
  const target = facts.mission?.target;
  const control = target && (await ports.journal.control(target));
  if (control?.traffic !== "on") return;
  warnings.push(
    `traffic is on in ${target} already: it takes orders before the smoke test. Park it first: dr park --region ${target}`,
  );
}

/** The plans are made while the journal is watched: they cost the recovery no time. */
async function prepareStack(context: Context, warnings: string[]): Promise<void> {
  const { stack } = context.ports;
  const reason = await stack.prepare(scaleOut(context)).catch((error: unknown) => {
    // Nothing to target: better known now than after the point of no return.
    if (error instanceof DrError) throw new RefusedError(error.message, { cause: error });
    return messageOf(error);
  });
  if (reason !== undefined) warnings.push(`Pulumi cannot do the role change, it would go by API: ${reason}`);
  // Nobody waits for this one before traffic is to be opened; the flip itself tells what became of it.
  stack.prepare(openTraffic(context)).catch(() => {});
}

async function predictedGap(
  { ports }: Context,
  watermarks: readonly (object | null)[] | undefined,
): Promise<number | null> {
  if (watermarks === undefined) return null;
  const tails = await Promise.all(
    watermarks.map((mark, shard) =>
      ports.journal.tail(shard, (mark as Parameters<typeof ports.journal.tail>[1] | null) ?? undefined),
    ),
  ).catch(() => [undefined]);
  return tails.reduce<number | null>(
    (sum, tail) => (sum === null || tail === undefined ? null : sum + tail.events),
    0,
  );
}

/** The readiness check's own judges, on what this step has looked at anyway. */
function capacityWarnings(capacity: Capacity | undefined): readonly string[] {
  if (capacity === undefined) return [];
  return [judgeRoom(capacity), judgePulled(capacity)].flatMap(({ status, why }) =>
    status === "ok" ? [] : [why],
  );
}

/** What cannot be seen is a warning, not the end: it says nothing about the loss. */
async function orWarn<T>(warnings: string[], what: string, look: Promise<T>): Promise<T | undefined> {
  return await look.catch((error: unknown) => {
    warnings.push(`${what}: unknown, ${messageOf(error)}`);
    return undefined;
  });
}
