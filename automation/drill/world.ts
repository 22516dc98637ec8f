/**
 * What a drill needs of the place it runs in. `automation/commands/drill.ts` fills it with the sandbox: nothing
 * else here knows that one exists.
 */
import type { DnsProvider, OnOff, Region, StackName } from "../../components/model.ts";
import type { StackOutputs } from "../../stacks/outputs.ts";
import type { Forecast } from "../check/forecast.ts";
import type { Latency, Loss, PreviewResult, ZoneLoss } from "../report/evidence.ts";
import type { ClientEvent } from "./client-log.ts";

export interface WorldOptions {
  readonly seed: number;
  readonly latency: Latency;
  readonly dns: DnsProvider;
  /** What pods may request of each node, in cores; default: what its instance type leaves them. */
  readonly coresPerNode?: number;
  /** How long a database writer's zone must be lost before its standby takes over; default: the world's own. */
  readonly zoneFailoverSeconds?: number;
  /** Off: no shard has a hot standby. */
  readonly standbys?: OnOff;
}

export interface PodSight {
  readonly name: string;
  readonly deployment: string;
  /** Null: no node took it yet. */
  readonly zone: string | null;
  /** Ready, on a node that is believed in. */
  readonly available: boolean;
  /** Why no node takes it; null: one did, or none was asked yet. */
  readonly unschedulable: string | null;
  /** What an engine says it is doing; null: no engine, or no answer. */
  readonly phase: string | null;
}

/** What runs where in one region, now. */
export interface RegionSight {
  /** In the order of the load balancer's addresses. */
  readonly zones: readonly string[];
  /** Where the database's writer is; null: nowhere. */
  readonly databaseZone: string | null;
  readonly pods: readonly PodSight[];
  /** Pods that each Deployment should have. */
  readonly wanted: Readonly<Record<string, number>>;
  /** Every autoscaler is at its maximum. */
  readonly atMaximum: boolean;
}

/** What can be done to parts of a region, and seen of them. */
export interface Zonal {
  look(region: Region): Promise<RegionSight>;
  lose(zone: string, loss: ZoneLoss): Promise<void>;
  /** Resolves when the zone is reachable and its database server is in service again. */
  return(zone: string): Promise<void>;
  /** Stops a pod in order; its Deployment makes another. */
  restart(region: Region, pod: string): void;
  /** Load that autoscalers see: what they measure, times this. */
  setLoad(region: Region, factor: number): void;
  /** What pods may request of each node from now on, in cores. */
  setCapacity(region: Region, coresPerNode: number): void;
}

/** What only the place that lost the region can know about the loss. */
export interface LossCoverage {
  /** Puts on their way when the region died. */
  readonly inFlightAtKill: number;
  /** Of those: applied, the answer lost. */
  readonly lostAnswers: number;
  /** Of those: applied after the death. */
  readonly lateLandings: number;
}

/** Two deployed regions that can lose one. */
export interface World {
  /** Version of the Pulumi engine that deployed it. */
  readonly engine: string;
  /** What is a model and not the real thing, in words. */
  readonly modelled: readonly string[];
  /** Environment with which `dr`, the scripts and any Pulumi CLI work against it. */
  readonly environment: Readonly<Record<string, string>>;
  /** AWS endpoint of an operator outside every region. */
  readonly awsEndpoint: string;
  /** How long a region may take to be lost. */
  readonly dyingSeconds: number;
  outputs(stack: StackName): Promise<StackOutputs>;
  /** Begins at once, and resolves when the region is lost, with writes on their way if there are any. */
  loseRegion(region: Region, loss: Loss): Promise<void>;
  /** Thaws, heals and restarts what is left of it. */
  returnRegion(region: Region): Promise<void>;
  readonly zonal: Zonal;
  coverage(): LossCoverage;
  /** Connection string of the projection in that region. */
  databaseUrl(region: Region, endpoint: "writer" | "reader"): string;
  /** Runs a verb of `dr` against it; rejects with its last words when it fails. */
  dr(arguments_: readonly string[]): Promise<void>;
  /** What `dr check` says of a failover and of a restore now. */
  forecast(): Promise<Forecast>;
  /** Operations that a plain preview of the stack would do. */
  preview(stack: StackName): Promise<PreviewResult>;
  startClients(options: LoadOptions, heard: (event: ClientEvent) => void): Promise<Load>;
  stop(): Promise<void>;
}

/**
 * Deploys both regions. The world is there to be stopped as soon as it resolves, and not otherwise.
 * @param signal ends the deployment
 */
export type OpenWorld = (
  options: WorldOptions,
  progress: (line: string) => void,
  signal: AbortSignal,
) => Promise<World>;

export interface LoadOptions {
  readonly publicName: string;
  readonly port: number;
  /** Operations per second over all clients. */
  readonly rate: number;
  readonly clients: number;
  readonly seed: number;
  /** Some of every shard. */
  readonly instruments: readonly string[];
  /**
   * Hosts that pinned clients use from the start, past the public name; empty: the first answer that they get. A
   * proxied name has one address for ever, and nobody would be left to talk to the returned region.
   */
  readonly pinnedTo: readonly string[];
  /** Append-only log of every attempt, one JSON value per line. */
  readonly logFile: string;
}

/** Clients at work in a process of their own. */
export interface Load {
  /** Ends the load, waits for the answers still due; rejects when the log is not complete. */
  stop(): Promise<void>;
}
