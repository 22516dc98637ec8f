/** An operator and a client of a sandbox, for tests of whole disasters. */
import { spawn } from "node:child_process";
import path from "node:path";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import type { ExecutionContext } from "ava";
import { type Deployment, loadDeployment } from "../../automation/deployment.ts";
import { readSettings, type Settings } from "../../automation/settings.ts";
import type { Region } from "../../components/model.ts";
import { type JournalStore, openDynamoJournal } from "../../journal/index.ts";
import { Sandbox, type SandboxOptions } from "../../sandbox/sandbox.ts";
import type { StackOutputs } from "../../stacks/outputs.ts";

const ROOT = path.join(import.meta.dirname, "../..");

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Answer {
  readonly status: number;
  readonly retryAfter: string | null;
  readonly body: {
    readonly status: string;
    readonly ack?: { readonly shard: number; readonly epoch: number; readonly seq: number };
  };
}

export class Place {
  readonly sandbox: Sandbox;
  readonly #t: ExecutionContext;

  private constructor(t: ExecutionContext, sandbox: Sandbox) {
    this.#t = t;
    this.sandbox = sandbox;
  }

  /** Both regions, deployed; gone with the test. @param prepare what differs in the stack files */
  static async open(
    t: ExecutionContext,
    options: Partial<SandboxOptions> = {},
    prepare: (projectDirectory: string) => Promise<void> = async () => {},
  ): Promise<Place> {
    const sandbox = await Sandbox.start({ seed: 5, latency: "none", dns: "route53", ...options });
    t.teardown(() => sandbox.stop());
    await prepare(sandbox.project.directory);
    await sandbox.deploy();
    // Without credentials the state could not be read, and what was deployed would be this machine's older copy.
    Object.assign(process.env, { AWS_ACCESS_KEY_ID: "sandbox", AWS_SECRET_ACCESS_KEY: "sandbox" });
    return new Place(t, sandbox);
  }

  get environment(): Readonly<Record<string, string>> {
    return { HOME: this.sandbox.directory, ...this.sandbox.environment() };
  }

  get settings(): Settings {
    return readSettings(this.environment, ROOT);
  }

  async deployment(): Promise<Deployment> {
    const deployment = await loadDeployment(this.settings);
    if (deployment.stale !== undefined) throw new Error(deployment.stale);
    return deployment;
  }

  async outputs(stack: "prod" | "dr"): Promise<StackOutputs> {
    return (await this.deployment()).stacks[stack];
  }

  /** One of the operator's scripts, without a terminal. */
  async script(name: string, ...args: readonly string[]): Promise<Ended> {
    const child = spawn(path.join(ROOT, "infra/scripts", name), args, {
      env: this.environment,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let [stdout, stderr] = ["", ""];
    child.stdout.on("data", (text) => (stdout += text));
    child.stderr.on("data", (text) => (stderr += text));
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", resolve);
    });
    this.#t.log(stderr);
    return { code, stdout, stderr };
  }

  toggle(...args: readonly string[]): Promise<Ended> {
    return this.script("toggle-maintenance.sh", ...args);
  }

  journal({ journalTable, region, regions }: StackOutputs): JournalStore {
    const { AWS_ENDPOINT_URL: endpoint = "" } = this.environment;
    const credentials = { accessKeyId: "sandbox", secretAccessKey: "sandbox" };
    const client = new DynamoDBClient({ region, endpoint, credentials });
    return openDynamoJournal({ client, table: journalTable, primary: regions.primary });
  }
}

/** Sends an order `INSTRUMENT:NUMBER` to the region's first address. */
export async function send(
  { elasticIps, listenerPort }: StackOutputs,
  id: string,
  order: { readonly side?: "buy" | "sell"; readonly price?: number; readonly quantity?: number } = {},
): Promise<Answer> {
  const response = await fetch(`http://${elasticIps[0]}:${listenerPort}/orders`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      ...{ client: "ann", clientOrderId: id, instrument: id.split(":")[0] },
      ...{ side: "buy", price: 100, quantity: 5, ...order },
    }),
    signal: AbortSignal.timeout(10_000),
  });
  const body = (await response.json()) as Answer["body"];
  return { status: response.status, retryAfter: response.headers.get("retry-after"), body };
}

/** An instrument of each shard, by sending orders until every shard took one. */
export async function instruments(outputs: StackOutputs): Promise<ReadonlyMap<number, string>> {
  const found = new Map<number, string>();
  for (let n = 0; found.size < outputs.shards; n++) {
    const { body } = await send(outputs, `I${n}:1`);
    if (body.ack !== undefined && !found.has(body.ack.shard)) found.set(body.ack.shard, `I${n}`);
  }
  return found;
}

export const EAST: Region = "us-east-1";
