/** One damage, from its first second to verified service, with the commands that an operator has. */
import { z } from "zod";
import type { StackOutputs } from "../../../stacks/outputs.ts";
import { EXIT } from "../../errors.ts";
import type { CorruptionCase } from "../../report/evidence.ts";
import type { RunEvent } from "../../runbook/events.ts";
import { differences } from "../audit/projection.ts";
import { validLog } from "../audit/valid-log.ts";
import { type Drill, known } from "../drill.ts";
import { DR_SCRIPT, MAINTENANCE_SCRIPT, runScript } from "../operator.ts";
import { compareRestore } from "../prediction.ts";
import { seconds } from "../recovery.ts";
import { readJournalTable, type TableSource } from "../witness/journal-table.ts";
import { readProjection } from "../witness/projection-query.ts";
import type { Damage } from "./damage.ts";

/** RDS restores to whole seconds: at least one lies between the last good write and the damage. */
const BEFORE_MILLISECONDS = 2_100;
const BETWEEN_WRITES_MILLISECONDS = 700;
const FIND_LIMIT_MILLISECONDS = 20_000;
const MOST_TURNS = 3;
const RESUMABLE: ReadonlySet<number> = new Set([EXIT.halfway, EXIT.fenceNotProven]);

/** Compares with the drill's newest forecast. */
export async function runCase(drill: Drill, damage: Damage): Promise<CorruptionCase> {
  const active = await activeStack(drill);
  const good = Date.now();
  await drill.sleep(BEFORE_MILLISECONDS);
  const struckAt = Date.now();
  drill.moment("impact", struckAt);
  drill.note(`${damage.id}: ${damage.title}`);
  const reach = { database: databaseOf(drill, active), journal: sourceOf(drill, active) };
  await damage.strike(reach, () => drill.sleep(BETWEEN_WRITES_MILLISECONDS));

  const look = damage.of === "database" ? compare : findTampered;
  let found: readonly string[] = [];
  await drill.until(async () => {
    found = await look(drill, active, damage);
    return found.length > 0;
  }, FIND_LIMIT_MILLISECONDS);
  drill.note(`${damage.id}: ${found[0] ?? "not found"}`);
  const goAt = Date.now();
  drill.moment("go", goAt);

  const steps = new Map<
    string,
    { readonly seconds: number; readonly endedAt: number; readonly data: unknown }
  >();
  const exitCodes: (number | null)[] = [];
  const operate = async (script: string, ...arguments_: readonly string[]) => {
    const { signal } = drill.settings;
    const { environment } = known(drill.world, "world");
    const options = {
      script,
      arguments: arguments_,
      environment,
      signal,
      logFile: drill.file(`${damage.id}.log`),
    };
    let code: number | null = null;
    // What stopped half-way says so, and that the same command goes on: an operator gives it again.
    for (let turn = 0; turn < MOST_TURNS && (code === null || RESUMABLE.has(code)); turn++) {
      code = await runScript(options, (event) => {
        heard(event, steps);
        drill.heardOperator(event, damage.id);
      });
    }
    exitCodes.push(code);
    return code === EXIT.done;
  };
  const mend = damage.mend(new Date(good).toISOString());
  const mendBy = async (command: readonly string[]) =>
    (await operate(DR_SCRIPT, ...command, "--yes", "--confirm-region", active.region)) &&
    (await operate(DR_SCRIPT, "validate"));
  const isHalted = await operate(MAINTENANCE_SCRIPT, "--enable", "--reason", damage.title);
  const mended = isHalted && (mend === null || (await mendBy(mend)));
  const isServed = mended && (await operate(MAINTENANCE_SCRIPT, "--disable"));

  const since = (step: string, from = struckAt): number | null => {
    const endedAt = steps.get(step)?.endedAt;
    return endedAt === undefined ? null : seconds(from, endedAt);
  };
  const fromGoSeconds = isServed ? since("open", goAt) : null;
  const prediction =
    drill.forecast && compareRestore(drill.forecast, damage.of, { impactAt: struckAt, fromGoSeconds });
  const took = (...ids: readonly string[]): number | null =>
    ids.reduce<number | null>((sum, id) => {
      const step = steps.get(id);
      return sum === null || step === undefined ? null : sum + step.seconds;
    }, 0);
  return {
    id: damage.id,
    title: damage.title,
    found: found[0] ?? null,
    haltedSeconds: since("halt"),
    restoreSeconds:
      damage.of === "database"
        ? took("restore", "attach", "verify")
        : took("close", "create", "fill", "prove"),
    replaySeconds: took("catch-up"),
    eventsReplayed: numberIn(steps.get(damage.of === "database" ? "catch-up" : "fill")?.data, "events"),
    quarantined: numberIn(steps.get("fill")?.data, "setAside"),
    servedSeconds: isServed ? since("open") : null,
    fromGoSeconds,
    ...(prediction && { prediction }),
    left: isServed ? await settled(drill, await activeStack(drill)) : ["it was not served again"],
    exitCodes,
  };
}

