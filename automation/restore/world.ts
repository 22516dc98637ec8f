/** The ports of a restore, made of the adapters for the active region. */
import { openCheckpoints, openS3Objects } from "../../journal/index.ts";
import { pulumiStack } from "../adapters/program.ts";
import { Restoration } from "../adapters/restoration.ts";
import { ask } from "../ask.ts";
import type { Context } from "../commands/command.ts";
import type { Active } from "../maintenance/world.ts";
import type { RunRecord } from "../runbook/record.ts";
import { Cutover } from "./cutover.ts";
import type { RestorePorts } from "./ports.ts";
import { FoldProof } from "./proof.ts";
import { databaseInState } from "./state-edit.ts";

export interface RestorePortOptions {
  readonly active: Active;
  readonly record: RunRecord;
  readonly note: (message: string) => void;
  readonly context: Pick<Context, "settings" | "signal" | "stdin" | "stderr">;
}

export async function restorePorts({
  active,
  record,
  note,
  context,
}: RestorePortOptions): Promise<RestorePorts> {
  const { deployment, world } = active;
  const { settings, signal } = context;
  const { outputs, journal, gateway, clients } = world;
  const { project, state } = deployment;
  const { stack, region, name, shards, journalTable, regions } = outputs;
  const { awsEndpoint } = settings;
  const deployed = await state.read(stack);
  if (deployed === undefined) throw new Error(`stack ${stack} has no state`);
  const access = { region, name, secure: awsEndpoint === undefined, credentials: clients.credentials };
  const checkpoints = openCheckpoints(
    openS3Objects({ client: clients.s3, bucket: outputs.checkpointBucket }),
  );
  return {
    journal,
    gateway,
    checkpoints,
    database: new Restoration(clients.rds, databaseInState(deployed).shape, access),
    proof: new FoldProof({
      table: { region, table: journalTable, ...(awsEndpoint && { endpoint: awsEndpoint }) },
      ...{ primary: regions.primary, shards, access },
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
