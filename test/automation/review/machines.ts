/** What a step finds where it runs: a checkout of this repository, and clouds that stand in for the real ones. */
import { mkdir, mkdtemp, rm, symlink } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import type { ExecutionContext } from "ava";
import type { Behaviours } from "../../../sandbox/cloud/behaviour.ts";
import { Faults } from "../../../sandbox/faults.ts";
import { PASSPHRASE, writeProject } from "../../../sandbox/project.ts";
import { Providers } from "../../../sandbox/providers/providers.ts";
import type { Sandbox } from "../../../sandbox/sandbox.ts";
import { RecordedCloud } from "./recorded-cloud.ts";

const ROOT = path.join(import.meta.dirname, "../../..");

export interface Machine {
  /** The checkout, where steps run. */
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
  /** What a workflow's expressions stand for. */
  readonly values: Readonly<Record<string, string>>;
}

/** As `actions/checkout` and `npm ci` leave it. */
export async function checkout(t: ExecutionContext): Promise<string> {
  const directory = await mkdtemp(path.join(tmpdir(), "runner-"));
  t.teardown(() => rm(directory, { recursive: true, force: true }));
  for (const name of ["package.json", "node_modules", "automation", "infra"]) {
    await symlink(path.join(ROOT, name), path.join(directory, name));
  }
  return directory;
}

/** Providers to attach to, a state in a folder, and two clusters that say they are ready: nothing runs. */
export async function registryMachine(
  t: ExecutionContext,
  behaviours: Behaviours = {},
): Promise<Machine & { readonly providers: Providers }> {
  const directory = await checkout(t);
  await mkdir(path.join(directory, "state"));
  await writeProject({ directory, dns: "route53", shards: 2 });
  const clusters = await clusterBehaviour(t);
  const providers = await Providers.start({
    faults: new Faults(),
    regions: { primary: "us-east-1", secondary: "us-west-2", witness: "us-east-2" },
    accountId: "123456789012",
    behaviours: { ...clusters, ...behaviours },
    invocations: {
      "aws:dynamodb/getTableItem:getTableItem": () =>
        Promise.reject(new Error("reading DynamoDB Table Item (t|region|0): empty result")),
    },
  });
  t.teardown(() => providers.close());
  return {
    directory,
    providers,
    environment: { PULUMI_DEBUG_PROVIDERS: providers.debugProviders },
    values: {
      "vars.PULUMI_BACKEND_URL": `file://${directory}/state`,
      "secrets.PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
    },
  };
}

/** A deployed sandbox; what AWS alone has answers there as it was recorded. */
export async function sandboxMachine(
  t: ExecutionContext,
  sandbox: Sandbox,
): Promise<Machine & { readonly cloud: RecordedCloud }> {
  const environment = sandbox.environment();
  const cloud = await RecordedCloud.start(t, environment["AWS_ENDPOINT_URL"] ?? "");
  return {
    directory: await checkout(t),
    cloud,
    environment: { ...environment, HOME: sandbox.directory, AWS_ENDPOINT_URL: cloud.url },
    values: {
      "vars.PULUMI_BACKEND_URL": environment["PULUMI_BACKEND_URL"] ?? "",
      "secrets.PULUMI_CONFIG_PASSPHRASE": environment["PULUMI_CONFIG_PASSPHRASE"] ?? "",
      "secrets.CLOUDFLARE_READ_TOKEN": "sandbox",
      "secrets.CLOUDFLARE_API_TOKEN": "sandbox",
      "secrets.DR_WEBHOOK_URL": `${cloud.url}/webhook`,
      "vars.DRILL_ZONE": "us-east-1a",
    },
  };
}

/** One address per region, where every Deployment says that it is ready. */
async function clusterBehaviour(t: ExecutionContext): Promise<Behaviours> {
  const deployment = {
    metadata: { name: "gateway" },
    spec: { replicas: 1, selector: { matchLabels: {} }, template: { spec: { containers: [] } } },
    status: { readyReplicas: 1 },
  };
  const urls = await Promise.all(
    ["127.0.0.1", "127.0.0.2"].map(async (address) => {
      const server: Server = createServer(({ url = "" }, response) => {
        const items = url.endsWith("/deployments") ? [deployment] : [];
        response.setHeader("content-type", "application/json").end(JSON.stringify({ items }));
      });
      await new Promise<void>((resolve) => server.listen(0, address, resolve));
      t.teardown(() => {
        server.closeAllConnections();
        server.close();
      });
      return `http://${address}:${(server.address() as AddressInfo).port}`;
    }),
  );
  return {
    "aws:eks/cluster:Cluster": {
      create: async (inputs, { region }) => ({
        id: String(inputs["name"]),
        endpoint: urls[region === "us-east-1" ? 0 : 1] ?? "",
        certificateAuthority: { data: "" },
        status: "ACTIVE",
      }),
    },
  };
}
