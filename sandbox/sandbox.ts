/** Two regions on one machine: composes the parts of the cloud, deploys the program into them, and breaks them. */
import { spawn } from "node:child_process";
import { mkdir, rm } from "node:fs/promises";
import type { Server } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { engine, type Progress, SAVES_ONCE } from "../automation/engine.ts";
import {
  type DnsProvider,
  type OnOff,
  REGION_SETS,
  type Region,
  type RegionTriple,
} from "../components/model.ts";
import { Addresses, hostPort, url } from "./addresses.ts";
import { type Aurora, createAurora } from "./aurora/aurora.ts";
import { createDynamo, type Dynamo } from "./aws/dynamo/dynamo.ts";
import type { Latency } from "./aws/dynamo/quorum.ts";
import type { InFlightCoverage } from "./aws/dynamo/writes.ts";
import { type Call, createEdges, type Edges } from "./aws/edge.ts";
import { createS3, type S3 } from "./aws/s3/s3.ts";
import { createServices } from "./aws/services.ts";
import type { Service } from "./cloud/behaviour.ts";
import type { Cluster } from "./compute/cluster.ts";
import { type Compute, createCompute } from "./compute/compute.ts";
import { ImageRegistry } from "./compute/images.ts";
import { type Controlled, type Loss, listen, type SandboxStatus, type ZoneLoss } from "./control.ts";
import { Faults, INTERNET, type LinkState } from "./faults.ts";
import { buildImage, workloadImage } from "./image.ts";
import { createNetwork, type Network, type Traffic } from "./net/network.ts";
import { Processes } from "./processes.ts";
import { LISTENER_PORT, PASSPHRASE, type Project, writeProject } from "./project.ts";
import { Providers } from "./providers/providers.ts";
import { Registry } from "./providers/registry.ts";

const REPOSITORY = path.join(import.meta.dirname, "..");
/** One per user and machine, as the numbers are: the next owner of a number finds what a killed one left behind. */
const ROOT = path.join(tmpdir(), `region-failover-${process.getuid?.() ?? "user"}`);
const STATE_BUCKET = "pulumi-state";
/** Beside the state, as `dr bootstrap` makes it. */
const STATE_KEY = "alias/pulumi-state";
const LAST_SANDBOX = 250;
/** A loss shall hit writes on their way: the region struggles until so many are, or for so long without load. */
export const STRUGGLE = { writes: 12, limitMilliseconds: 2_000 } as const;
/** Between the writer and the other region's replica; Aurora's is "typically under 1 second". */
const REPLICATION_LAG_MILLISECONDS = 400;

export interface SandboxOptions {
  readonly seed: number;
  /** Of the journal's table: none, or what AWS' regions are apart. */
  readonly latency: Latency;
  readonly dns: DnsProvider;
  readonly shards?: number;
  /** What a managed database failover takes besides PostgreSQL's own promotion. */
  readonly promotionSeconds?: number;
  /** What the pods run instead of the reference workload. */
  readonly workload?: string;
  /** How long a database writer's zone must be lost before its standby takes over. */
  readonly zoneFailoverSeconds?: number;
  /** What pods may request of each node, in cores; default: what the instance type leaves them. */
  readonly coresPerNode?: number;
  /** Off: one engine per shard and no hot standby. */
  readonly standbys?: OnOff;
}

export const DEFAULT_SHARDS = 2;

/** Everything that must be closed, last started first. */
interface Closable {
  close(): Promise<void> | void;
}

export class Sandbox implements Controlled {
  readonly addresses: Addresses;
  readonly directory: string;
  readonly project: Project;
  readonly regions: RegionTriple;
  readonly #parts: Parts;
  /** By region or zone. */
  readonly #lost = new Map<string, Loss>();
  #phase: SandboxStatus["phase"] = "starting";

  private constructor(addresses: Addresses, directory: string, project: Project, parts: Parts) {
    this.addresses = addresses;
    this.directory = directory;
    this.project = project;
    this.regions = REGIONS;
    this.#parts = parts;
  }

