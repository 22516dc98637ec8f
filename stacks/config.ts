/** The program's configuration: parsed once, from raw strings, into one frozen value. */
import type { z } from "zod";
import type { ExistingCluster } from "../components/adoptedCluster.ts";
import type { ExistingNetwork } from "../components/adoptedNetwork.ts";
import type { AlarmThresholds } from "../components/alarms.ts";
import type { Irreversible } from "../components/backup.ts";
import type { Standby } from "../components/capacity.ts";
import type { MaintenanceWindow, OnOff, Region, RegionTriple, Role, StackName } from "../components/model.ts";
import { STACKS } from "../components/model.ts";
import {
  type Identity,
  incarnatedTableName,
  journalTableName,
  kubernetesClusterName,
} from "../components/names.ts";
import type { Services } from "../components/services.ts";
import type { Problem } from "./rule.ts";
import { RULES } from "./rules.ts";
import { SECRETS, SECTIONS, type Section, type Sections } from "./schema.ts";

export const PROJECT = "trading-platform";

export interface Config extends Identity {
  readonly stack: StackName;
  /** Physical name of this region's Kubernetes cluster. */
  readonly clusterName: string;
  /** This stack's region; `peerRegion` is the other stack's. */
  readonly region: Region;
  readonly peerRegion: Region;
  readonly regions: RegionTriple;
  readonly role: Role;
  readonly traffic: OnOff;
  readonly maintenance: OnOff;
  /** Decision of the journal (its generation) that this config knows of, written with every flip. */
  readonly acceptGeneration: number | undefined;
  /** Deploy although the region item cannot be read; off unless a person says so. */
  readonly allowUnreadableJournal: OnOff;
  /** Secret. What the smoke test presents while traffic is off. */
  readonly smokeToken: string;
  /** Secret. Only in `prod`: a secondary cluster takes its credentials from the primary. */
  readonly databasePassword: string | undefined;
  /** Which physical cluster is this region's database; written by `dr restore`. */
  readonly databaseIncarnation: number;
  readonly journalIncarnation: number;
  readonly dns: DnsConfig;
  readonly listener: { readonly port: number };
  readonly journal: JournalConfig;
  /** Outside it `dr` disturbs production only for a reason that somebody gives; undefined: always outside. */
  readonly maintenanceWindow: MaintenanceWindow | undefined;
  readonly network: Readonly<Record<Place, NetworkConfig>>;
  readonly database: DatabaseConfig;
  readonly cluster: ClusterConfig;
  readonly backup: BackupConfig;
  readonly alarms: AlarmsConfig;
  /** Undefined: nobody watches what a month costs. */
  readonly budget: { readonly monthlyDollars: number } | undefined;
  readonly services: Services;
}

/** Which of the pair's regions a stack deploys. */
export const PLACES = ["primary", "secondary"] as const;
export type Place = (typeof PLACES)[number];
export const placeOf = ({ stack }: Pick<Config, "stack">): Place =>
  stack === "prod" ? "primary" : "secondary";

interface DnsCommon {
  /** Public name of the platform. */
  readonly name: string;
  readonly zoneId: string;
  readonly healthCheck: { readonly intervalSeconds: number; readonly failureThreshold: number };
}
export interface Route53Config extends DnsCommon {
  readonly provider: "route53";
  readonly ttlSeconds: number;
}
export interface CloudflareConfig extends DnsCommon {
  readonly provider: "cloudflare";
  readonly cloudflareAccountId: string;
}
export type DnsConfig = Route53Config | CloudflareConfig;

export interface JournalConfig {
  /** A restored table has another name: hence configurable. Default `<name>-journal`. */
  readonly tableName: string;
  readonly shards: number;
  /** Appends that an engine may have unacknowledged. */
  readonly window: number;
  /** Expected peak of the whole platform. */
  readonly kilobytesPerSecond: number;
  /** How long no archived object may be changed or removed. */
  readonly archiveRetentionDays: number;
}

export interface NetworkConfig {
  readonly cidr: string;
  /** Three to six availability zones, e.g. `us-east-1a`; which letters support EKS differs per account. */
  readonly zones: readonly string[];
  /** A VPC that is there already: it is checked and left as it is. Undefined: one is made. */
  readonly existing: ExistingNetwork | undefined;
}

