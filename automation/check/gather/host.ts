/** Looks at the machine that this runs on. */
import { execFile } from "node:child_process";
import { access, constants, mkdir, readdir, readFile, statfs } from "node:fs/promises";
import { createRequire } from "node:module";
import { homedir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { createClients } from "../../adapters/aws.ts";
import { Endpoints } from "../../adapters/endpoints.ts";
import { exchange } from "../../adapters/http.ts";
import { presentEngine } from "../../adapters/program.ts";
import type { Deployment } from "../../deployment.ts";
import { type Fact, fact, isUnknown } from "../../fact.ts";
import { regionWorld } from "../../failover/world.ts";
import type { Environment, Settings } from "../../settings.ts";
import type { HostFacts } from "../host.ts";
import { secretsRegion } from "./project.ts";

const METADATA_MILLISECONDS = 1_000;
const CLOCK_MILLISECONDS = 3_000;
const ENGINE_MILLISECONDS = 10_000;
const run = promisify(execFile);
const requirePackage = createRequire(import.meta.url);

export async function gatherHost(deployment: Deployment, settings: Settings): Promise<HostFacts> {
  const { dr } = deployment.stacks;
  const { environment } = settings;
  const endpoints = new Endpoints([dr.region, dr.regions.witness]);
  const world = regionWorld(dr, endpoints, settings);
  const profiles = fact(() => profilesOf(environment));
  const configured = async <T>(of: (profiles: readonly Profile[]) => T): Promise<Fact<T>> => {
    const found = await profiles;
    return isUnknown(found) ? found : of(found);
  };
  const packageFile = path.join(import.meta.dirname, "..", "..", "..", "package.json");
  const { engines } = JSON.parse(await readFile(packageFile, "utf8")) as { engines: { node: string } };
  const [region, engine, plugins, execPlugin, stsEndpoints, stsRegion, ssoRegion, credentialsEnd] =
    await Promise.all([
      fact(() => instanceRegion(environment)),
      fact(async () => String((await presentEngine(settings)).version), ENGINE_MILLISECONDS),
      fact(() => pluginsOf(environment, dr.dns.provider === "cloudflare")),
      fact(() => awsCliVersion(environment), ENGINE_MILLISECONDS),
      configured(
        ([own]) =>
          environment["AWS_STS_REGIONAL_ENDPOINTS"] ?? own?.get("sts_regional_endpoints") ?? "regional",
      ),
      // The region of a profile outweighs the caller's where it takes a role.
      configured((all) =>
        first(
          all.filter((one) => one.has("role_arn")),
          "region",
        ),
      ),
      configured((all) => first(all, "sso_region")),
      fact(async () => {
        const { expiration } = await createClients(endpoints)[dr.region].credentials();
        return expiration?.getTime() ?? null;
      }),
    ]);
  const [clusterReachable, clockSkewSeconds, freeBytes, passphrase] = await Promise.all([
    fact(async () => {
      await world.cluster.deployments();
      return true;
    }),
    fact(() => clockSkew(settings.awsEndpoint ?? `https://dynamodb.${dr.region}.amazonaws.com/`)),
    fact(() => freeSpace(settings.projectDirectory)),
    fact(async () => {
      if ((await secretsRegion(settings, "dr")) !== null) return null;
      return ["PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"].some(
        (name) => environment[name] !== undefined,
      );
    }),
  ]);
  return {
    at: Date.now(),
    primary: dr.regions.primary,
    node: { version: process.version, wanted: engines.node.replace(/^>=/, "") },
    ...{ region, engine, plugins, execPlugin, stsEndpoints, stsRegion, ssoRegion, credentialsEnd },
    ...{ clusterReachable, clockSkewSeconds, freeBytes, passphrase },
  };
}

/** https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html; null: nobody answers there. */
async function instanceRegion(environment: Environment): Promise<string | null> {
  if (environment["AWS_EC2_METADATA_DISABLED"] === "true") return null;
  const base = environment["AWS_EC2_METADATA_SERVICE_ENDPOINT"] ?? "http://169.254.169.254";
  const ask = (method: string, at: string, headers: Record<string, string>) =>
    exchange(new URL(at, base), { method, headers, timeoutMilliseconds: METADATA_MILLISECONDS });
  const token = await ask("PUT", "/latest/api/token", {
    "x-aws-ec2-metadata-token-ttl-seconds": "60",
  }).catch(() => undefined);
  if (token?.status !== 200) return null;
  const answer = await ask("GET", "/latest/meta-data/placement/region", {
    "x-aws-ec2-metadata-token": token.body,
  });
  return answer.body.trim();
}

async function pluginsOf(environment: Environment, cloudflare: boolean) {
  const wanted = ["aws", "kubernetes", ...(cloudflare ? ["cloudflare"] : [])].map((name) => {
    const { version } = requirePackage(`@pulumi/${name}/package.json`) as { version: string };
    return { name, version };
  });
  const attached = environment["PULUMI_DEBUG_PROVIDERS"] ?? "";
  const home = environment["PULUMI_HOME"] ?? path.join(homedir(), ".pulumi");
  const installed = await readdir(path.join(home, "plugins")).catch((): string[] => []);
  return wanted.map(({ name, version }) => ({
    plugin: `${name} ${version}`,
    present:
      installed.includes(`resource-${name}-v${version}`) ||
      attached.split(",").some((one) => one.startsWith(`${name}:`)),
  }));
}

/** Null: it is not on PATH. @throws when it is there and does not say its version */
async function awsCliVersion(environment: Environment): Promise<string | null> {
  const asked = await run("aws", ["--version"], { env: { ...environment } }).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return null;
      throw error;
    },
  );
  if (asked === null) return null;
  const version = /aws-cli\/(\S+)/.exec(asked.stdout)?.[1];
  if (version === undefined) throw new Error(`aws --version says ${asked.stdout.trim() || "nothing"}`);
  return version;
}