  /** Takes the first free number, cleans up after a killed owner of it, and starts every part; deploys nothing. */
  static async start(options: SandboxOptions, progress: Progress = () => {}): Promise<Sandbox> {
    const command = await engine(progress);
    let sandbox: Sandbox | undefined;
    const { addresses, guard } = await claim(() => sandbox);
    const directory = path.join(ROOT, String(addresses.sandbox));
    const closables: Closable[] = [new Guard(guard)];
    try {
      await Processes.reap(path.join(directory, "processes"));
      await rm(directory, { recursive: true, force: true });
      await mkdir(directory, { recursive: true });
      const project = await writeProject({
        directory: path.join(directory, "project"),
        dns: options.dns,
        shards: options.shards ?? DEFAULT_SHARDS,
        // The engine's older SDK, its default, does not know `AWS_ENDPOINT_URL`.
        secretsProvider: `awskms://${STATE_KEY}?region=${REGIONS.witness}&awssdk=v2`,
        ...(options.standbys !== undefined && { standbys: options.standbys }),
      });
      await buildImage();
      const parts = await startParts({
        options,
        addresses,
        directory,
        project,
        closables,
        cli: command.command,
      });
      sandbox = new Sandbox(addresses, directory, project, parts);
      return sandbox;
    } catch (error) {
      await closeAll(closables);
      throw error;
    }
  }

  /** With these any Pulumi CLI, SDK or script works against this sandbox. */
  environment(): Readonly<Record<string, string>> {
    const { cli, providers } = this.#parts;
    const tools = [path.dirname(cli), path.join(REPOSITORY, "node_modules", ".bin"), process.env["PATH"]];
    const state = new URLSearchParams({
      region: this.regions.witness,
      endpoint: hostPort(this.addresses.operatorEdge),
      disableSSL: "true",
      s3ForcePathStyle: "true",
    });
    return {
      PATH: tools.join(path.delimiter),
      PULUMI_DEBUG_PROVIDERS: providers.debugProviders,
      PULUMI_BACKEND_URL: `s3://${STATE_BUCKET}?${state}`,
      PULUMI_CONFIG_PASSPHRASE: PASSPHRASE,
      PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
      PULUMI_SKIP_UPDATE_CHECK: "true",
      AWS_ENDPOINT_URL: url(this.addresses.operatorEdge),
      ...CREDENTIALS,
      CLOUDFLARE_API_TOKEN: "sandbox",
      DR_PROJECT_DIR: this.project.directory,
      DR_RESOLVER: hostPort(this.addresses.dns),
    };
  }

  /** Deploys both stacks as a person would, with the project's own command. */
  async deploy(progress: Progress = () => {}, signal?: AbortSignal): Promise<void> {
    this.#phase = "deploying";
    const command = [path.join(REPOSITORY, "automation", "main.ts"), "deploy", "--all", "--yes"];
    // Thrown away with the sandbox: saved before and after each resource it takes more than twice as long.
    await this.run(command, progress, { signal, environment: SAVES_ONCE });
    this.#phase = "ready";
  }

