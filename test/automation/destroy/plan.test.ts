import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import test from "ava";
import { destroyPlan } from "../../../automation/destroy/destroy.ts";
import { guardsOf } from "../../../automation/destroy/guards.ts";
import { destroySteps } from "../../../automation/destroy/plan.ts";
import { render } from "../../../automation/destroy/render.ts";
import { readSettings } from "../../../automation/settings.ts";
import { parseConfig } from "../../../stacks/config.ts";
import { rawConfig } from "../../stacks/stackFile.ts";

const ROOT = path.join(import.meta.dirname, "../../..");
const resource = (type: string, inputs: Record<string, unknown>, protect = false) => ({
  urn: `urn:pulumi:prod::trading-platform::${type}::it`,
  type,
  inputs,
  outputs: {},
  protect,
});

test("guards are what the state says, each in words; what nothing guards is not listed", (t) => {
  t.deepEqual(
    guardsOf([
      resource("aws:rds/cluster:Cluster", { deletionProtection: true, skipFinalSnapshot: false }, true),
      resource("aws:kms/key:Key", { deletionWindowInDays: 30 }, true),
      resource("aws:s3/bucket:Bucket", { objectLockEnabled: true }),
      resource("aws:ec2/subnet:Subnet", { deletionProtection: false }),
    ]).map(({ type, by }) => [type, by.join("; ")]),
    [
      [
        "aws:rds/cluster:Cluster",
        "Pulumi's protect; the service's deletion protection; a final snapshot, which is paid for until it is deleted",
      ],
      ["aws:kms/key:Key", "Pulumi's protect; a waiting time of 30 days"],
      ["aws:s3/bucket:Bucket", "Object Lock: objects stay until their retention ends"],
    ],
  );
});

test("an adopted cluster keeps its protection", async (t) => {
  const config = parseConfig(await rawConfig("prod"), "prod");
  const existing = { primary: undefined, secondary: { name: "platform", nodeGroups: {} } };
  const eks = destroySteps({ ...config, cluster: { ...config.cluster, existing } })
    .flatMap(({ commands }) => commands)
    .filter((command) => command.startsWith("aws eks "));
  t.deepEqual(eks, [
    "aws eks update-cluster-config --region us-east-1 --name exchange-us-east-1 --no-deletion-protection",
  ]);
});

test("the order: copies before all, dr before prod, secondary before primary, the state last", async (t) => {
  const steps = destroySteps(parseConfig(await rawConfig("prod"), "prod"));
  t.deepEqual(
    steps.map(({ title }) => title),
    [
      "Stop taking orders",
      "Take the last copies out of the account",
      "Take the break-glass role",
      "Detach the secondary database in us-west-2 and lift its protection",
      "Unprotect and destroy stack dr",
      "Make a single-region table of the journal",
      "Detach the primary database in us-east-1 and lift both protections",
      "Unprotect and destroy stack prod",
      "Empty and delete the buckets when their retention ends",
      "Delete the state, its key and the roles, last",
    ],
  );
  t.is(
    steps[5]?.commands[0],
    `aws dynamodb update-table --region us-east-1 --table-name exchange-journal --replica-updates '[{"Delete":{"RegionName":"us-west-2"}}]' --global-table-witness-updates '[{"Delete":{"RegionName":"us-east-2"}}]'`,
  );
});

test("guards come from the state; without one they are unknown, and the order is told all the same", async (t) => {
  const directory = await mkdtemp(path.join(tmpdir(), "destroy-"));
  t.teardown(() => rm(directory, { recursive: true, force: true }));
  for (const file of ["Pulumi.yaml", "Pulumi.prod.yaml"])
    await cp(path.join(ROOT, file), path.join(directory, file));
  const settings = (backend: string) =>
    readSettings({ DR_PROJECT_DIR: directory, PULUMI_BACKEND_URL: backend }, "/");
  const stacks = path.join(directory, ".pulumi/stacks/trading-platform");
  await mkdir(stacks, { recursive: true });
  const resources = [resource("aws:dynamodb/table:Table", { deletionProtectionEnabled: true }, true)];
  await writeFile(path.join(stacks, "prod.json"), JSON.stringify({ checkpoint: { latest: { resources } } }));
  const plan = await destroyPlan(settings(`file://${directory}`));
  t.deepEqual(plan.guarded, {
    prod: [
      {
        type: "aws:dynamodb/table:Table",
        name: "it",
        by: ["Pulumi's protect", "the service's deletion protection"],
      },
    ],
    dr: [],
  });
  const blind = render(await destroyPlan(settings("")));
  t.regex(blind, /^Nothing is destroyed by this command, nor by any other of dr\.\n/);
  t.regex(blind, /stack prod\n {4}unknown \(PULUMI_BACKEND_URL is not set/);
  t.regex(blind, /10\. Delete the state, its key and the roles, last/);
});
