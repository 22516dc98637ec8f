/** The environment, parsed once. Nothing else in `workload/` reads it (the AWS SDK reads its own variables). */
import { isRegion, type OnOff, REGIONS, type Region } from "../components/model.ts";

/** What runs as a service. */
export const DEPLOYED = ["gateway", "engine", "projector", "archiver"] as const;
/** `replay` is a job: one pod per shard, which ends. */
export const PROGRAMS = [...DEPLOYED, "replay"] as const;
export type Program = (typeof PROGRAMS)[number];

export interface CommonSettings {
  readonly region: Region;
  /** Active until the first failover: what an absent region item means. */
  readonly primaryRegion: Region;
  readonly journalTable: string;
  readonly shards: number;
  /** Unacknowledged appends at most. */
  readonly window: number;
  readonly checkpointBucket: string;
  readonly archiveBucket: string;
  /** Address and port to listen on. */
  readonly podIp: string;
  readonly port: number;
  readonly podName: string;
  /** `ip:port` of the resolver to ask instead of the system's; null: the system's. */
  readonly dnsResolver: string | null;
}

export interface EngineSettings extends CommonSettings {
  readonly program: "engine";
  readonly shard: number;
  /** On: one of two; follows the log and takes over only after `STANDBY_PATIENCE_MS` without a record. */
  readonly standby: OnOff;
}

export interface GatewaySettings extends CommonSettings {
  readonly program: "gateway";
  readonly projectorUrl: string | null;
  readonly smokeToken: string;
  /** How long it still answers after being told to stop, so that load balancers notice first. */
  readonly drainSeconds: number;
}

export interface ProjectorSettings extends CommonSettings {
  readonly program: "projector";
  readonly database: {
    readonly host: string;
    readonly port: number;
    readonly name: string;
    readonly user: string;
    /** False: no TLS and no IAM token, for a database on this machine. */
    readonly secure: boolean;
    /** Who can make the user above when it is not there yet; null where the database arrives with it. */
    readonly owner: { readonly user: string; readonly password: string } | null;
  };
}

export interface ArchiverSettings extends CommonSettings {
  readonly program: "archiver";
  /** How long no archived object may be changed. */
  readonly retentionDays: number;
  readonly peer: { readonly name: string; readonly port: number; readonly tls: boolean };
}

export interface ReplaySettings extends CommonSettings {
  readonly program: "replay";
  /** The pod's index in its Indexed Job. */
  readonly shard: number;
  readonly batchEvents: number;
  readonly database: ProjectorSettings["database"];
}

export type Settings =
  | EngineSettings
  | GatewaySettings
  | ProjectorSettings
  | ArchiverSettings
  | ReplaySettings;
export type SettingsOf<P extends Program> = Extract<Settings, { program: P }>;

export const DEFAULT_WINDOW = 16;
/** The replay's own (`replay/replay.ts`), which the services need not load. */
export const DEFAULT_BATCH_EVENTS = 50_000;
export const DEFAULT_PORT = 8080;
export const DEFAULT_DRAIN_SECONDS = 5;
export const DEFAULT_RETENTION_DAYS = 35;

