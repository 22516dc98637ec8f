/** What a gateway knows, refreshed twice a second, and what it concludes from it. */
import type { Region } from "../../components/model.ts";
import type { JournalStore } from "../../journal/index.ts";
import type { EngineReport, EngineStatus, GatewayStatus, ProjectorStatus } from "../api.ts";
import { messageOf } from "../log.ts";
import { ShardEngine } from "./engine.ts";
import {
  type Activity,
  activity,
  type EngineReading,
  type Reading,
  type Standing,
  standing,
} from "./gate.ts";
import { Upstream } from "./upstream.ts";
import { Watch } from "./watch.ts";

/** An outage ends, on average, half of this after the engine and the control item say so. */
const WATCH_EVERY_MS = 500;
/** Leaves a second of `FRESH_MS` to answer in. */
const READ_TIMEOUT_MS = 2000;
/** Of that, for finding out where an engine is. */
const FIND_TIMEOUT_MS = 1000;

export interface GatewayOptions {
  readonly region: Region;
  readonly store: Pick<JournalStore, "readRegionItem" | "readControlItem" | "readEngineItem">;
  readonly shards: number;
  readonly projectorUrl: string | null;
  /** Monotonic milliseconds. */
  readonly now?: () => number;
}

export class Gateway {
  readonly region: Region;
  /** By shard. */
  readonly engines: readonly ShardEngine[];
  /** `failed`: answered 5xx, which is no service; `milliseconds`: spent on all answers together. */
  readonly requests = { total: 0, accepted: 0, failed: 0, milliseconds: 0 };
  readonly #projector: Upstream | null;
  readonly #now: () => number;
  readonly #decision: Watch<Reading>;
  readonly #reports: readonly Watch<EngineReading>[];

  constructor({ region, store, shards, projectorUrl, now = () => performance.now() }: GatewayOptions) {
    this.region = region;
    this.engines = Array.from({ length: shards }, (_, shard) => new ShardEngine(shard, region));
    this.#projector = projectorUrl === null ? null : new Upstream(projectorUrl);
    this.#now = now;
    this.#decision = new Watch<Reading>({
      ask: async (startedAt) => {
        const signal = AbortSignal.timeout(READ_TIMEOUT_MS);
        const [decided, control] = await Promise.all([
          store.readRegionItem(signal),
          store.readControlItem(region, signal),
        ]);
        return { kind: "seen", startedAt, region: decided, control: control ?? null };
      },
      failed: (startedAt, error) => ({ kind: "failed", startedAt, reason: messageOf(error) }),
      intervalMs: WATCH_EVERY_MS,
      now,
    });
    this.#reports = this.engines.map(
      (engine, shard) =>
        new Watch<EngineReading>({
          ask: async (startedAt) => {
            // Where it is may be unknown for a moment; whether it still answers there is known all the same.
            const item = await store
              .readEngineItem(shard, AbortSignal.timeout(FIND_TIMEOUT_MS))
              .catch(() => undefined);
            engine.follow(item);
            const report = await engine.get<EngineReport>("/state", READ_TIMEOUT_MS - FIND_TIMEOUT_MS);
            return { startedAt, report };
          },
          failed: (startedAt) => ({ startedAt, report: null }),
          intervalMs: WATCH_EVERY_MS,
          now,
        }),
    );
  }

  standing(): Standing {
    return standing(this.#decision.latest, this.region, this.#now());
  }

  activity(): Activity {
    const reports = this.#reports.map(({ latest }) => latest);
    return activity(this.#decision.latest, reports, this.region, this.#now());
  }

  /** Asks everything once. */
  async refresh(): Promise<void> {
    await Promise.all([this.#decision, ...this.#reports].map((watch) => watch.refresh()));
  }

  /** Resolves after `stop()`. */
  async watch(): Promise<void> {
    await Promise.all([this.#decision, ...this.#reports].map((watch) => watch.run()));
  }

  stop(): void {
    for (const watch of [this.#decision, ...this.#reports]) watch.stop();
    for (const upstream of this.engines) upstream.close();
    this.#projector?.close();
  }

  async status(): Promise<GatewayStatus> {
    const [shards, projector] = await Promise.all([
      Promise.all(this.engines.map((engine, shard) => statusOf(engine, shard))),
      this.#projector?.get<ProjectorStatus>("/status", READ_TIMEOUT_MS).catch(() => null) ?? null,
    ]);
    const seen = this.#decision.latest?.kind === "seen" ? this.#decision.latest : undefined;
    const verdict = this.activity();
    return {
      region: this.region,
      generation: seen?.region.generation ?? null,
      traffic: seen?.control?.traffic ?? "off",
      maintenance: seen?.control?.maintenance ?? "off",
      active: verdict.active,
      reason: verdict.active ? "serving" : verdict.reason,
      shards,
      projector,
      requests: { total: this.requests.total, accepted: this.requests.accepted },
    };
  }
}

const statusOf = (engine: ShardEngine, shard: number): Promise<EngineStatus> =>
  engine.get<EngineStatus>("/status", READ_TIMEOUT_MS).catch(
    (error: unknown): EngineStatus => ({
      shard,
      ready: false,
      generation: null,
      epoch: null,
      phase: "unreachable",
      reason: messageOf(error),
      head: null,
      replayedFrom: null,
      tailReplayed: 0,
      stateChecksum: null,
      orders: 0,
      drained: false,
    }),
  );