function heard(
  event: RunEvent,
  steps: Map<string, { readonly seconds: number; readonly endedAt: number; readonly data: unknown }>,
): void {
  if (event.type !== "step" || event.state !== "done" || event.seconds === undefined) return;
  steps.set(event.step, { seconds: event.seconds, endedAt: event.at, data: event.data });
}

const numberIn = (data: unknown, name: string): number => {
  const value = (data as Readonly<Record<string, unknown>> | undefined)?.[name];
  return typeof value === "number" ? value : 0;
};

/** Of the stack that is active here from the first to the last. */
export const activeStack = (drill: Drill): Promise<StackOutputs> =>
  known(drill.world, "world").outputs("prod");

/** With the rights of the database's superuser, at the region's newest cluster. */
export const databaseOf = (drill: Drill, { region }: StackOutputs): string =>
  known(drill.world, "world").databaseUrl(region, "writer");

/** What the rows say otherwise than the journal up to their watermarks, by a fold that shares no code with the projector. */
async function compare(drill: Drill, active: StackOutputs): Promise<readonly string[]> {
  const projection = await readProjection(databaseOf(drill, active)).catch(() => undefined);
  if (projection === undefined) return [];
  // Read last, so that it holds whatever the projection can have seen.
  const items = await readJournalTable(sourceOf(drill, active));
  const logs = Array.from({ length: active.shards }, (_, shard) =>
    validLog(items, shard, active.regions.primary),
  );
  return differences(projection, logs);
}

/** What the operator's own command says of the journal against its archive. */
async function findTampered(drill: Drill, _active: StackOutputs, { id }: Damage): Promise<readonly string[]> {
  const { environment } = known(drill.world, "world");
  const { signal } = drill.settings;
  const lines: string[] = [];
  const command = { script: DR_SCRIPT, arguments: ["corruption", "find", "--tampered"] };
  const said = (line: string) => lines.push(line);
  await runScript({ ...command, environment, signal, said, logFile: drill.file(`${id}.log`) }, () => {});
  const { found } = foundSchema.parse(JSON.parse(lines.at(-1) ?? "null") ?? { found: null });
  return (found ?? []).map(
    ({ shard, archived: { epoch, seq } }) =>
      `record ${epoch}.${seq} of shard ${shard} is not what was archived; the journal says otherwise`,
  );
}

const place = z.looseObject({ epoch: z.int(), seq: z.int() });
const foundSchema = z.object({
  found: z.array(z.looseObject({ shard: z.int(), archived: place })).nullable(),
});

/** The same, when it should be nothing: a moment of an unreadable database is not a difference. */
async function settled(drill: Drill, active: StackOutputs): Promise<readonly string[]> {
  let left: readonly string[] = ["the projection could not be read"];
  await drill.until(async () => {
    left = await compare(drill, active);
    return left.length === 0;
  }, FIND_LIMIT_MILLISECONDS);
  return left;
}

export function sourceOf(
  drill: Drill,
  { region, journalTable }: { readonly region: string; readonly journalTable: string },
): TableSource {
  const world = known(drill.world, "world");
  const { AWS_ACCESS_KEY_ID: accessKeyId = "", AWS_SECRET_ACCESS_KEY: secretAccessKey = "" } =
    world.environment;
  return {
    endpoint: world.awsEndpoint,
    credentials: { accessKeyId, secretAccessKey },
    region,
    table: journalTable,
  };
}
