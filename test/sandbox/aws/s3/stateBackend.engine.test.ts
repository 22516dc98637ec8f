import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { ListObjectsV2Command, PutObjectCommand } from "@aws-sdk/client-s3";
import * as pulumi from "@pulumi/pulumi";
import { LocalWorkspace, type PulumiCommand } from "@pulumi/pulumi/automation/index.js";
import test, { type ExecutionContext } from "ava";
import { engine } from "../../../../automation/engine.ts";
import { INTERNET } from "../../../../sandbox/faults.ts";
import { CREDENTIALS, startS3 } from "../fixtures.ts";

const run = promisify(execFile);

async function start(t: ExecutionContext) {
  const aws = await startS3();
  const directory = await mkdtemp(path.join(tmpdir(), "state-backend-"));
  t.teardown(async () => {
    await aws.close();
    await rm(directory, { recursive: true });
  });
  aws.s3.createBucket("us-east-2", "state");
  const { host, port } = aws.edges.address(INTERNET);
  const backend = `s3://state?region=us-east-2&endpoint=${host}:${port}&disableSSL=true&s3ForcePathStyle=true`;
  const environment = {
    PATH: process.env["PATH"] ?? "",
    HOME: directory,
    PULUMI_HOME: path.join(directory, "home"),
    PULUMI_BACKEND_URL: backend,
    PULUMI_CONFIG_PASSPHRASE: "test",
    PULUMI_SKIP_UPDATE_CHECK: "true",
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
  };
  await writeFile(path.join(directory, "Pulumi.yaml"), "name: backend\nruntime: nodejs\n");
  const keys = async (): Promise<readonly string[]> => {
    const { Contents = [] } = await aws
      .client("us-east-2")
      .send(new ListObjectsV2Command({ Bucket: "state" }));
    return Contents.map(({ Key }) => Key ?? "");
  };
  return { ...aws, directory, backend, environment, keys, command: await engine() };
}

async function cli(command: PulumiCommand, directory: string, env: NodeJS.ProcessEnv, ...args: string[]) {
  return await run(command.command, [...args, "--non-interactive"], { cwd: directory, env, timeout: 60_000 });
}

test("the real engine keeps a stack in S3: login, stack, update, lock, refusal while locked, removal", async (t) => {
  const { directory, backend, environment, keys, command, client } = await start(t);
  await cli(command, directory, environment, "login", backend);
  let locksDuringUpdate: readonly string[] = [];
  const stack = await LocalWorkspace.createOrSelectStack(
    {
      stackName: "prod",
      projectName: "backend",
      program: async () => {
        locksDuringUpdate = (await keys()).filter((key) => key.includes("/locks/"));
        new pulumi.ComponentResource("test:index:Nothing", "nothing");
        return { answer: 42 };
      },
    },
    { workDir: directory, pulumiCommand: command, envVars: environment },
  );
  const { summary, outputs } = await stack.up();
  t.is(summary.result, "succeeded");
  t.is(outputs["answer"]?.value, 42);
  t.is(locksDuringUpdate.length, 1, "the stack is locked while it is updated");
  t.true((await keys()).includes(".pulumi/stacks/backend/prod.json"));
  t.deepEqual(
    (await keys()).filter((key) => key.includes("/locks/")),
    [],
    "and unlocked afterwards",
  );

  const lock = { pid: 1, username: "someone", hostname: "elsewhere", timestamp: new Date().toISOString() };
  const Key = ".pulumi/locks/organization/backend/prod/0000.json";
  await client("us-east-2").send(new PutObjectCommand({ Bucket: "state", Key, Body: JSON.stringify(lock) }));
  await t.throwsAsync(stack.up(), { message: /the stack is currently locked by 1 lock\(s\)/ });
  await stack.cancel();
  t.is((await stack.preview()).changeSummary["same"], 2);

  await stack.destroy();
  await stack.workspace.removeStack("prod");
  t.deepEqual(
    (await keys()).filter((key) => key.endsWith("/prod.json")),
    [],
  );
});

test("the state backend dies with its region and is whole when it returns", async (t) => {
  const { directory, backend, environment, command, faults } = await start(t);
  await cli(command, directory, environment, "login", backend);
  await cli(command, directory, environment, "stack", "init", "dr");
  faults.setPlace("us-east-2", "cut");
  await t.throwsAsync(cli(command, directory, environment, "stack", "ls"));
  faults.heal();
  const { stdout } = await cli(command, directory, environment, "stack", "ls", "--json");
  t.deepEqual(
    (JSON.parse(stdout) as { name: string }[]).map(({ name }) => name),
    ["dr"],
  );
});