  /**
   * Runs a program of the repository under Node with this sandbox's environment; rejects with its last words.
   * @param signal interrupts it, as Ctrl-C would
   * @param environment more of it
   */
  async run(
    arguments_: readonly string[],
    progress: Progress = () => {},
    {
      signal = new AbortController().signal,
      environment = {},
    }: { readonly signal?: AbortSignal | undefined; readonly environment?: NodeJS.ProcessEnv } = {},
  ): Promise<void> {
    signal.throwIfAborted();
    const child = spawn(process.execPath, arguments_, {
      env: { ...process.env, ...this.environment(), ...environment },
      stdio: ["ignore", "pipe", "pipe"],
    });
    // Killed with the sandbox, or found by the next one: its engine writes into the project's folder.
    this.#parts.processes.adopt(child, arguments_.join(" "));
    let tail = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (chunk: string) => {
        tail = (tail + chunk).slice(-4_000);
        for (const line of chunk.split("\n")) if (line.trim() !== "") progress(line.trimEnd());
      });
    }
    const interrupt = () => child.kill("SIGINT");
    signal.addEventListener("abort", interrupt, { once: true });
    await new Promise<void>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code, by) => {
        if (code === 0) resolve();
        else
          reject(
            new Error(`${arguments_.join(" ")} ended with ${by ?? `exit code ${code}`}:\n${tail.trim()}`),
          );
      });
    }).finally(() => signal.removeEventListener("abort", interrupt));
  }

  /** Resolves when the region is lost, after a short struggle in which its writes to the journal pile up. */
  async loseRegion(region: Region, how: Loss): Promise<void> {
    const { faults, dynamo, compute, aurora } = this.#parts;
    dynamo.struggle(region);
    const deadline = performance.now() + STRUGGLE.limitMilliseconds;
    while (dynamo.inFlight(region) < STRUGGLE.writes && performance.now() < deadline) await sleep(5);
    this.#lost.set(region, how);
    if (how === "partition") this.#setLinks(region, "blackhole");
    else faults.setPlace(region, how === "kill" ? "cut" : "blackhole");
    dynamo.loseRegion(region);
    if (how === "blackhole" || how === "partition") return;
    compute.loseRegion(region, how);
    await (how === "kill" ? aurora.kill(region) : aurora.freeze(region));
  }

  /** Thaws and heals what is left of the region and restarts what died. */
  async returnRegion(region: Region): Promise<void> {
    const { faults, compute, aurora } = this.#parts;
    const how = this.#lost.get(region);
    if (how === undefined) return;
    this.#lost.delete(region);
    faults.setPlace(region, "open");
    this.#setLinks(region, "open");
    if (how === "blackhole" || how === "partition") return;
    await aurora.restore(region);
    compute.returnRegion(region);
  }

  /** Between a region and the others. */
  #setLinks(region: Region, state: LinkState): void {
    for (const other of Object.values(this.regions).filter((one) => one !== region)) {
      this.#parts.faults.setLink(region, other, state);
      this.#parts.faults.setLink(other, region, state);
    }
  }

  /** A Deployment's processes hang (SIGSTOP) and nobody notices, until `thaw`. */
  freeze(region: Region, deployment: string): void {
    this.#parts.compute.cluster(region).freeze(deployment);
  }

  thaw(region: Region, deployment: string): void {
    this.#parts.compute.cluster(region).thaw(deployment);
  }

  /** All that is in one zone at once; the rest of its region lives on and has to cope. */
  async loseZone(zone: string, how: ZoneLoss): Promise<void> {
    const { faults, compute, aurora } = this.#parts;
    const region = this.#regionOf(zone);
    compute.loseZone(zone, how);
    this.#lost.set(zone, how);
    const lost = aurora.loseZone(region, zone, how);
    faults.setPlace(zone, how === "kill" ? "cut" : "blackhole");
    await lost;
  }

  async returnZone(zone: string): Promise<void> {
    const { faults, compute, aurora } = this.#parts;
    this.#lost.delete(zone);
    faults.setPlace(zone, "open");
    compute.returnZone(zone);
    await aurora.returnZone(this.#regionOf(zone), zone);
    await aurora.settled();
  }

  /** Where the database writer of a region is, or its replica. */
  databaseZone(region: Region): string | undefined {
    return this.#parts.aurora.zoneOf(region);
  }

  /** Kubernetes of a region, past its API: what only whoever owns the machines can see and change. */
  cluster(region: Region): Cluster {
    return this.#parts.compute.cluster(region);
  }

  #regionOf(zone: string): Region {
    const region = Object.values(this.regions).find((one: Region) => zone.startsWith(one));
    if (region !== undefined) return region;
    throw new Error(`zone ${zone}: it is in none of ${Object.values(this.regions).join(", ")}`);
  }

  coverage(): InFlightCoverage {
    return this.#parts.dynamo.coverage();
  }

  /** The night of the backup plans and the Sunday of the restore tests, now. @returns what did not work */
  backUp(): Promise<readonly string[]> {
    return this.#parts.backUp();
  }

  /** Ids of what exists of a type in a region. */
  resources(type: string, region: Region): readonly string[] {
    return this.#parts.providers.registry.list({ type, region }).map(({ id }) => id);
  }

  /** Calls to AWS since then, oldest first: whom a failover talked to. */
  calls(sinceMilliseconds?: number): readonly Call[] {
    return this.#parts.edges.calls(sinceMilliseconds);
  }

  traffic(region: Region): Readonly<Record<string, Traffic>> {
    return this.#parts.network.traffic(region);
  }

  databaseUrl(region: Region): string {
    const writer = this.#parts.aurora.writer(region) ?? this.addresses.auroraWriter(region);
    return `postgresql://postgres@${hostPort(writer)}/${this.project.name}?sslmode=disable`;
  }

  status(): SandboxStatus {
    const { primary, secondary } = this.regions;
    return {
      sandbox: this.addresses.sandbox,
      pid: process.pid,
      phase: this.#phase,
      directory: this.directory,
      projectDirectory: this.project.directory,
      environment: this.environment(),
      dns: hostPort(this.addresses.dns),
      publicName: this.project.publicName,
      listenerPort: LISTENER_PORT,
      databases: { [primary]: this.databaseUrl(primary), [secondary]: this.databaseUrl(secondary) },
      lost: Object.fromEntries(this.#lost),
      modelled: this.#parts.modelled,
    };
  }

  /** Leaves no process and no port behind. */
  async stop(): Promise<void> {
    this.#phase = "stopping";
    await closeAll(this.#parts.closables);
  }
}

const [PRIMARY, WITNESS, SECONDARY] = REGION_SETS.us;
const REGIONS: RegionTriple = { primary: PRIMARY, secondary: SECONDARY, witness: WITNESS };
const CREDENTIALS = { AWS_ACCESS_KEY_ID: "sandbox", AWS_SECRET_ACCESS_KEY: "sandbox" } as const;

class Guard implements Closable {
  readonly #server: Server;

  constructor(server: Server) {
    this.#server = server;
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }
}

/** Whoever can listen on the guard address owns the number, and the kernel frees it when its owner dies. */
async function claim(
  controlled: () => Controlled | undefined,
): Promise<{ addresses: Addresses; guard: Server }> {
  for (let number = 1; number <= LAST_SANDBOX; number++) {
    const addresses = new Addresses(number, REGIONS);
    try {
      return { addresses, guard: await listen(addresses.guard, controlled) };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
    }
  }
  throw new Error(`all ${LAST_SANDBOX} sandbox numbers are taken on this machine: stop one`);
}

async function closeAll(closables: readonly Closable[]): Promise<void> {
  for (const closable of closables.toReversed()) await closable.close();
}

interface Parts {
  readonly cli: string;
  readonly processes: Processes;
  readonly faults: Faults;
  readonly dynamo: Dynamo;
  readonly s3: S3;
  readonly aurora: Aurora;
  readonly compute: Compute;
  readonly network: Network;
  readonly edges: Edges;
  readonly providers: Providers;
  readonly modelled: readonly string[];
  backUp(): Promise<readonly string[]>;
  readonly closables: readonly Closable[];
}

async function startParts({
  options,
  addresses,
  directory,
  project,
  closables,
  cli,
}: {
  readonly options: SandboxOptions;
  readonly addresses: Addresses;
  readonly directory: string;
  readonly project: Project;
  readonly closables: Closable[];
  readonly cli: string;
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
      regions: REGIONS,
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
      regions: REGIONS,
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
    ...[PRIMARY, SECONDARY, WITNESS].map((region) => ({ place: region, ...addresses.edge(region) })),
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
  s3.createBucket(REGIONS.witness, STATE_BUCKET);
  const parts: readonly Service[] = [dynamo, s3, aurora, compute, network];
  const providers = closing(
    await Providers.start({
      faults,
      regions: REGIONS,
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
    cli,
    processes,
    faults,
    dynamo,
    s3,
    aurora,
    compute,
    network,
    edges,
    providers,
    modelled,
    backUp: () => services.backUp(),
    closables,
  };
}
