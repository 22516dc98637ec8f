/** A stack in small with what a flip touches, deployed by the real engine into the sandbox's providers. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { Provider as AwsProvider, dynamodb } from "@pulumi/aws";
import { apps, Provider as KubernetesProvider } from "@pulumi/kubernetes";
import { Config, type Resource } from "@pulumi/pulumi";
import { PulumiStack } from "../../../automation/adapters/pulumi.ts";
import { openBucket, StateStore } from "../../../automation/adapters/state.ts";
import { engine } from "../../../automation/engine.ts";
import { type EmergencyOptions, EmergencyStack } from "../../../automation/failover/emergency.ts";
import { RunRecord } from "../../../automation/runbook/record.ts";
import type { Behaviours } from "../../../sandbox/cloud/behaviour.ts";
import { Faults } from "../../../sandbox/faults.ts";
import { Providers } from "../../../sandbox/providers/providers.ts";
import { FakeCluster, kubeconfig, SERVER } from "../../sandbox/providers/kubernetes/cluster.ts";

const PROJECT = "trading-platform";
const DEPLOYMENTS = [
  { name: "gateway", replicas: 2 },
  { name: "engine-0", replicas: 2 },
];
const STACK_FILE = `config:
  ${PROJECT}:role: passive # starts passive
  ${PROJECT}:traffic: "off"
  ${PROJECT}:image: app@sha256:1
`;

export const controlItem = (traffic: string, maintenance = "off"): string =>
  JSON.stringify({
    pk: { S: "control#us-west-2" },
    sk: { N: "0" },
    traffic: { S: traffic },
    maintenance: { S: maintenance },
  });

/** Resources are kept reachable by what the program returns; nothing else needs them. */
async function program(): Promise<Record<string, unknown>> {
  const config = new Config(PROJECT);
  const role = config.require("role");
  const maintenance = config.get("maintenance") ?? "off";
  const provider = new KubernetesProvider("kubernetes", { kubeconfig: kubeconfig(), namespace: "exchange" });
  const aws = new AwsProvider("aws", { region: "us-west-2" });
  const made: Resource[] = DEPLOYMENTS.map(
    ({ name, replicas }) =>
      new apps.v1.Deployment(
        name,
        {
          metadata: {
            name,
            namespace: "exchange",
            annotations: { "pulumi.com/skipAwait": "true", "pulumi.com/patchForce": "true" },
          },
          spec: {
            replicas: role === "passive" ? 0 : replicas,
            selector: { matchLabels: { app: name } },
            template: {
              metadata: { labels: { app: name } },
              spec: { containers: [{ name, image: config.require("image") }] },
            },
          },
        },
        { provider, ignoreChanges: role === "active" ? ["spec.replicas"] : [] },
      ),
  );
  const table = new dynamodb.Table(
    "journal",
    {
      name: "exchange-journal",
      billingMode: "PAY_PER_REQUEST",
      hashKey: "pk",
      rangeKey: "sk",
      attributes: [
        { name: "pk", type: "S" },
        { name: "sk", type: "N" },
      ],
    },
    { provider: aws },
  );
  made.push(
    new dynamodb.TableItem(
      "control",
      {
        ...{ tableName: table.name, hashKey: "pk", rangeKey: "sk" },
        item: controlItem(config.require("traffic"), maintenance),
      },
      { provider: aws },
    ),
  );
  return { role, traffic: config.require("traffic"), maintenance, commit: "unknown", resources: made.length };
}

/** Makes updates wait, so that an engine can be caught at work. */
class Gate {
  #open = Promise.withResolvers<void>();
  #reached = Promise.withResolvers<void>();

  constructor() {
    this.#open.resolve();
  }

  get reached(): Promise<void> {
    return this.#reached.promise;
  }

  close(): void {
    this.#open = Promise.withResolvers();
    this.#reached = Promise.withResolvers();
  }

  open(): void {
    this.#open.resolve();
  }