export interface DatabaseConfig {
  readonly engineVersion: string;
  /** The same in both regions: a smaller secondary could not carry the load after a promotion. */
  readonly instanceClass: string;
  readonly instances: { readonly primary: number; readonly secondary: number };
  /** PostgreSQL's and Aurora's parameters by name, the same in both regions. */
  readonly parameters: Readonly<Record<string, string>>;
}

export interface ClusterConfig {
  /** Kubernetes version. */
  readonly version: string;
  readonly instanceType: string;
  /** Without any one zone the others' minimum carries the full load; that is checked. */
  readonly nodesPerZone: { readonly min: number; readonly max: number };
  /**
   * What a parked region runs.
   * - `warm` (default): all its nodes. It costs what production's nodes cost, and a failover waits for none.
   * - `cold`: one node per zone. It saves the others' price only where they are not reserved, and a failover waits
   *   for them: 45 to 90 s for a tuned image, minutes otherwise, which is to be added to the RTO. Started by Pulumi
   *   with role `promoting`; with `--direct` the operator raises the node groups.
   */
  readonly standby: Standby;
  /**
   * Whether AWS holds production's number of instances in `dr` (default: with `cold`). They cost what running ones
   * cost, idle or not, and other instances of the account may use them meanwhile. Without, nobody promises that there
   * are any when everybody leaves the lost region at once.
   */
  readonly reserved: boolean;
  /** Who may reach the API server from outside; empty = private only. */
  readonly endpointCidrs: readonly string[];
  /** IAM roles that may administer the cluster. */
  readonly adminRoles: readonly string[];
  /** Clusters that are there already, in networks that are. Undefined: one is made. */
  readonly existing: Readonly<Record<Place, ExistingCluster | undefined>>;
}

export interface BackupConfig {
  readonly retentionDays: number;
  /** A vault that gets a copy of each backup beside the other region's, e.g. a second account's. */
  readonly vaultArn: string | undefined;
  /** What cannot be undone; config says it twice. */
  readonly irreversible: readonly Irreversible[];
}

export interface AlarmsConfig extends AlarmThresholds {
  /** Who is told. */
  readonly emails: readonly string[];
}

/** Lists every problem of a configuration; nothing has been changed when it is thrown. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly problems: readonly Problem[];

  constructor(stack: string, problems: readonly Problem[]) {
    const lines = problems.map(
      ({ key, got, allowed }) => `  ${key}: ${got === undefined ? "" : `got ${got}; `}allowed: ${allowed}`,
    );
    super(
      `The configuration of stack ${stack} has ${problems.length} problem${problems.length === 1 ? "" : "s"}:\n` +
        `${lines.join("\n")}\nCorrect Pulumi.${stack}.yaml and run again; nothing was changed.`,
    );
    this.problems = problems;
  }
}

/**
 * `raw` is what `pulumi.runtime.allConfig()` or a stack file's `config:` gives: full key → text, structured values
 * as JSON. Keys of other namespaces are not looked at. Throws `ConfigError` with all problems.
 */
export function parseConfig(raw: Readonly<Record<string, string>>, stackName: string): Config {
  const stack = STACKS.find((name) => name === stackName);
  if (stack === undefined) {
    const allowed = `${STACKS.join(" or ")}: a stack is one of the two regions`;
    throw new ConfigError(stackName, [{ key: "stack", got: JSON.stringify(stackName), allowed }]);
  }
  const own = ownKeys(raw);
  const unknown = [...own.keys()]
    .filter((key) => !(key in SECTIONS))
    .map((key) => ({
      key,
      got: undefined,
      allowed: `no such key; known are ${Object.keys(SECTIONS).join(", ")}`,
    }));
  const { sections, problems } = parseSections(own);
  const broken = RULES.flatMap((rule) => rule(sections, stack)).filter((problem) => !!problem);
  const all = [...unknown, ...problems, ...broken];
  if (all.length > 0) throw new ConfigError(stack, all);
  return deepFreeze(assemble(sections as Required<Sections>, stack));
}

