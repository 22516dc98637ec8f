/** Looks at the machine that this runs on. */
import { access, constants, mkdir, readdir, readFile, statfs } from "node:fs/promises";
import { createRequire } from "node:module";
import { homedir } from "node:os";
import path from "node:path";
import { createClients } from "../../adapters/aws.ts";
import { Endpoints } from "../../adapters/endpoints.ts";
import { exchange } from "../../adapters/http.ts";
import { presentEngine } from "../../adapters/program.ts";
import type { Deployment } from "../../deployment.ts";
import { fact } from "../../fact.ts";
import { regionWorld } from "../../failover/world.ts";
import type { Environment, Settings } from "../../settings.ts";
import type { HostFacts } from "../host.ts";
import { secretsRegion } from "./project.ts";

const METADATA_MILLISECONDS = 1_000;
const CLOCK_MILLISECONDS = 3_000;
const ENGINE_MILLISECONDS = 10_000;
const requirePackage = createRequire(import.meta.url);

export async function gatherHost(deployment: Deployment, settings: Settings): Promise<HostFacts> {
  const { dr } = deployment.stacks;
  const { environment } = settings;
  const endpoints = new Endpoints([dr.region, dr.regions.witness]);
  const world = regionWorld(dr, endpoints, settings);
  const aws = () => awsConfiguration(environment);
  const packageFile = path.join(import.meta.dirname, "..", "..", "..", "package.json");
  const { engines } = JSON.parse(await readFile(packageFile, "utf8")) as { engines: { node: string } };
  const [region, engine, plugins, execPlugin, stsEndpoints, ssoRegion, credentialsEnd] = await Promise.all([
    fact(() => instanceRegion(environment)),
    fact(async () => String((await presentEngine(settings)).version), ENGINE_MILLISECONDS),
    fact(() => pluginsOf(environment, dr.dns.provider === "cloudflare")),
    fact(() => isOnPath("aws", environment)),
    fact(
      async () =>
        environment["AWS_STS_REGIONAL_ENDPOINTS"] ?? (await aws())("sts_regional_endpoints") ?? "regional",
    ),
    fact(async () => (await aws())("sso_region") ?? null),
    fact(async () => {
      const { expiration } = await createClients(endpoints)[dr.region].credentials();
      return expiration?.getTime() ?? null;
    }),
  ]);
  const [clusterReachable, clockSkewSeconds, freeBytes, passphrase] = await Promise.all([
    fact(async () => (await world.cluster.deployments()).length >= 0),
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
    ...{ region, engine, plugins, execPlugin, stsEndpoints, ssoRegion, credentialsEnd },
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

async function isOnPath(program: string, environment: Environment): Promise<boolean> {
  const directories = (environment["PATH"] ?? "").split(path.delimiter).filter((one) => one !== "");
  const found = await Promise.allSettled(
    directories.map((directory) => access(path.join(directory, program), constants.X_OK)),
  );
  return found.some(({ status }) => status === "fulfilled");
}

/** Looks a setting up in the profile that the environment names, and in the session that it signs in by. */
async function awsConfiguration(environment: Environment): Promise<(key: string) => string | undefined> {
  const file = environment["AWS_CONFIG_FILE"] ?? path.join(homedir(), ".aws", "config");
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return "";
    throw error;
  });
  const profile = environment["AWS_PROFILE"] ?? "default";
  const sections = sectionsOf(text);
  const own = sections.get(profile === "default" ? "default" : `profile ${profile}`) ?? new Map();
  const session = sections.get(`sso-session ${own.get("sso_session") ?? ""}`);
  return (key) => own.get(key) ?? session?.get(key);
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