  guard(behaviours: Behaviours): Behaviours {
    const type = "kubernetes:apps/v1:Deployment";
    const { update, ...rest } = behaviours[type] ?? {};
    return {
      ...behaviours,
      [type]: {
        ...rest,
        update: async (...change) => {
          this.#reached.resolve();
          await this.#open.promise;
          return (await update?.(...change)) ?? {};
        },
      },
    };
  }
}

export class FlipProject {
  readonly gate: Gate;
  readonly cluster: FakeCluster;
  readonly directory: string;
  readonly record: RunRecord;
  readonly state: StateStore;
  readonly pulumi: PulumiStack;
  /** Flips that went by API. */
  readonly direct: string[] = [];
  readonly notes: string[] = [];
  readonly #providers: Providers;

  private constructor(
    directory: string,
    record: RunRecord,
    providers: Providers,
    cluster: FakeCluster,
    gate: Gate,
    command: Awaited<ReturnType<typeof engine>>,
  ) {
    this.directory = directory;
    this.record = record;
    this.cluster = cluster;
    this.gate = gate;
    this.#providers = providers;
    const backend = `file://${path.join(directory, "state")}`;
    this.state = new StateStore(openBucket(backend), PROJECT);
    this.pulumi = new PulumiStack("dr", {
      projectDirectory: directory,
      projectName: PROJECT,
      environment: {
        ...process.env,
        PULUMI_BACKEND_URL: backend,
        PULUMI_CONFIG_PASSPHRASE: "sandbox",
        PULUMI_DEBUG_PROVIDERS: providers.debugProviders,
      },
      command: async () => command,
      savesOnce: true,
      program: async () => program,
      started: (child) =>
        record.update((data) => {
          data.children.push(child);
        }),
    });
  }

  /** Deployed with role passive. */
  static async deploy(): Promise<FlipProject> {
    const directory = await mkdtemp(path.join(tmpdir(), "dr-flip-"));
    await mkdir(path.join(directory, "state"));
    await writeFile(path.join(directory, "Pulumi.yaml"), `name: ${PROJECT}\nruntime: nodejs\n`);
    await writeFile(path.join(directory, "Pulumi.dr.yaml"), STACK_FILE);
    const cluster = new FakeCluster();
    const gate = new Gate();
    const record = await RunRecord.create(directory, {
      id: "run-1",
      verb: "failover",
      target: "us-west-2",
      now: 0,
    });
    const providers = await Providers.start({
      faults: new Faults(),
      regions: { primary: "us-east-1", secondary: "us-west-2", witness: "us-east-2" },
      accountId: "123456789012",
      behaviours: gate.guard(cluster.behaviours),
    });
    const outputs = { endpoint: SERVER };
    providers.registry.put({
      type: "aws:eks/cluster:Cluster",
      region: "us-west-2",
      id: "c",
      urn: "urn::c",
      inputs: outputs,
      outputs,
    });
    const project = new FlipProject(directory, record, providers, cluster, gate, await engine());
    await project.pulumi.create();
    await project.pulumi.up({ signal: new AbortController().signal });
    return project;
  }

  stack(options: Partial<EmergencyOptions> = {}): EmergencyStack {
    return new EmergencyStack({
      stack: "dr",
      region: "us-west-2",
      project: PROJECT,
      projectDirectory: this.directory,
      deployments: DEPLOYMENTS,
      record: this.record,
      state: this.state,
      pulumi: this.pulumi,
      directOnly: false,
      direct: async ({ role, maintenance }) => {
        this.direct.push(role ?? `maintenance ${maintenance}`);
      },
      note: (message) => this.notes.push(message),
      signal: new AbortController().signal,
      patience: { foreignLock: 1_000, preview: 60_000, update: 60_000, release: 10_000 },
      ...options,
    });
  }

  stackFile(): Promise<string> {
    return readFile(path.join(this.directory, "Pulumi.dr.yaml"), "utf8");
  }

  async changeStackFile(from: string, to: string): Promise<void> {
    await writeFile(path.join(this.directory, "Pulumi.dr.yaml"), (await this.stackFile()).replace(from, to));
  }

  async close(): Promise<void> {
    await this.#providers.close();
    await rm(this.directory, { recursive: true, force: true });
  }
}
