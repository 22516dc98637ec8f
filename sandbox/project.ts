/** A sandbox's own Pulumi project: the repository's program, and its stack files with what differs on one machine. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { parse, stringify } from "yaml";
import { type DnsProvider, type OnOff, STACKS, type StackName } from "../components/model.ts";

const REPOSITORY = path.join(import.meta.dirname, "..");
const NAMESPACE = "trading-platform";

/** Unprivileged, so that no root is needed; an Elastic IP has its address to itself, so that it never collides. */
export const LISTENER_PORT = 8443;
/** For stacks that have no key. Secrets here protect nothing: one that everybody knows is honest about it. */
export const PASSPHRASE = "sandbox";
export const SMOKE_TOKEN = "sandbox-smoke-token";

export interface ProjectOptions {
  readonly directory: string;
  readonly dns: DnsProvider;
  readonly shards: number;
  /** Off: one engine per shard and no hot standby. */
  readonly standbys?: OnOff;
  /** What the stacks' secrets are under; default: a passphrase. */
  readonly secretsProvider?: string;
}

export interface Project {
  readonly directory: string;
  readonly accountId: string;
  readonly name: string;
  readonly publicName: string;
  readonly zoneId: string;
  readonly imageDigest: string;
  readonly shards: number;
}

type Settings = Record<string, unknown>;
interface StackFile {
  readonly config: Settings;
}

const ROUTE53 = { provider: "route53", zoneId: "Z0123456789EXAMPLE" } as const;
const CLOUDFLARE = {
  provider: "cloudflare",
  zoneId: "0".repeat(31).concat("1"),
  cloudflareAccountId: "0".repeat(31).concat("2"),
} as const;

const record = (value: unknown): Settings => value as Settings;

/** What one machine with two cores changes; everything else is the stack file of the repository. */
function differences(
  stack: StackName,
  config: Settings,
  { dns, shards, standbys }: ProjectOptions,
): Settings {
  const key = (name: string) => `${NAMESPACE}:${name}`;
  const services = structuredClone(record(config[key("services")]));
  for (const service of Object.values(services).map(record)) {
    service["cpu"] = "100m";
    service["memory"] = "256Mi";
    if (service["perShard"] === true && standbys === "off") service["replicas"] = { min: 1, max: 1 };
    if (service["exposed"] === true) service["replicas"] = { min: 3, max: 4 };
  }
  const { name, ...others } = record(config[key("dns")]);
  const route53 = others["provider"] === "route53" ? others : ROUTE53;
  return {
    [key("dns")]: { name, ...(dns === "route53" ? route53 : CLOUDFLARE) },
    [key("listener")]: { ...record(config[key("listener")] ?? {}), port: LISTENER_PORT },
    [key("journal")]: { ...record(config[key("journal")]), shards },
    [key("services")]: services,
    [key("smokeToken")]: SMOKE_TOKEN,
    // A secondary cluster takes its credentials from the primary.
    ...(stack === "prod" && { [key("databasePassword")]: "sandbox-database-password" }),
  };
}

export async function writeProject(options: ProjectOptions): Promise<Project> {
  await mkdir(options.directory, { recursive: true });
  const project = parse(await readFile(path.join(REPOSITORY, "Pulumi.yaml"), "utf8")) as Settings;
  await writeFile(
    path.join(options.directory, "Pulumi.yaml"),
    stringify({ ...project, main: path.join(REPOSITORY, "stacks", "index.ts") }),
  );
  let config: Settings = {};
  for (const stack of STACKS) {
    const text = await readFile(path.join(REPOSITORY, `Pulumi.${stack}.yaml`), "utf8");
    const file = parse(text) as StackFile;
    config = { ...file.config, ...differences(stack, file.config, options) };
    const { secretsProvider: secretsprovider } = options;
    await writeFile(
      path.join(options.directory, `Pulumi.${stack}.yaml`),
      stringify({ ...(secretsprovider && { secretsprovider }), ...file, config }),
    );
  }
  const value = (name: string): unknown => config[`${NAMESPACE}:${name}`];
  const image = String(record(Object.values(record(value("services")))[0])["image"]);
  return {
    directory: options.directory,
    accountId: String(value("accountId")),
    name: String(value("name")),
    publicName: String(record(value("dns"))["name"]),
    zoneId: String(record(value("dns"))["zoneId"]),
    imageDigest: image.split("@")[1] ?? "",
    shards: options.shards,
  };
}
