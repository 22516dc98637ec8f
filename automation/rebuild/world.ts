/** The ports of a rebuilding, made of the adapters for the active region. */
import path from "node:path";
import { openArchive, openDynamoJournal, openS3Objects, surveyLog } from "../../journal/index.ts";
import { createClients } from "../adapters/aws.ts";
import { Endpoints } from "../adapters/endpoints.ts";
import { Journal } from "../adapters/journal.ts";
import { JournalTable } from "../adapters/journal-table.ts";
import { pulumiStack } from "../adapters/program.ts";
import { connected, readMarks } from "../adapters/projection-reader.ts";
import { ask } from "../ask.ts";
import type { PortsOf } from "../maintenance/world.ts";
import { flipProgram } from "../program-flip.ts";
import { type RebuildMission, rebuildFacts } from "./facts.ts";
import { Fresh } from "./fresh.ts";
import type { RebuildPorts } from "./ports.ts";
import { checkRenaming, isImported, journalUrns, retarget, tableShape } from "./state-edit.ts";

export async function rebuildPorts(options: PortsOf): Promise<RebuildPorts> {
  const { active, record, context } = options;
  const { settings, signal } = context;
  const { deployment, world } = active;
  const { region, name, regions, shards, window, archiveBucket, databaseEndpoint } = world.outputs;
  const { mission } = rebuildFacts(record.data);
  if (mission === undefined) throw new Error("the run's record has no mission");
  const { from, into } = mission;
  const { dynamodb, s3, credentials } = world.clients;
  const owner = await deployment.state.read("prod");
  if (owner === undefined) throw new Error("stack prod has no state");

  const address = { region, primary: regions.primary, shards, window };
  const open = (table: string) => ({
    journal: new Journal({ ...address, table }, dynamodb),
    store: openDynamoJournal({ client: dynamodb, table, primary: regions.primary }),
  });
  const [damaged, fresh] = [open(from), open(into)];
  const archive = openArchive(openS3Objects({ client: s3, bucket: archiveBucket }));
  const clients = createClients(new Endpoints([regions.primary, regions.secondary]));
  const access = { region, name, secure: settings.awsEndpoint === undefined, credentials };
  return {
    damaged: {
      decision: () => damaged.journal.decision(),
      standings: () => damaged.journal.standings(),
      survey: (shard) => surveyLog({ store: damaged.store, archive, shard, signal }),
      close: (shard, by) => damaged.journal.seal(shard, "move", by),
    },
    table: new JournalTable({ regions, clients, shape: tableShape(owner), from, into }),
    fresh: new Fresh({
      ...{ damaged: damaged.store, fresh: fresh.store, journal: fresh.journal },
      ...{ archive, mission, window, signal },
      file: path.join(record.directory, "quarantine.ndjson"),
    }),
    cutover: { flip: () => flipBoth(options, mission) },
    database: { watermarks: () => connected(access, databaseEndpoint, readMarks) },
    operator: { ask: (question) => ask(context, question) },
  };
}

/** The stack that owns the table first; the other one only names it. */
async function flipBoth(
  { active, record, note, context }: PortsOf,
  { incarnation, from, into }: RebuildMission,
): Promise<{ readonly changed: readonly string[] }> {
  const { settings, signal } = context;
  const { project, state } = active.deployment;
  const changed: string[] = [];
  for (const stack of ["prod", "dr"] as const) {
    const pulumi = pulumiStack({
      ...{ stack, project, settings, say: note },
      started: (child) =>
        record.update((data) => {
          data.children.push(child);
        }),
    });
    const { projectDirectory } = settings;
    const flipped = await flipProgram(
      { stack, project, projectDirectory, record, state, pulumi, note, signal },
      {
        to: into,
        config: { journalIncarnation: incarnation },
        isImported: (found) => isImported(found, into),
        retarget: (exported) => retarget(exported, from, into),
        imported: journalUrns,
        problems: (planned) => checkRenaming(planned, { from, into }),
      },
    );
    changed.push(...flipped.map((one) => `${stack}: ${one}`));
  }
  return { changed };
}
