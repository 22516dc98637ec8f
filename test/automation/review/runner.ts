/**
 * A runner of GitHub Actions on this machine: a GitHub, and steps run as the real one runs them. What it does not prove:
 * what GitHub itself does with a workflow.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import type { ExecutionContext } from "ava";
import { FakeGitHub } from "./github.ts";
import type { Machine } from "./machines.ts";
import { commandsOf, jobOf, type WorkflowStep } from "./workflows.ts";

const PULL_REQUEST = 12;

export interface Ended {
  readonly code: number | null;
  readonly output: string;
  readonly stdout: string;
}

export class Runner {
  readonly directory: string;
  readonly github: FakeGitHub;
  readonly #environment: Readonly<Record<string, string>>;
  readonly #values: Readonly<Record<string, string>>;
  readonly #ran = new Set<WorkflowStep>();

  private constructor(
    { directory, values }: Machine,
    github: FakeGitHub,
    environment: Readonly<Record<string, string>>,
  ) {
    this.directory = directory;
    this.github = github;
    this.#environment = environment;
    this.#values = { "github.token": "secret", ...values };
  }

  static async start(t: ExecutionContext, machine: Machine): Promise<Runner> {
    const github = await FakeGitHub.start(t);
    const event = path.join(machine.directory, "event.json");
    await writeFile(
      event,
      JSON.stringify({ pull_request: { number: PULL_REQUEST, head: { sha: "f".repeat(40) } } }),
    );
    const inherited = ["PATH", "HOME", "PULUMI_HOME", "NODE_COMPILE_CACHE"].flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value] as const];
    });
    return new Runner(machine, github, {
      ...Object.fromEntries(inherited),
      CI: "true",
      // As configure-aws-credentials leaves them for the steps after it.
      AWS_ACCESS_KEY_ID: "a",
      AWS_SECRET_ACCESS_KEY: "b",
      AWS_REGION: "us-east-2",
      GITHUB_ACTIONS: "true",
      GITHUB_REPOSITORY: "bank/platform",
      GITHUB_API_URL: github.url,
      GITHUB_EVENT_PATH: event,
      GITHUB_SHA: "f".repeat(40),
      ...machine.environment,
    });
  }

  /** The steps of a job that run a command of the project. */
  stepsOf(file: string, job: string): readonly WorkflowStep[] {
    return commandsOf(jobOf(file, job));
  }

  /** @param values what more of its expressions stand for, by name: `needs.plan.outputs.first` */
  begin(
    step: WorkflowStep,
    values: Readonly<Record<string, string>> = {},
  ): { child: ChildProcess; ended: Promise<Ended> } {
    this.#ran.add(step);
    const known = { ...this.#values, ...values };
    // Of `a || b` the first that is not empty.
    const resolved = (expression: string): string =>
      expression
        .split(" || ")
        .map((name) => known[name])
        .find(Boolean) ?? "";
    const given = Object.entries(step.env ?? {}).map(([name, text]) => [
      name,
      text.replace(/\$\{\{ ([\w.]+(?: \|\| [\w.]+)*) \}\}/g, (_whole, expression: string) =>
        resolved(expression),
      ),
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
    let [output, stdout] = ["", ""];
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => (output += text));
    child.stdout.on("data", (text) => (stdout += text));
    const ended = new Promise<Ended>((resolve) =>
      child.once("close", (code) => resolve({ code, output, stdout })),
    );
    return { child, ended };
  }

  run(step: WorkflowStep, values: Readonly<Record<string, string>> = {}): Promise<Ended> {
    return this.begin(step, values).ended;
  }

  /** Of these jobs, as `file job`: commands that were not run. */
  unrun(jobs: readonly string[]): readonly string[] {
    return jobs.flatMap((name) => {
      const [file = "", job = ""] = name.split(" ");
      return this.stepsOf(file, job).flatMap((step) => (this.#ran.has(step) ? [] : [`${name}: ${step.run}`]));
    });
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
