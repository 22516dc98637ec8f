/** A global database of two regions with real PostgreSQL, made as the program declares it. */
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { RDSClient } from "@aws-sdk/client-rds";
import type { ExecutionContext } from "ava";
import pg from "pg";
import type { Region } from "../../../components/model.ts";
import type { Addresses } from "../../../sandbox/addresses.ts";
import { type Aurora, type AuroraOptions, createAurora } from "../../../sandbox/aurora/aurora.ts";
import type { Edges } from "../../../sandbox/aws/edge.ts";
import type { Behaviour, Placement, Properties } from "../../../sandbox/cloud/behaviour.ts";
import { Faults, INTERNET } from "../../../sandbox/faults.ts";
import { Processes } from "../../../sandbox/processes.ts";
import { ACCOUNT, CREDENTIALS, REGIONS, startEdges } from "../aws/fixtures.ts";
import { claimAddresses } from "../claim.ts";

export const GLOBAL = "aws:rds/globalCluster:GlobalCluster";
export const CLUSTER = "aws:rds/cluster:Cluster";
export const INSTANCE = "aws:rds/clusterInstance:ClusterInstance";

export const at = (type: string, region: Region): Placement => ({
  region,
  type,
  urn: `urn:pulumi:s::p::${type}::it`,
});
export const arnOf = (region: Region): string =>
  `arn:aws:rds:${region}:${ACCOUNT}:cluster:exchange-${region}`;

export const clusterInputs = (region: Region): Properties => ({
  clusterIdentifier: `exchange-${region}`,
  globalClusterIdentifier: "exchange",
  engine: "aurora-postgresql",
  engineVersion: "18.1",
  skipFinalSnapshot: true,
  ...(region === REGIONS.primary && { databaseName: "exchange", masterUsername: "platform" }),
});
export const instanceInputs = (region: Region, n: number): Properties => ({
  identifier: `exchange-${region}-${n}`,
  clusterIdentifier: `exchange-${region}`,
  availabilityZone: `${region}${"abc"[n]}`,
});

export interface AuroraFixture {
  readonly faults: Faults;
  readonly aurora: Aurora;
  readonly edges: Edges;
  readonly addresses: Addresses;
  rds(region: Region): RDSClient;
  of(type: string): Required<Behaviour>;
  /** One statement with a connection of its own at an endpoint, by the pods' name for it. */
  sql(
    region: Region,
    text: string,
    endpoint?: "writer" | "reader",
    timeoutMilliseconds?: number,
  ): Promise<readonly Record<string, unknown>[]>;
}

export async function startAurora(
  t: Pick<ExecutionContext, "teardown">,
  options: Partial<AuroraOptions> = {},
): Promise<AuroraFixture> {
  const directory = await mkdtemp(path.join(tmpdir(), "aurora-test-"));
  // Servers of root run as another user, who must get through to their data.
  await chmod(directory, 0o755);
  const faults = options.faults ?? new Faults();
  const addresses = await claimAddresses(t, REGIONS);
  const processes = new Processes(path.join(directory, "processes"));
  const aurora = await createAurora({
    faults,
    regions: REGIONS,
    addresses,
    accountId: ACCOUNT,
    directory: path.join(directory, "aurora"),
    processes,
    promotionSeconds: 0.1,
    rejoinSeconds: 0.5,
    ...options,
  });
  const edges = await startEdges(faults, [aurora.rds]);
  const clients: RDSClient[] = [];
  t.teardown(async () => {
    for (const client of clients) client.destroy();
    await edges.close();
    await aurora.close();
    await processes.close();
    await rm(directory, { recursive: true });
  });
  return {
    faults,
    aurora,
    edges,
    addresses,
    rds(region) {
      const { host, port } = edges.address(INTERNET);
      const client = new RDSClient({
        region,
        endpoint: `http://${host}:${port}`,
        credentials: CREDENTIALS,
        maxAttempts: 1,
      });
      clients.push(client);
      return client;
    },
    of: (type) => aurora.behaviours[type] as Required<Behaviour>,
    async sql(region, text, endpoint = "writer", timeoutMilliseconds = 10_000) {
      const address = endpoint === "writer" ? addresses.auroraWriter(region) : addresses.auroraReader(region);
      const client = new pg.Client({
        ...address,
        user: "platform",
        password: "any",
        database: "exchange",
        connectionTimeoutMillis: timeoutMilliseconds,
        query_timeout: timeoutMilliseconds,
      });
      client.on("error", () => {});
      try {
        await client.connect();
        return (await client.query<Record<string, unknown>>(text)).rows;
      } finally {
        await client.end().catch(() => {});
      }
    },
  };
}

/** Primary with two instances, secondary with one, and a table `t (x int)`. */
export async function deploy({ of, sql }: AuroraFixture): Promise<void> {
  const { primary, secondary } = REGIONS;
  await of(GLOBAL).create(
    {
      globalClusterIdentifier: "exchange",
      engine: "aurora-postgresql",
      engineVersion: "18.1",
      databaseName: "exchange",
    },
    at(GLOBAL, primary),
  );
  await of(CLUSTER).create(clusterInputs(primary), at(CLUSTER, primary));
  for (const n of [0, 1]) await of(INSTANCE).create(instanceInputs(primary, n), at(INSTANCE, primary));
  await of(CLUSTER).create(clusterInputs(secondary), at(CLUSTER, secondary));
  await of(INSTANCE).create(instanceInputs(secondary, 0), at(INSTANCE, secondary));
  await sql(primary, "CREATE TABLE t (x int)");
  if (!(await eventually(async () => (await sql(secondary, "SELECT FROM t", "reader")).length === 0)))
    throw new Error("the replica did not receive the table");
}

/** Asks again until it holds; false when it still does not after `seconds`. */
export async function eventually(holds: () => Promise<boolean>, seconds = 10): Promise<boolean> {
  const deadline = performance.now() + seconds * 1_000;
  while (performance.now() < deadline) {
    if (await holds().catch(() => false)) return true;
    await sleep(20);
  }
  return false;
}
