/** The program's configuration: parsed once, from raw strings, into one frozen value. */
import type { z } from "zod";
import type { MaintenanceWindow, OnOff, Region, RegionTriple, Role, StackName } from "../components/model.ts";
import { STACKS } from "../components/model.ts";
import { type Identity, journalTableName } from "../components/names.ts";
import type { Services } from "../components/services.ts";
import { type Problem, RULES } from "./rules.ts";
import { SECRETS, SECTIONS, type Section, type Sections } from "./schema.ts";

export const PROJECT = "trading-platform";

export interface Config extends Identity {
  readonly stack: StackName;
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
  readonly dns: DnsConfig;
  readonly listener: { readonly port: number };
  readonly journal: JournalConfig;
  /** Outside it `dr` disturbs production only for a reason that somebody gives; undefined: always outside. */
  readonly maintenanceWindow: MaintenanceWindow | undefined;
  readonly network: Readonly<Record<"primary" | "secondary", NetworkConfig>>;
  readonly database: DatabaseConfig;
  readonly cluster: ClusterConfig;
  readonly services: Services;
}

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
  /** Three availability zones, e.g. `us-east-1a`; which letters support EKS differs per account. */
  readonly zones: readonly string[];
}

export interface DatabaseConfig {
  readonly engineVersion: string;
  /** The same in both regions: a smaller secondary could not carry the load after a promotion. */
  readonly instanceClass: string;
  readonly instances: { readonly primary: number; readonly secondary: number };
}

export interface ClusterConfig {
  /** Kubernetes version. */
  readonly version: string;
  readonly instanceType: string;
  readonly nodesPerZone: { readonly min: number; readonly max: number };
  /** Who may reach the API server from outside; empty = private only. */
  readonly endpointCidrs: readonly string[];
  /** IAM roles that may administer the cluster. */
  readonly adminRoles: readonly string[];
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
  return {
    ...rest,
    stack,
    regions,
    peerRegion: stack === "prod" ? regions.secondary : regions.primary,
    acceptGeneration,
    databasePassword,
    maintenanceWindow,
    journal: { ...journal, tableName: journal.tableName ?? journalTableName(rest) },
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
