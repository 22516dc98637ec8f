/** The program under the ordinary CLI: `pulumi preview` in a project directory, with a nodejs language host. */
import { execFile } from "node:child_process";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { type EngineEvent, LocalWorkspace } from "@pulumi/pulumi/automation/index.js";
import test from "ava";
import { engine } from "../../automation/engine.ts";
import { STACKS } from "../../components/model.ts";
import { Faults } from "../../sandbox/faults.ts";
import { writeProject } from "../../sandbox/project.ts";
import { Providers } from "../../sandbox/providers/providers.ts";
import program from "../../stacks/index.ts";
import { hosted } from "./hosted.ts";

const run = promisify(execFile);
const HOST = path.join(import.meta.dirname, "nodejsHost.ts");

interface Planned {
  readonly op: string;
  readonly urn: string;
  readonly inputs: unknown;
}
/** The JSON digest leaves out the providers that nobody declared. */
const isDeclared = ({ urn }: Planned) => !/::pulumi:providers:\w+::default/.test(urn);
const SECRET = "4dabf18193072939515e22adb298388d";
/** What may differ between two runs: the names that providers make up, and how a secret is shown. */
const comparable = (inputs: unknown): unknown =>
  JSON.parse(
    JSON.stringify(inputs, (_, value) =>
      typeof value === "object" && value !== null && SECRET in value ? "[secret]" : value,
    ).replace(/-[0-9a-f]{7}"/g, '-made-up"'),
  );
const byUrn = (a: Planned, b: Planned) => a.urn.localeCompare(b.urn);

const directory = await mkdtemp(path.join(tmpdir(), "ordinary-"));
const providers = await Providers.start({
  faults: new Faults(),
  regions: { primary: "us-east-1", secondary: "us-west-2", witness: "us-east-2" },
  accountId: "123456789012",
  invocations: {
    "aws:dynamodb/getTableItem:getTableItem": async () => {
      throw new Error("reading DynamoDB Table Item (t|region|0): empty result");
    },
  },
});
const command = await engine();
await writeProject({ directory, dns: "route53", shards: 2 });
// A host that comes with the CLI is taken first; this one stands in where there is none.
const host = path.join(directory, "pulumi-language-nodejs");
await writeFile(host, `#!/bin/sh\nexec "${process.execPath}" "${HOST}" "$@"\n`);
await chmod(host, 0o755);
const environment = {
  HOME: directory,
  PATH: [path.dirname(command.command), path.dirname(process.execPath), process.env["PATH"], directory].join(
    path.delimiter,
  ),
  PULUMI_HOME: path.join(directory, "home"),
  PULUMI_BACKEND_URL: `file://${directory}`,
  PULUMI_CONFIG_PASSPHRASE: "sandbox",
  PULUMI_DEBUG_PROVIDERS: providers.debugProviders,
  PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
  PULUMI_SKIP_UPDATE_CHECK: "true",
};

const pulumi = async (...words: string[]): Promise<string> =>
  (await run(command.command, words, { cwd: directory, env: environment, maxBuffer: 2 ** 27 })).stdout;

async function ordinary(stack: string): Promise<readonly Planned[]> {
  const { steps } = JSON.parse(await pulumi("preview", "--stack", stack, "--json")) as {
    steps: { op: string; urn: string; newState?: { inputs?: unknown } }[];
  };
  return steps
    .map(({ op, urn, newState }) => ({ op, urn, inputs: comparable(newState?.inputs ?? {}) }))
    .sort(byUrn);
}

async function inline(stack: string): Promise<readonly Planned[]> {
  const opened = await LocalWorkspace.selectStack(
    { stackName: stack, projectName: "trading-platform", program },
    { workDir: directory, pulumiCommand: command, envVars: environment },
  );
  const planned: Planned[] = [];
  const note = ({ resourcePreEvent }: EngineEvent) => {
    const metadata = resourcePreEvent?.metadata;
    if (metadata !== undefined)
      planned.push({ op: metadata.op, urn: metadata.urn, inputs: comparable(metadata.new?.inputs ?? {}) });
  };
  await hosted(() => opened.preview({ onEvent: note }));
  return planned.filter(isDeclared).sort(byUrn);
}

test.after.always(async () => {
  await providers.close();
  await rm(directory, { recursive: true });
});

for (const stack of STACKS) {
  test.serial(`an ordinary pulumi preview of ${stack} plans what the inline program plans`, async (t) => {
    await pulumi("stack", "init", stack);
    const planned = await ordinary(stack);
    t.true(planned.length > 100);
    t.deepEqual(planned, await inline(stack));
  });
}
