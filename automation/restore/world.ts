/** The ports of a restore, made of the adapters for the active region. */
import path from "node:path";
import { openArchive, openCheckpoints, openDynamoJournal, openS3Objects } from "../../journal/index.ts";
import { pulumiStack } from "../adapters/program.ts";
import { connect } from "../adapters/projection-reader.ts";
import { Restoration } from "../adapters/restoration.ts";
import { ask } from "../ask.ts";
import { quarantinedBy, writeQuarantine } from "../corruption/quarantine.ts";
import type { PortsOf } from "../maintenance/world.ts";
import { Cutover } from "./cutover.ts";
import type { RestorePorts } from "./ports.ts";
import { JournalProof } from "./proof.ts";
import { databaseInState } from "./state-edit.ts";

/** Sums over large tables take their time. */
const PROOF_MILLISECONDS = 3_600_000;

export async function restorePorts({ active, record, note, context }: PortsOf): Promise<RestorePorts> {
  const { deployment, world } = active;
  const { settings, signal } = context;
  const { outputs, journal, gateway, clients } = world;
  const { project, state } = deployment;
  const { stack, region, name, shards, journalTable, regions } = outputs;
  const { awsEndpoint } = settings;
  const deployed = await state.read(stack);
  if (deployed === undefined) throw new Error(`stack ${stack} has no state`);
  const access = { region, name, secure: awsEndpoint === undefined, credentials: clients.credentials };
  const store = openDynamoJournal({
    ...{ client: clients.dynamodb, table: journalTable, primary: regions.primary },
  });
  const quarantined = path.join(record.directory, "quarantine.ndjson");
  const checkpoints = openCheckpoints(
    openS3Objects({ client: clients.s3, bucket: outputs.checkpointBucket }),
  );
  return {
    journal,
    gateway,
    checkpoints,
    quarantine: {
      write: async (cuts) => {
        const taken = cuts.map(({ shard, position }) => quarantinedBy(store, shard, position, signal));
        return { file: quarantined, commands: await writeQuarantine(quarantined, taken) };
      },
    },
    database: new Restoration(clients.rds, databaseInState(deployed).shape, access),
    proof: new JournalProof({
      store,
      archive: openArchive(openS3Objects({ client: clients.s3, bucket: outputs.archiveBucket })),
      ...{ shards, signal, connect: (endpoint) => connect(access, endpoint, PROOF_MILLISECONDS) },
    }),
    cutover: new Cutover({
      ...{ stack, project, projectDirectory: settings.projectDirectory, record, state, note, signal },
      pulumi: pulumiStack({
        ...{ stack, project, settings, say: note },
        started: (child) =>
          record.update((data) => {
            data.children.push(child);
          }),
      }),
    }),
    operator: { ask: (question) => ask(context, question) },
  };
}
