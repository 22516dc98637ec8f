/**
 * What a drill needs of the place it runs in. `automation/commands/drill.ts` fills it with the sandbox: nothing
 * else here knows that one exists.
 */
import type { DnsProvider, Region, StackName } from "../../components/model.ts";
import type { Latency, Loss } from "../report/evidence.ts";
import type { ClientEvent } from "./client-log.ts";

export interface WorldOptions {
  readonly seed: number;
  readonly latency: Latency;
  readonly dns: DnsProvider;
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

export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** Two deployed regions that can lose one. */
export interface World {
  readonly projectDirectory: string;
  /** Version of the Pulumi engine that deployed it. */
  readonly engine: string;
  readonly modelled: readonly string[];
  /** Environment with which `dr`, the scripts and any Pulumi CLI work against it. */
  environment(): Readonly<Record<string, string>>;
  readonly dnsServer: Endpoint;
  /** AWS endpoint that an operator outside every region uses. */
  readonly awsEndpoint: string;
  /** Waits that the place injects on the longest chain from the loss to the first order, in seconds. */
  readonly injectedWaits: readonly { readonly name: string; readonly seconds: number }[];
  killRegion(region: Region, how: Loss): Promise<void>;
  returnRegion(region: Region): Promise<void>;
  coverage(): Promise<LossCoverage>;
  /** Connection string for the projection on the writer of that region. */
  databaseUrl(region: Region): string;
  /** Operations that a plain preview of the stack would do. */
  preview(stack: StackName): Promise<number>;
  startClients(options: LoadOptions, heard: (event: ClientEvent) => void): Promise<Load>;
  stop(): Promise<void>;
}

export interface LoadOptions {
  readonly publicName: string;
  readonly port: number;
  /** Operations per second over all clients. */
  readonly rate: number;
  readonly clients: number;
  readonly seed: number;
  /** Some of every shard. */
  readonly instruments: readonly string[];
  /** Append-only log of every attempt, one JSON value per line. */
  readonly logFile: string;
}

/** Clients at work in a process of their own. */
export interface Load {
  /** Ends the load, waits for the answers still due, returns when the log is flushed. */
  stop(): Promise<void>;
}
