/** Restores the database of the halted region, or goes on where an earlier start of the same restore ended. */
import { randomBytes } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { databaseClusterName, keptClusterName } from "../../components/names.ts";
import { clusterExists } from "../adapters/restoration.ts";
import type { Context } from "../commands/command.ts";
import type { RestoreRequest } from "../commands/restore.ts";
import { EXIT, LockedError } from "../errors.ts";
import { checkConfirmed, runSession } from "../maintenance/session.ts";
import { type Active, activeRegion } from "../maintenance/world.ts";
import { type Conclusion, end, unfinished } from "../runbook/conclude.ts";
import { processIdentity } from "../runbook/process.ts";
import { RunRecord } from "../runbook/record.ts";
import { type RestoreFacts, type RestoreMission, restoreFacts } from "./facts.ts";
import type { RestorePorts } from "./ports.ts";
import { restoreRunbook } from "./runbook.ts";
import { restorePorts } from "./world.ts";

const VERB = "restore";

export async function runRestore(request: RestoreRequest, context: Context): Promise<number> {
  const active = await activeRegion(request.region, context.settings);
  checkConfirmed(active, request.confirmedRegion);
  const record = await openRecord(request, context, active);
  await runSession<RestorePorts, RestoreFacts>(
    {
      ...{ verb: VERB, active, record, nodes: restoreRunbook, json: request.json, dryRun: request.dryRun },
      ports: restorePorts,
      decision: () => active.world.journal.decision(),
      conclusion: () => conclusionOf(record),
    },
    context,
  );
  return EXIT.done;
}

function conclusionOf({ data }: RunRecord): Conclusion {
  const { mission } = restoreFacts(data);
  const message = `the database of ${mission?.region} is ${mission?.restored}, replayed to the journal's end; ${mission?.kept} is kept, read-only. Look once more with dr validate, then let the platform go on: toggle-maintenance.sh --disable`;
  return { verdict: "restored", message };
}

/** The unfinished run of the same restore, or a new one. */
async function openRecord(
  request: RestoreRequest,
  { settings }: Context,
  active: Active,
): Promise<RunRecord> {
  const { restoreTo, cut } = request;
  const confirmation = request.confirmedRegion === undefined ? "ask" : "given";
  if (request.dryRun) return await create(request, settings.projectDirectory, active, confirmation);
  const before = await unfinished(settings.projectDirectory, VERB);
  const mine = before.find(({ data }) => {
    const { mission } = restoreFacts(data);
    return isDeepStrictEqual([mission?.restoreTo, mission?.cut], [restoreTo, cut]);
  });
  if (mine !== undefined) {
    const owner = await processIdentity(process.pid);
    await mine.update((data) => {
      data.owner = owner;
      data.facts["mission"] = { ...(data.facts["mission"] as RestoreMission), confirmation };
    });
    return mine;
  }
  const begun = before.find(({ data }) => data.steps["set-aside"] !== undefined);
  if (begun !== undefined) {
    const { mission } = restoreFacts(begun.data);
    throw new LockedError(
      `run ${begun.data.id} has taken ${mission?.damaged} out of use and has not finished: give its command again (--restore-to ${mission && new Date(mission.restoreTo).toISOString()})`,
    );
  }
  for (const one of before) await end(one, "superseded", EXIT.halfway);
  return await create(request, settings.projectDirectory, active, confirmation);
}

async function create(
  { restoreTo, cut, dryRun }: RestoreRequest,
  projectDirectory: string,
  { world, decision }: Active,
  confirmation: RestoreMission["confirmation"],
): Promise<RunRecord> {
  const { outputs } = world;
  const { region, databaseClusterId: damaged, shards } = outputs;
  const now = Date.now();
  const stamp = new Date(now).toISOString().replace(/[-:]|\.\d{3}/g, "");
  const incarnation = await nextIncarnation(world, outputs.databaseIncarnation + 1);
  const record = await RunRecord.create(projectDirectory, {
    id: `${stamp}-restore-${region}-${randomBytes(2).toString("hex")}`,
    verb: dryRun ? `${VERB} --dry-run` : VERB,
    target: region,
    now,
  });
  const mission: RestoreMission = {
    ...{
      region,
      generation: decision.generation,
      shards,
      restoreTo,
      cut,
      incarnation,
      damaged,
      confirmation,
    },
    restored: nameOf(outputs, incarnation),
    kept: keptClusterName(damaged, stamp),
  };
  await record.update((data) => {
    data.facts = { mission };
  });
  return record;
}

const nameOf = ({ name, region }: Active["world"]["outputs"], incarnation: number): string =>
  databaseClusterName({ name }, region, incarnation);

/** A restore that could not be used has left its cluster: the next one has the next number. */
async function nextIncarnation({ outputs, clients }: Active["world"], from: number): Promise<number> {
  for (let incarnation = from; ; incarnation++) {
    if (!(await clusterExists(clients.rds, nameOf(outputs, incarnation)))) return incarnation;
  }
}
