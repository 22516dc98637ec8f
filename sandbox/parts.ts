/** The parts of the cloud, each started once and joined to those that it needs. */
import path from "node:path";
import type { RegionTriple } from "../components/model.ts";
import { type Addresses, hostPort, url } from "./addresses.ts";
import { type Aurora, createAurora } from "./aurora/aurora.ts";
import { createDynamo, type Dynamo } from "./aws/dynamo/dynamo.ts";
import type { Latency } from "./aws/dynamo/quorum.ts";
import { createEdges, type Edges } from "./aws/edge.ts";
import { createS3 } from "./aws/s3/s3.ts";
import { createServices } from "./aws/services.ts";
import type { Service } from "./cloud/behaviour.ts";
import { type Compute, createCompute } from "./compute/compute.ts";
import { ImageRegistry } from "./compute/images.ts";
import { Faults, INTERNET } from "./faults.ts";
import { workloadImage } from "./image.ts";
import { createNetwork, type Network } from "./net/network.ts";
import { Processes } from "./processes.ts";
import type { Project } from "./project.ts";
import { Providers } from "./providers/providers.ts";
import { Registry } from "./providers/registry.ts";

export const CREDENTIALS = { AWS_ACCESS_KEY_ID: "sandbox", AWS_SECRET_ACCESS_KEY: "sandbox" } as const;
export const STATE_BUCKET = "pulumi-state";
/** Beside the state, as `dr bootstrap` makes it. */
export const STATE_KEY = "alias/pulumi-state";
/** A loss shall hit writes on their way: the region struggles until so many are, or for so long without load. */
export const STRUGGLE = { writes: 12, limitMilliseconds: 2_000 } as const;
/** Between the writer and the other region's replica; Aurora's is "typically under 1 second". */
const REPLICATION_LAG_MILLISECONDS = 400;

export interface CloudOptions {
  readonly seed: number;
  /** Of the journal's table: none, or what AWS' regions are apart. */
  readonly latency: Latency;
  /** What a managed database failover takes besides PostgreSQL's own promotion. */
  readonly promotionSeconds?: number;
  /** What the pods run instead of the reference workload. */
  readonly workload?: string;
  /** How long a database writer's zone must be lost before its standby takes over. */
  readonly zoneFailoverSeconds?: number;
  /** What pods may request of each node, in cores; default: what the instance type leaves them. */
  readonly coresPerNode?: number;
}

/** Everything that must be closed, last started first. */
export interface Closable {
  close(): Promise<void> | void;
}

export async function closeAll(closables: readonly Closable[]): Promise<void> {
  for (const closable of closables.toReversed()) await closable.close();
}

export interface Parts {
  readonly processes: Processes;
  readonly faults: Faults;
  readonly dynamo: Dynamo;
  readonly aurora: Aurora;
  readonly compute: Compute;
  readonly network: Network;
  readonly edges: Edges;
  readonly providers: Providers;
  readonly modelled: readonly string[];
  backUp(): Promise<readonly string[]>;
}

/** @param closables every part is added to it as soon as it runs, so that a start that fails can be undone */
export async function startParts({
  options,
  regions,
  addresses,
  directory,
  project,
  closables,
}: {
  readonly options: CloudOptions;
  readonly regions: RegionTriple;
  readonly addresses: Addresses;
  readonly directory: string;
  readonly project: Project;
  readonly closables: Closable[];
}): Promise<Parts> {
  const closing = <T extends Closable>(part: T): T => {
    closables.push(part);
    return part;
  };
  const faults = new Faults();
  const { accountId } = project;
  const processes = closing(new Processes(path.join(directory, "processes")));
  const dynamo = closing(
    await createDynamo({ faults, accountId, seed: options.seed, latency: options.latency }),
  );
  const s3 = closing(await createS3());
  const aurora = closing(
    await createAurora({
      faults,
      regions,
      addresses,
      accountId,
      directory: path.join(directory, "aurora"),
      processes,
      ...(options.promotionSeconds !== undefined && { promotionSeconds: options.promotionSeconds }),
      ...(options.zoneFailoverSeconds !== undefined && { zoneFailoverSeconds: options.zoneFailoverSeconds }),
    }),
  );
  aurora.setLag(REPLICATION_LAG_MILLISECONDS);
  const images = new ImageRegistry([workloadImage(project.imageDigest, options.workload)]);
  const compute = closing(
    await createCompute({
      faults,
      addresses,
      regions,
      processes,
      images,
      ...(options.coresPerNode !== undefined && { coresPerNode: options.coresPerNode }),
      directory: path.join(directory, "pods"),
      environment: (region) => ({
        ...CREDENTIALS,
        AWS_ENDPOINT_URL: url(addresses.edge(region)),
        DNS_RESOLVER: hostPort(addresses.dns),
        PGSSLMODE: "disable",
        PATH: path.dirname(process.execPath),
      }),
    }),
  );
  const network = closing(
    await createNetwork({
      faults,
      addresses,
      compute,
      zones: { [project.zoneId]: project.publicName.split(".").slice(-2).join(".") },
    }),
  );
  const doors = [
    { place: INTERNET, ...addresses.operatorEdge },
    ...Object.values(regions).map((region) => ({ place: region, ...addresses.edge(region) })),
  ];
  const registry = new Registry();
  const services = closing(
    createServices({
      ...{ accountId, stateKey: STATE_KEY, registry, images, dynamo, aurora, compute, network },
    }),
  );
  const edges = closing(
    await createEdges({ faults, services: [dynamo.aws, s3.aws, aurora.rds, ...services.aws], doors }),
  );
  s3.createBucket(regions.witness, STATE_BUCKET);
  const parts: readonly Service[] = [dynamo, s3, aurora, compute, network];
  const providers = closing(
    await Providers.start({
      faults,
      regions,
      accountId,
      registry,
      behaviours: Object.assign({}, services.behaviours, ...parts.map(({ behaviours }) => behaviours)),
      invocations: Object.assign({}, ...parts.map(({ invocations }) => invocations ?? {})),
    }),
  );
  const modelled = [
    ...[...parts, services, providers].flatMap(({ modelled = [] }) => modelled),
    `the other region's replica receives the write-ahead log ${REPLICATION_LAG_MILLISECONDS} ms late (Aurora: typically under 1 s)`,
    "a lost zone is its processes killed or frozen and its network refusing or swallowing everything; its address leaves DNS " +
      "by its own health check",
    `before a region is lost its journal writes slow down until ${STRUGGLE.writes} are on their way, or for ${STRUGGLE.limitMilliseconds / 1_000} s`,
  ];
  return {
    processes,
    faults,
    dynamo,
    aurora,
    compute,
    network,
    edges,
    providers,
    modelled,
    backUp: () => services.backUp(),
  };
}