export class SettingsError extends Error {
  override readonly name = "SettingsError";
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Throws `SettingsError` that names every problem. */
export function parseSettings<P extends Program>(program: P, environment: Environment): SettingsOf<P> {
  const read = new Reader(environment);
  const settings = Object.freeze({ ...common(read), ...PARSERS[program](read) });
  if (read.problems.length > 0) {
    throw new SettingsError(
      `${program} cannot start, its environment is wrong:\n${read.problems.map((p) => `  ${p}`).join("\n")}`,
    );
  }
  return settings as SettingsOf<P>;
}

const common = (read: Reader): CommonSettings => ({
  region: read.region("REGION"),
  primaryRegion: read.region("PRIMARY_REGION"),
  journalTable: read.text("JOURNAL_TABLE"),
  shards: read.integer("SHARDS", { min: 1, max: 1000 }),
  window: read.integer("WINDOW", { min: 1, max: 64, fallback: DEFAULT_WINDOW }),
  checkpointBucket: read.text("CHECKPOINT_BUCKET"),
  archiveBucket: read.text("ARCHIVE_BUCKET"),
  podIp: read.text("POD_IP"),
  port: read.integer("PORT", { min: 1, max: 65535, fallback: DEFAULT_PORT }),
  podName: read.text("POD_NAME"),
  dnsResolver: read.optional("DNS_RESOLVER"),
});

type Own<P extends Program> = Omit<SettingsOf<P>, keyof CommonSettings>;
const PARSERS: { readonly [P in Program]: (read: Reader) => Own<P> } = {
  engine: (read) => ({
    program: "engine",
    shard: read.integer("SHARD", { min: 0, max: read.integer("SHARDS", { min: 1, max: 1000 }) - 1 }),
    standby: read.oneOf("STANDBY", ["on", "off"], "off"),
  }),
  gateway: (read) => ({
    program: "gateway",
    projectorUrl: read.optional("PROJECTOR_URL"),
    smokeToken: read.text("SMOKE_TOKEN"),
    drainSeconds: read.integer("DRAIN_SECONDS", { min: 0, max: 300, fallback: DEFAULT_DRAIN_SECONDS }),
  }),
  projector: (read) => ({ program: "projector", database: database(read) }),
  replay: (read) => ({
    program: "replay",
    shard: read.integer("JOB_COMPLETION_INDEX", {
      min: 0,
      max: read.integer("SHARDS", { min: 1, max: 1000 }) - 1,
    }),
    batchEvents: read.integer("BATCH_EVENTS", { min: 1, max: 1_000_000, fallback: DEFAULT_BATCH_EVENTS }),
    database: database(read),
  }),
  archiver: (read) => {
    const port = read.integer("LISTENER_PORT", { min: 1, max: 65535, fallback: 443 });
    return {
      program: "archiver",
      retentionDays: read.integer("RETENTION_DAYS", { min: 1, max: 36500, fallback: DEFAULT_RETENTION_DAYS }),
      peer: {
        name: read.text("PEER_NAME"),
        port,
        tls: read.oneOf("LISTENER_TLS", ["on", "off"], port === 443 ? "on" : "off") === "on",
      },
    };
  },
};

const database = (read: Reader): ProjectorSettings["database"] => ({
  host: read.text("PGHOST"),
  port: read.integer("PGPORT", { min: 1, max: 65535, fallback: 5432 }),
  name: read.text("PGDATABASE"),
  user: read.text("PGUSER"),
  secure: read.oneOf("PGSSLMODE", ["verify-full", "disable"], "verify-full") === "verify-full",
  owner: read.credentials("PGOWNER", "PGOWNER_PASSWORD"),
});

class Reader {
  readonly #problems = new Set<string>();
  readonly #environment: Environment;

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  get problems(): readonly string[] {
    return [...this.#problems];
  }

  /** Null when unset; an empty value counts as unset, as Kubernetes leaves one for an absent reference. */
  optional(name: string): string | null {
    return this.#environment[name] || null;
  }

  text(name: string): string {
    return this.optional(name) ?? this.#wrong(name, "a value", "");
  }

  region(name: string): Region {
    const value = this.optional(name);
    return isRegion(value) ? value : this.#wrong(name, `one of ${REGIONS.join(", ")}`, "us-east-1");
  }

  integer(name: string, { min, max, fallback }: { min: number; max: number; fallback?: number }): number {
    const value = this.optional(name);
    if (value === null && fallback !== undefined) return fallback;
    const number = Number(value ?? Number.NaN);
    const good = Number.isInteger(number) && number >= min && number <= max;
    return good ? number : this.#wrong(name, `an integer from ${min} to ${max}`, min);
  }

  oneOf<T extends string>(name: string, allowed: readonly T[], fallback: T): T {
    const value = this.optional(name) ?? fallback;
    return allowed.find((one) => one === value) ?? this.#wrong(name, allowed.join(" or "), fallback);
  }

  /** Both or neither. */
  credentials(user: string, password: string): { readonly user: string; readonly password: string } | null {
    if (this.optional(user) === null && this.optional(password) === null) return null;
    return { user: this.text(user), password: this.text(password) };
  }

  #wrong<T>(name: string, allowed: string, instead: T): T {
    const value = this.#environment[name];
    this.#problems.add(`${name}: ${value ? `got "${value}"` : "is not set"}, must be ${allowed}`);
    return instead;
  }
}
