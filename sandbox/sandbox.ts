/** Two regions on one machine: composes the parts of the cloud, deploys the program into them, and breaks them. */
import { spawn } from "node:child_process";
import { mkdir, rm } from "node:fs/promises";
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
import { type Addresses, hostPort, url } from "./addresses.ts";
import type { InFlightCoverage } from "./aws/dynamo/writes.ts";
import type { Call } from "./aws/edge.ts";
import { claim } from "./claim.ts";
import type { Cluster } from "./compute/cluster.ts";
import type { Controlled, Loss, SandboxStatus, ZoneLoss } from "./control.ts";
import type { LinkState } from "./faults.ts";
import { buildImage } from "./image.ts";
import type { Traffic } from "./net/network.ts";
import {
  type Closable,
  type CloudOptions,
  CREDENTIALS,
  closeAll,
  type Parts,
  STATE_BUCKET,
  STATE_KEY,
  STRUGGLE,
  startParts,
} from "./parts.ts";
import { Processes } from "./processes.ts";
import { LISTENER_PORT, PASSPHRASE, type Project, writeProject } from "./project.ts";

const REPOSITORY = path.join(import.meta.dirname, "..");
/** One per user and machine, as the numbers are: the next owner of a number finds what a killed one left behind. */
const ROOT = path.join(tmpdir(), `region-failover-${process.getuid?.() ?? "user"}`);
export interface SandboxOptions extends CloudOptions {
  readonly dns: DnsProvider;
  readonly shards?: number;
  /** Off: one engine per shard and no hot standby. */
  readonly standbys?: OnOff;
}

export const DEFAULT_SHARDS = 2;

const [PRIMARY, WITNESS, SECONDARY] = REGION_SETS.us;
const REGIONS: RegionTriple = { primary: PRIMARY, secondary: SECONDARY, witness: WITNESS };

interface Started {
  readonly addresses: Addresses;
  readonly directory: string;
  readonly project: Project;
  /** Path of the Pulumi CLI. */
  readonly cli: string;
  readonly parts: Parts;
  readonly closables: readonly Closable[];
}

export class Sandbox implements Controlled {
  readonly addresses: Addresses;
  readonly directory: string;
  readonly project: Project;
  readonly regions: RegionTriple;
  readonly #cli: string;
  readonly #parts: Parts;
  readonly #closables: readonly Closable[];
  /** By region or zone. */
  readonly #lost = new Map<string, Loss>();
  #phase: SandboxStatus["phase"] = "starting";

  private constructor({ addresses, directory, project, cli, parts, closables }: Started) {
    this.addresses = addresses;
    this.directory = directory;
    this.project = project;
    this.regions = REGIONS;
    this.#cli = cli;
    this.#parts = parts;
    this.#closables = closables;
  }

  /** Takes the first free number, cleans up after a killed owner of it, and starts every part; deploys nothing. */
  static async start(options: SandboxOptions, progress: Progress = () => {}): Promise<Sandbox> {
    const command = await engine(progress);
    let sandbox: Sandbox | undefined;
    const { addresses, guard } = await claim(REGIONS, () => sandbox);
    const directory = path.join(ROOT, String(addresses.sandbox));
    const closables: Closable[] = [guard];
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
      const common = { addresses, directory, project, closables };
      const parts = await startParts({ ...common, options, regions: REGIONS });
      sandbox = new Sandbox({ ...common, cli: command.command, parts });
      return sandbox;
    } catch (error) {
      await closeAll(closables);
      throw error;
    }
  }

  /** With these any Pulumi CLI, SDK or script works against this sandbox. */
  environment(): Readonly<Record<string, string>> {
    const { providers } = this.#parts;
    const tools = [
      path.dirname(this.#cli),
      path.join(REPOSITORY, "node_modules", ".bin"),
      process.env["PATH"],
    ];
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
    await closeAll(this.#closables);
  }
}