/** Its settings, with those of the session that it signs in by. */
type Profile = ReadonlyMap<string, string>;

const first = (profiles: readonly Profile[], key: string): string | null =>
  profiles.map((one) => one.get(key)).find((value) => value !== undefined) ?? null;

/** The profile that the environment names, and those by whose credentials it takes its role. */
async function profilesOf(environment: Environment): Promise<readonly Profile[]> {
  const file = environment["AWS_CONFIG_FILE"] ?? path.join(homedir(), ".aws", "config");
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return "";
    throw error;
  });
  const sections = sectionsOf(text);
  const found = new Map<string, Profile>();
  let name = environment["AWS_PROFILE"] ?? "default";
  // One that names itself as its source has keys of its own.
  while (!found.has(name)) {
    const own = sections.get(name === "default" ? "default" : `profile ${name}`) ?? new Map<string, string>();
    const session = sections.get(`sso-session ${own.get("sso_session") ?? ""}`);
    found.set(name, new Map([...(session ?? []), ...own]));
    name = own.get("source_profile") ?? name;
  }
  return [...found.values()];
}

/** https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html */
function sectionsOf(text: string): ReadonlyMap<string, ReadonlyMap<string, string>> {
  const sections = new Map<string, Map<string, string>>();
  let current = new Map<string, string>();
  for (const line of text.split("\n")) {
    const title = /^\s*\[\s*(.+?)\s*\]/.exec(line)?.[1]?.replace(/\s+/g, " ");
    const [, key, value] = /^\s*([A-Za-z_]+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (title !== undefined) {
      current = new Map();
      sections.set(title, current);
    } else if (key !== undefined && value !== undefined) current.set(key, value);
  }
  return sections;
}

async function clockSkew(url: string): Promise<number> {
  const began = Date.now();
  const { headers } = await exchange(url, { timeoutMilliseconds: CLOCK_MILLISECONDS });
  const told = Date.parse(String(headers["date"]));
  if (Number.isNaN(told)) throw new Error(`${url} tells no time`);
  // The header has whole seconds: its middle, against the middle of the exchange.
  return ((began + Date.now()) / 2 - (told + 500)) / 1000;
}

async function freeSpace(projectDirectory: string): Promise<number> {
  const directory = path.join(projectDirectory, ".dr");
  await mkdir(directory, { recursive: true });
  await access(directory, constants.W_OK);
  const { bavail, bsize } = await statfs(directory);
  return bavail * bsize;
}
