/** Journal, archive and database of one region, as an operator's machine reaches them. */
import { Signer } from "@aws-sdk/rds-signer";
import pg from "pg";
import {
  type Archive,
  type JournalStore,
  openArchive,
  openDynamoJournal,
  openS3Objects,
} from "../../journal/index.ts";
import { createClients, type RegionClients } from "../adapters/aws.ts";
import { Endpoints } from "../adapters/endpoints.ts";
import { Journal } from "../adapters/journal.ts";
import { type DeployedStack, type Deployment, loadDeployment, stackOf } from "../deployment.ts";
import { messageOf, UsageError } from "../errors.ts";
import type { Settings } from "../settings.ts";
import { open } from "./scratch.ts";

export interface World {
  readonly outputs: DeployedStack;
  readonly store: JournalStore;
  readonly archive: Archive;
  /** Where `connect` leads, without its password. */
  readonly database: string;
  readonly connect: () => Promise<pg.Client>;
}

export interface Wanted {
  /** Default: the region that decides. */
  readonly region?: string | undefined;
  /** `postgres://…`; default: the region's writer, as the projector signs in. */
  readonly database?: string | undefined;
}

const PORT = 5432;
/** Owns the projection's tables (`components/database.ts`). */
const USER = "projector";

export async function openWorld(settings: Settings, { region, database }: Wanted): Promise<World> {
  const deployment = await loadDeployment(settings);
  const { prod, dr } = deployment.stacks;
  const clients = createClients(new Endpoints([prod.region, dr.region, prod.regions.witness]));
  const outputs =
    region === undefined ? await deciding(deployment, clients) : stackOf(deployment, region, "--region");
  const { dynamodb, s3 } = clients[outputs.region];
  const own = clients[outputs.region];
  const store = openDynamoJournal({
    client: dynamodb,
    table: outputs.journalTable,
    primary: outputs.regions.primary,
  });
  const archive = openArchive(openS3Objects({ client: s3, bucket: outputs.archiveBucket }));
  if (database !== undefined) {
    const shown = checked(database);
    return { outputs, store, archive, database: shown, connect: () => open(database) };
  }
  const isSecure = settings.awsEndpoint === undefined;
  return {
    ...{ outputs, store, archive },
    database: `${outputs.databaseEndpoint}/${outputs.name}`,
    connect: () => writer(outputs, own, isSecure),
  };
}

/** The region that the journal's region item names, asked through whichever region answers. */
async function deciding(
  { stacks }: Deployment,
  clients: Readonly<Record<string, RegionClients>>,
): Promise<DeployedStack> {
  const all = Object.values(stacks);
  const asked = all.map(async ({ region, regions, journalTable, shards, window }) => {
    const address = { region, primary: regions.primary, table: journalTable, shards, window };
    const own = clients[region];
    if (own === undefined) throw new Error(`no clients for ${region}`);
    return (await new Journal(address, own.dynamodb).decision()).active;
  });
  const active = await Promise.any(asked).catch((error: unknown) => {
    const reasons =
      error instanceof AggregateError ? error.errors.map(messageOf).join("; ") : messageOf(error);
    throw new Error(`no region says which one decides (${reasons}): name it with --region`, { cause: error });
  });
  const found = all.find(({ region }) => region === active);
  if (found === undefined) throw new Error(`the journal says that ${active} decides, which no stack deploys`);
  return found;
}

function checked(database: string): string {
  const url = URL.canParse(database) ? new URL(database) : undefined;
  if (url === undefined || !/^postgres(ql)?:$/.test(url.protocol) || url.pathname.length < 2) {
    throw new UsageError(
      `--database ${database}: must be a URL with the database's name, e.g. postgres://user@host:5432/exchange`,
    );
  }
  return `${url.host}${url.pathname}`;
}

/** The signer wants no session token rather than an undefined one. */
const identityOf = (credentials: RegionClients["credentials"]) => async () => {
  const { accessKeyId, secretAccessKey, sessionToken } = await credentials();
  return { accessKeyId, secretAccessKey, ...(sessionToken && { sessionToken }) };
};

async function writer(
  outputs: DeployedStack,
  { credentials }: RegionClients,
  isSecure: boolean,
): Promise<pg.Client> {
  const { databaseEndpoint: host, name, region } = outputs;
  const signer = new Signer({
    hostname: host,
    port: PORT,
    region,
    username: USER,
    credentials: identityOf(credentials),
  });
  const client = new pg.Client({
    ...{ host, port: PORT, database: name, user: USER, connectionTimeoutMillis: 5_000 },
    ...(isSecure ? { ssl: true, password: await signer.getAuthToken() } : { ssl: false }),
  });
  client.on("error", () => {});
  try {
    await client.connect();
  } catch (cause) {
    throw new Error(
      `the writer ${host} does not let us in (${messageOf(cause)}): its subnets have no way in from most hosts; run this inside the network, as \`dr replay --job\` does, or name a way with --database`,
      { cause },
    );
  }
  return client;
}
