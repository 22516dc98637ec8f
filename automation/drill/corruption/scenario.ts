/** Damage the data under load, in more than one way; halt, restore, replay, resume; account for everything. */
import type { CorruptionCase, Evidence, Measurements } from "../../report/evidence.ts";
import type { Finding } from "../../report/verdict.ts";
import { orderKey } from "../audit/second-fold.ts";
import { audit } from "../audit.ts";
import { readClientLog } from "../client-log.ts";
import { type Drill, known } from "../drill.ts";
import { clientFigures } from "../outage.ts";
import { predict, previews, setUp, warmUp } from "../phases.ts";
import { furthestOff, orderError, orderFindings, recoveryFindings } from "../prediction.ts";
import type { DrillPhase, Scenario } from "../scenario.ts";
import { askOrders } from "../witness/api.ts";
import { readJournalTable } from "../witness/journal-table.ts";
import { readProjection } from "../witness/projection-query.ts";
import { activeStack, databaseOf, runCase, sourceOf } from "./case.ts";
import { DAMAGES, type Damage } from "./damage.ts";

/** No objective is promised for a corruption, whose finding takes what it takes; a drill that hangs is none either. */
const LIMIT_SECONDS = 1_800;
const BETWEEN_CASES_MILLISECONDS = 5_000;
const API_LIMIT_MILLISECONDS = 60_000;
const SAMPLE = 400;

const casePhase = (damage: Damage): DrillPhase => ({
  id: damage.id,
  title: damage.title,
  async run(drill) {
    // The warm-up predicted the first.
    if (drill.cases.length > 0) await predict(drill);
    drill.cases.push(await runCase(drill, damage));
    await drill.sleep(BETWEEN_CASES_MILLISECONDS);
  },
});

const judgement: DrillPhase = {
  id: "judge",
  title: "every acknowledgement against journal, API and projection",
  async run(drill) {
    await drill.load?.stop();
    drill.load = undefined;
    const active = await activeStack(drill);
    const clients = await readClientLog(drill.file("clients.ndjson"));
    drill.log = clients;
    const placed = clients.attempts.filter(({ kind, outcome }) => kind === "place" && outcome === "accepted");
    const step = Math.max(1, Math.floor(placed.length / SAMPLE));
    const wanted = new Map(
      placed.filter((_, n) => n % step === 0).map((one) => [orderKey(one.client, one.clientOrderId), one]),
    );
    const projection = await readProjection(databaseOf(drill, active)).catch(() => null);
    const api = await askOrders(
      { addresses: active.elasticIps, port: active.listenerPort, publicName: active.publicName },
      [...wanted.values()],
      API_LIMIT_MILLISECONDS,
    );
    drill.note(`${api.size} of ${wanted.size} acknowledged orders looked up through the API`);
    const items = await readJournalTable(sourceOf(drill, active));
    drill.audit = audit({
      ...{ clients, items, projection, api, shards: active.shards, primary: active.regions.primary },
      ...{ lost: active.regions.secondary, fencedAt: null, replica: null },
    });
  },
};

export const corruptionBy = (damages: readonly Damage[]): Scenario => ({
  id: "corruption",
  title: "database and journal are damaged; an operator halts, restores or rebuilds, replays and resumes",
  targetSeconds: LIMIT_SECONDS,
  promised: { coverage: [], acknowledged: 300 * damages.length },
  phases: [setUp, warmUp, ...damages.map(casePhase), judgement, previews],
  measure,
  findings: (measured) => [...(measured.cases ?? []).flatMap(findingsOf), ...orderFindings(measured)],
});

export const corruption = corruptionBy(DAMAGES);

/** A damage that nobody saw proves nothing; one that is left is a failure. */
function findingsOf(one: CorruptionCase): readonly Finding[] {
  const { id, found, left, eventsReplayed, exitCodes } = one;
  return [
    ...(found === null
      ? [["inconclusive", `${id}: the damage was not found, so that nothing was restored from it`] as const]
      : []),
    ...(eventsReplayed === 0 ? [["inconclusive", `${id}: no event was replayed`] as const] : []),
    ...left.map((one) => ["failed", `${id}: ${one}`] as const),
    ...exitCodes
      .filter((code) => code !== 0)
      .map((code) => ["failed", `${id}: a command ended with ${code}`] as const),
    ...recoveryFindings(one).map(([verdict, reason]) => [verdict, `${id}: ${reason}`] as const),
  ];
}

function measure(drill: Drill, scenario: Scenario, commit: string): Measurements {
  const world = known(drill.world, "world");
  const seen = known(drill.audit, "audit");
  const log = known(drill.log, "clients' log");
  const impactAt = known(drill.moments.impact, "impact");
  const { cases } = drill;
  const slowest = longest(cases.map(({ servedSeconds }) => servedSeconds));
  const worst = furthestOff(cases.flatMap(({ prediction }) => prediction ?? []));
  const { target: standby, lost: target } = drill;
  return {
    id: drill.settings.id,
    scenario: scenario.id,
    startedAt: drill.startedAt.toISOString(),
    commit,
    // Nothing is lost here: the other region stands by.
    ...{ lost: standby, target },
    options: drill.settings.options,
    rto: {
      targetSeconds: scenario.targetSeconds,
      fromImpactSeconds: slowest,
      fromGoSeconds: longest(cases.map(({ fromGoSeconds }) => fromGoSeconds)),
      everyResolverSeconds: null,
      criticalPathSeconds: 0,
      criticalPath: [],
      ownOverheadSeconds: slowest,
      phases: drill.steps.toSorted((a, b) => a.startSeconds - b.startSeconds),
    },
    rpo: { ...seen.rpo, predictedGapEvents: null, measuredGapEvents: null },
    ...(worst &&
      drill.forecast && { prediction: { ...worst, orders: orderError(drill.forecast, seen.rpo.lost) } }),
    clients: clientFigures(log, { impactAt, watchedUntil: Date.now(), lostHosts: new Set(), target }),
    integrity: seen.integrity,
    coverage: { ...NOTHING_LOST, ...seen.coverage },
    databaseWritableSeconds: slowest,
    failover: {
      run: drill.run,
      exitCode: cases.flatMap(({ exitCodes }) => exitCodes).find((code) => code !== 0) ?? 0,
    },
    preview: drill.previews,
    cases,
    engine: world.engine,
    modelled: world.modelled,
  };
}

/** Null: one of them never came. */
const longest = (times: readonly (number | null)[]): number | null =>
  times.includes(null) ? null : Math.max(...times.map(Number));

const NOTHING_LOST: Omit<Evidence["coverage"], "gapsAtSeal" | "orphans"> = {
  ...{ inFlightAtKill: 0, lostAnswers: 0, lateLandings: 0, measuredGapEvents: 0, answersAfterReturn: 0 },
};
