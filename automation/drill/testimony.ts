/** Collects what the judge needs, when all is quiet, and has it judged. */
import type { Region } from "../../components/model.ts";
import type { StackOutputs } from "../../stacks/outputs.ts";
import type { Projection } from "./audit/projection.ts";
import { orderKey } from "./audit/second-fold.ts";
import { validLog } from "./audit/valid-log.ts";
import type { ApiAnswer } from "./audit/writes.ts";
import { type Audit, audit } from "./audit.ts";
import { type ClientLog, readClientLog } from "./client-log.ts";
import { type Drill, known } from "./drill.ts";
import { askOrders, type Wanted } from "./witness/api.ts";
import { readJournalTable, type TableSource } from "./witness/journal-table.ts";
import { readProjection, readWatermarks } from "./witness/projection-query.ts";

const CATCH_UP_LIMIT_MILLISECONDS = 30_000;
/** Orders acknowledged that close to the impact are all asked for, and about so many of the rest. */
const AROUND_IMPACT_MILLISECONDS = 10_000;
const SAMPLE = 600;
const API_LIMIT_MILLISECONDS = 60_000;

/** Whose journal, database and API are asked. */
export interface Survivor {
  readonly stack: StackOutputs;
  /** Region that answered no more once it was fenced; null: none was. */
  readonly lost: Region | null;
  /** Hosts of its load balancer to ask for orders; empty: nobody is asked, that it does not answer is known. */
  readonly hosts: readonly string[];
}

export async function takeEvidence(drill: Drill, survivor: Survivor): Promise<Audit> {
  const world = known(drill.world, "world");
  const { stack } = survivor;
  const primary = known(drill.stacks, "stacks' outputs").prod.region;
  const clients = await readClientLog(drill.file("clients.ndjson"));
  drill.log = clients;
  const { AWS_ACCESS_KEY_ID: accessKeyId = "", AWS_SECRET_ACCESS_KEY: secretAccessKey = "" } =
    world.environment;
  const source: TableSource = {
    endpoint: world.awsEndpoint,
    credentials: { accessKeyId, secretAccessKey },
    region: stack.region,
    table: stack.journalTable,
  };
  const { shards } = stack;
  const writer = world.databaseUrl(stack.region, "writer");

  await catchUp(drill, source, writer, { shards, primary });
  const projection = await readProjection(writer).catch((error: unknown): Projection | null => {
    drill.note(`the projection could not be read: ${error instanceof Error ? error.message : String(error)}`);
    return null;
  });
  const api = await askApi(drill, survivor, clients);
  // Read last, so that it holds whatever projection and API can have seen.
  const items = await readJournalTable(source);
  return audit({
    ...{ clients, items, shards, primary, lost: survivor.lost ?? "", projection, api },
    fencedAt: drill.moments.fenced ?? null,
    replica: drill.replica,
  });
}

async function askApi(
  drill: Drill,
  { stack, hosts }: Survivor,
  clients: ClientLog,
): Promise<Map<string, ApiAnswer>> {
  if (hosts.length === 0) return new Map();
  const wanted = orders(clients, drill.moments.impact ?? 0);
  const api = { addresses: hosts, port: stack.listenerPort, publicName: stack.publicName };
  const answers = await askOrders(api, wanted, API_LIMIT_MILLISECONDS);
  drill.note(
    `${answers.size} of ${wanted.length} acknowledged orders looked up through the API of ${stack.region}`,
  );
  return answers;
}

/** Waits until the projection holds all that the journal holds now; a judge that is too early would call it lost. */
async function catchUp(
  drill: Drill,
  source: TableSource,
  database: string,
  { shards, primary }: { readonly shards: number; readonly primary: string },
): Promise<void> {
  const items = await readJournalTable(source);
  const heads = Array.from(
    { length: shards },
    (_, shard) => validLog(items, shard, primary).records.at(-1)?.item,
  );
  const caughtUp = await drill.until(async () => {
    const watermarks = await readWatermarks(database).catch(() => []);
    return heads.every((head) => {
      const mark = watermarks.find(({ shard }) => shard === head?.shard);
      return head === undefined || (mark !== undefined && mark.seq >= head.seq);
    });
  }, CATCH_UP_LIMIT_MILLISECONDS);
  if (!caughtUp) drill.note("the projection has not caught up with the journal");
}

function orders({ attempts }: ClientLog, impactAt: number): Wanted[] {
  const placed = attempts.filter(({ kind, outcome }) => kind === "place" && outcome === "accepted");
  const near = placed.filter(({ answered }) => Math.abs(answered - impactAt) < AROUND_IMPACT_MILLISECONDS);
  const step = Math.max(1, Math.floor(placed.length / SAMPLE));
  const sample = placed.filter((_, index) => index % step === 0);
  const distinct = new Map([...near, ...sample].map((one) => [orderKey(one.client, one.clientOrderId), one]));
  return [...distinct.values()];
}
