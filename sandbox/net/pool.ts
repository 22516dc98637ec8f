/**
 * A Cloudflare pool and its monitor: three data centers of each region probe an origin, a majority of them decides for
 * the region, a majority of the regions for the origin.
 * https://developers.cloudflare.com/load-balancing/understand-basics/health-details/
 */
import { get } from "node:http";
import { isIP } from "node:net";
import { Prober } from "../compute/probes.ts";
import { matches } from "./targets.ts";

export interface Monitor {
  readonly path: string;
  /** Undefined: the origin's. */
  readonly port: number | undefined;
  readonly hostHeader: string | undefined;
  readonly expectedCodes: string;
  readonly intervalSeconds: number;
  readonly timeoutSeconds: number;
  /** Immediate repetitions after a timeout, before a probe counts as failed. */
  readonly retries: number;
  readonly consecutiveUp: number;
  readonly consecutiveDown: number;
}

export interface Origin {
  readonly name: string;
  /** IP or host name. */
  readonly address: string;
  readonly port: number;
  readonly weight: number;
  readonly enabled: boolean;
  readonly hostHeader: string | undefined;
}

export interface PoolSettings {
  readonly name: string;
  readonly enabled: boolean;
  readonly minimumOrigins: number;
  readonly origins: readonly Origin[];
  readonly monitorId: string | undefined;
  /** How many of Cloudflare's regions probe. */
  readonly regions: number;
  /** Name → address. */
  readonly resolve: (name: string) => string | undefined;
}

/** Of a region. */
const DATA_CENTERS = 3;

const majority = (opinions: readonly boolean[]): boolean =>
  opinions.filter(Boolean).length > opinions.length / 2;

/** @param opinions of the first data center of every region, then of the second, then of the third */
export const isHealthy = (opinions: readonly boolean[], regions: number): boolean =>
  majority(
    Array.from({ length: regions }, (_, region) =>
      majority(opinions.filter((_opinion, position) => position % regions === region)),
    ),
  );

export const addressOf = ({ address }: Origin, resolve: PoolSettings["resolve"]): string | undefined =>
  isIP(address) === 0 ? resolve(address.toLowerCase()) : address;

type Outcome = "pass" | "fail" | "timeout";

function probe(host: string, origin: Origin, monitor: Monitor): Promise<Outcome> {
  return new Promise((resolve) => {
    const timeout = AbortSignal.timeout(monitor.timeoutSeconds * 1000);
    const headers = {
      "user-agent": "Cloudflare-Traffic-Manager/1.0 (sandbox)",
      host: monitor.hostHeader ?? host,
    };
    const request = get(
      { host, port: monitor.port ?? origin.port, path: monitor.path, agent: false, headers, signal: timeout },
      (response) => {
        response.on("error", () => undefined).resume();
        resolve(matches(monitor.expectedCodes, response.statusCode ?? 0) ? "pass" : "fail");
      },
    );
    request.on("error", () => resolve(timeout.aborted ? "timeout" : "fail"));
  });
}

export class Pool {
  readonly #settings: PoolSettings;
  #opinions = new Map<Origin, boolean[]>();
  #probers: readonly Prober[] = [];

  /** @param monitor undefined: all origins count as healthy */
  constructor(settings: PoolSettings, monitor: Monitor | undefined) {
    this.#settings = settings;
    if (monitor !== undefined) this.watch(monitor);
  }

  get name(): string {
    return this.#settings.name;
  }

  get monitorId(): string | undefined {
    return this.#settings.monitorId;
  }

  get origins(): readonly Origin[] {
    return this.#settings.origins;
  }

  get healthyOrigins(): readonly Origin[] {
    return this.origins.filter((origin) => origin.enabled && this.#isHealthy(origin));
  }

  get healthy(): boolean {
    const { enabled, minimumOrigins } = this.#settings;
    return enabled && this.healthyOrigins.length >= minimumOrigins;
  }

  watch(monitor: Monitor): void {
    this.close();
    const probes = this.#settings.regions * DATA_CENTERS;
    this.#opinions = new Map(this.origins.map((origin) => [origin, Array<boolean>(probes).fill(false)]));
    this.#probers = [...this.#opinions].flatMap(([origin, opinions]) =>
      opinions.map((_, position) => {
        const timing = {
          initialDelaySeconds: (monitor.intervalSeconds * position) / probes,
          periodSeconds: monitor.intervalSeconds,
          failureThreshold: monitor.consecutiveDown,
          successThreshold: monitor.consecutiveUp,
        };
        const check = () => this.#check(origin, monitor);
        return new Prober(timing, false, check, (healthy) => {
          opinions[position] = healthy;
        });
      }),
    );
  }

  close(): void {
    for (const prober of this.#probers) prober.stop();
  }

  #isHealthy(origin: Origin): boolean {
    const opinions = this.#opinions.get(origin);
    return opinions === undefined || isHealthy(opinions, this.#settings.regions);
  }

  async #check(origin: Origin, monitor: Monitor): Promise<boolean> {
    for (let attempt = 0; attempt <= monitor.retries; attempt++) {
      const host = addressOf(origin, this.#settings.resolve);
      if (host === undefined) return false;
      const outcome = await probe(host, origin, monitor);
      if (outcome !== "timeout") return outcome === "pass";
    }
    return false;
  }
}
