/**
 * A runner of GitHub Actions on this machine: a checkout, providers to attach to, two clusters that say they are ready,
 * a GitHub, and steps run as the real one runs them. What it does not prove: what GitHub itself does with a workflow.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import type { ExecutionContext } from "ava";
import type { Behaviours } from "../../../sandbox/cloud/behaviour.ts";
import { Faults } from "../../../sandbox/faults.ts";
import { PASSPHRASE, writeProject } from "../../../sandbox/project.ts";
import { Providers } from "../../../sandbox/providers/providers.ts";
import { FakeGitHub } from "./github.ts";
import { WORKFLOWS, type WorkflowStep } from "./workflows.ts";

const ROOT = path.join(import.meta.dirname, "../../..");
const PULL_REQUEST = 12;

export interface Ended {
  readonly code: number | null;
  readonly output: string;
}

export class Runner {
  readonly directory: string;
  readonly github: FakeGitHub;
  readonly #environment: Readonly<Record<string, string>>;

  private constructor(directory: string, github: FakeGitHub, environment: Readonly<Record<string, string>>) {
    this.directory = directory;
    this.github = github;
    this.#environment = environment;
  }

  static async start(t: ExecutionContext, behaviours: Behaviours = {}): Promise<Runner> {
    const directory = await mkdtemp(path.join(tmpdir(), "runner-"));
    t.teardown(() => rm(directory, { recursive: true, force: true }));
    for (const name of ["package.json", "node_modules", "automation"]) {
      await symlink(path.join(ROOT, name), path.join(directory, name));
    }
    await mkdir(path.join(directory, "state"));
    await writeProject({ directory, dns: "route53", shards: 2 });
    const github = await FakeGitHub.start(t);
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
    const event = path.join(directory, "event.json");
    await writeFile(
      event,
      JSON.stringify({ pull_request: { number: PULL_REQUEST, head: { sha: "f".repeat(40) } } }),
    );
    return new Runner(directory, github, {
      PATH: process.env["PATH"] ?? "",
      HOME: process.env["HOME"] ?? "",
      ...(process.env["PULUMI_HOME"] && { PULUMI_HOME: process.env["PULUMI_HOME"] }),
      CI: "true",
      AWS_ACCESS_KEY_ID: "a",
      AWS_SECRET_ACCESS_KEY: "b",
      AWS_REGION: "us-east-2",
      PULUMI_DEBUG_PROVIDERS: providers.debugProviders,
      GITHUB_ACTIONS: "true",
      GITHUB_REPOSITORY: "bank/platform",
      GITHUB_API_URL: github.url,
      GITHUB_EVENT_PATH: event,
      GITHUB_SHA: "f".repeat(40),
    });
  }

  /** The steps of a job that run a command, without those that set the runner up. */
  stepsOf(file: string, job: string): readonly WorkflowStep[] {
    const steps = WORKFLOWS.find((workflow) => workflow.file === file)?.jobs[job]?.steps ?? [];
    return steps.filter(({ run }) => run !== undefined && run !== "npm ci");
  }

  /** With what its expressions stand for, by name: `needs.plan.outputs.first`. */
  begin(
    step: WorkflowStep,
    values: Readonly<Record<string, string>> = {},
  ): { child: ChildProcess; ended: Promise<Ended> } {
    const known: Readonly<Record<string, string>> = {
      "vars.PULUMI_BACKEND_URL": `file://${this.directory}/state`,
      "secrets.PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
      "github.token": "secret",
      ...values,
    };
    const given = Object.entries(step.env ?? {}).map(([name, text]) => [
      name,
      text.replace(/\$\{\{ ([\w.]+) \}\}/g, (_whole, expression: string) => known[expression] ?? ""),
    ]);
    const file = (name: string) => path.join(this.directory, name);
    // As the runner starts a step's script.
    const child = spawn("bash", ["-e", "-c", step.run ?? ""], {
      cwd: this.directory,
      env: {
        ...this.#environment,
        GITHUB_OUTPUT: file("outputs"),
        GITHUB_STEP_SUMMARY: file("summary.md"),
        ...Object.fromEntries(given),
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => (output += text));
    const ended = new Promise<Ended>((resolve) => child.once("close", (code) => resolve({ code, output })));
    return { child, ended };
  }

  run(step: WorkflowStep, values: Readonly<Record<string, string>> = {}): Promise<Ended> {
    return this.begin(step, values).ended;
  }

  /** What the steps so far wrote for later jobs. */
  async outputs(): Promise<Readonly<Record<string, string>>> {
    const text = await readFile(path.join(this.directory, "outputs"), "utf8");
    return Object.fromEntries(
      text
        .trim()
        .split("\n")
        .map((line) => line.split("=") as [string, string]),
    );
  }

  async locks(): Promise<readonly string[]> {
    const files = await readdir(path.join(this.directory, "state/.pulumi/locks"), { recursive: true }).catch(
      () => [],
    );
    return files.filter((file) => file.endsWith(".json"));
  }

  /** Changes a stack file as a commit would. */
  async edit(stack: "prod" | "dr", change: (text: string) => string): Promise<void> {
    const file = path.join(this.directory, `Pulumi.${stack}.yaml`);
    await writeFile(file, change(await readFile(file, "utf8")));
  }
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
      const server: Server = createServer((_request, response) => {
        response.setHeader("content-type", "application/json").end(JSON.stringify({ items: [deployment] }));
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