function ownKeys(raw: Readonly<Record<string, string>>): ReadonlyMap<string, string> {
  const prefix = `${PROJECT}:`;
  return new Map(
    Object.entries(raw)
      .filter(([key]) => key.startsWith(prefix))
      .map(([key, value]) => [key.slice(prefix.length), value]),
  );
}

function parseSections(own: ReadonlyMap<string, string>): {
  sections: Sections;
  problems: readonly Problem[];
} {
  const sections: Partial<Record<Section, unknown>> = {};
  const problems: Problem[] = [];
  for (const section of Object.keys(SECTIONS) as Section[]) {
    const value = decode(own.get(section));
    const result = SECTIONS[section].safeParse(value);
    if (result.success) sections[section] = result.data;
    else problems.push(...result.error.issues.flatMap((issue) => explain(section, value, issue)));
  }
  return { sections: sections as Sections, problems };
}

/** Structured values arrive as JSON text; whatever is not a map or a list stays the text it is. */
function decode(text: string | undefined): unknown {
  if (text === undefined || !/^\s*[{[]/.test(text)) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function explain(section: Section, value: unknown, issue: z.core.$ZodIssue): readonly Problem[] {
  const key =
    section +
    issue.path.map((step) => (typeof step === "number" ? `[${step}]` : `.${String(step)}`)).join("");
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((name) => ({ key: `${key}.${name}`, got: undefined, allowed: "no such key" }));
  }
  if (issue.code === "invalid_key") {
    return [{ key, got: undefined, allowed: issue.issues.map(({ message }) => message).join("; ") }];
  }
  const got = issue.path.reduce<unknown>(
    (at, step) => (at as Record<PropertyKey, unknown> | undefined)?.[step],
    value,
  );
  return [{ key, got: SECRETS.has(section) ? secret(got) : print(got), allowed: issue.message }];
}

const secret = (value: unknown): string => (value === undefined ? "nothing" : "a secret that does not fit");

const PRINTED_CHARACTERS = 100;
function print(value: unknown): string {
  const text = value === undefined ? "nothing" : JSON.stringify(value);
  return text.length > PRINTED_CHARACTERS ? `${text.slice(0, PRINTED_CHARACTERS)}…` : text;
}

function assemble(sections: Required<Sections>, stack: StackName): Config {
  const { services, journal, databasePassword, acceptGeneration, maintenanceWindow, regions, ...rest } =
    sections;
  const { backup, budget, cluster, network, ...same } = rest;
  const place = placeOf({ stack });
  return {
    ...same,
    stack,
    clusterName: cluster.existing[place]?.name ?? kubernetesClusterName(rest, rest.region),
    regions,
    peerRegion: regions[place === "primary" ? "secondary" : "primary"],
    acceptGeneration,
    databasePassword,
    network: {
      primary: { ...network.primary, existing: network.primary.existing },
      secondary: { ...network.secondary, existing: network.secondary.existing },
    },
    cluster: {
      ...cluster,
      reserved: (cluster.reserved ?? (cluster.standby === "cold" ? "on" : "off")) === "on",
      existing: { primary: cluster.existing.primary, secondary: cluster.existing.secondary },
    },
    backup: {
      retentionDays: backup.retentionDays,
      vaultArn: backup.vaultArn,
      irreversible: backup.irreversible,
    },
    budget,
    maintenanceWindow,
    journal: {
      ...journal,
      tableName: incarnatedTableName(journal.tableName ?? journalTableName(rest), rest.journalIncarnation),
    },
    services: Object.fromEntries(
      Object.entries(services).map(([name, service]) => [
        name,
        { ...service, args: service.args ?? [name], image: withRegistry(service.image, rest) },
      ]),
    ),
  };
}

/** An image without a registry host comes from this region's own registry, which CI pushes every image to. */
function withRegistry(image: string, { accountId, region }: { accountId: string; region: Region }): string {
  const host = image.split("/")[0] ?? "";
  const named = image.includes("/") && /[.:]/.test(host);
  return named ? image : `${accountId}.dkr.ecr.${region}.amazonaws.com/${image}`;
}

function deepFreeze<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const child of Object.values(value)) deepFreeze(child);
  }
  return value;
}
