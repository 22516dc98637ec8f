import test from "ava";
import type { Region } from "../../../components/model.ts";
import { Backups, type Snapshot } from "../../../sandbox/aws/backup.ts";
import type { Properties } from "../../../sandbox/cloud/behaviour.ts";
import { Registry } from "../../../sandbox/providers/registry.ts";

const [EAST, WEST] = ["us-east-1", "us-west-2"] as const;
const DATABASE = `arn:aws:rds:${WEST}:1:cluster:exchange`;
const TABLE = `arn:aws:dynamodb:${WEST}:1:table/journal`;
const vaultArn = (region: Region) => `arn:aws:backup:${region}:1:backup-vault:exchange`;

/** A plan in the west over database and table, copied to the east; restore tests of both. */
function backups(snapshot: (arn: string) => Promise<Snapshot>) {
  const registry = new Registry();
  const put = (type: string, region: Region, id: string, inputs: Properties, outputs: Properties = {}) =>
    registry.put({ type: `aws:backup/${type}`, region, id, urn: id, inputs, outputs });
  for (const region of [EAST, WEST])
    put("vault:Vault", region, "exchange", { name: "exchange" }, { arn: vaultArn(region) });
  const elsewhere = "arn:aws:backup:eu-west-1:2:backup-vault:other";
  const copyActions = [{ destinationVaultArn: vaultArn(EAST) }, { destinationVaultArn: elsewhere }];
  put("plan:Plan", WEST, "plan-1", { rules: [{ targetVaultName: "exchange", copyActions }] });
  put("selection:Selection", WEST, "s", { planId: "plan-1", resources: [DATABASE, TABLE] });
  const recoveryPointSelection = { includeVaults: [vaultArn(WEST)] };
  put(
    "restoreTestingPlan:RestoreTestingPlan",
    WEST,
    "weekly",
    { recoveryPointSelection },
    { arn: "arn:plan" },
  );
  for (const [kind, arn] of [
    ["Aurora", DATABASE],
    ["DynamoDB", TABLE],
  ] as const) {
    const inputs = { restoreTestingPlanName: "weekly", protectedResourceArns: [arn] };
    put("restoreTestingSelection:RestoreTestingSelection", WEST, `${kind}:weekly`, inputs);
  }
  const all = new Backups({ registry, snapshot: (_region, arn) => snapshot(arn) });
  const get = async (path: string, region: Region = WEST) => {
    const { status, body } = await all.aws.handle({
      ...{ from: "internet", region, method: "GET", path, query: new URLSearchParams(), headers: {} },
      ...{ body: Buffer.alloc(0), signal: AbortSignal.timeout(1_000) },
    });
    return { status, answer: JSON.parse(String(body)) as Record<string, readonly Properties[]> };
  };
  return { all, get };
}

const VAULT = "/backup-vaults/exchange/recovery-points/";

test("nothing is backed up before its hour; then vault and copy hold it, and a restore was tried", async (t) => {
  const restored: string[] = [];
  const { all, get } = backups(async (arn) => ({
    restore: async () => {
      restored.push(arn);
    },
  }));
  t.deepEqual((await get(VAULT)).answer, { RecoveryPoints: [] });
  t.deepEqual((await get("/restore-jobs/")).answer, { RestoreJobs: [] });

  t.deepEqual(await all.run(), []);
  const resources = async (region: Region) =>
    (await get(VAULT, region)).answer["RecoveryPoints"]?.map(({ ResourceType, Status }) => [
      ResourceType,
      Status,
    ]);
  const both = [
    ["Aurora", "COMPLETED"],
    ["DynamoDB", "COMPLETED"],
  ];
  t.deepEqual(await resources(WEST), both);
  t.deepEqual(await resources(EAST), both, "the vault that is not there gets no copy, and hinders none");
  t.deepEqual(restored, [DATABASE, TABLE]);
  const { answer } = await get("/restore-jobs/");
  t.deepEqual(
    answer["RestoreJobs"]?.map(({ ResourceType, Status, CreatedBy }) => [ResourceType, Status, CreatedBy]),
    [
      ["Aurora", "COMPLETED", { RestoreTestingPlanArn: "arn:plan" }],
      ["DynamoDB", "COMPLETED", { RestoreTestingPlanArn: "arn:plan" }],
    ],
  );
  t.deepEqual((await get("/restore-jobs/", EAST)).answer, { RestoreJobs: [] });
});

test("what cannot be copied has no recovery point, and what cannot be restored a failed test", async (t) => {
  const { all, get } = backups(async (arn) => {
    if (arn === TABLE) throw new Error("no such table");
    return { restore: () => Promise.reject(new Error("invalid checkpoint record")) };
  });
  t.deepEqual(await all.run(), [
    `backup of ${TABLE}: Error: no such table`,
    `restore of ${DATABASE}: Error: invalid checkpoint record`,
  ]);
  const points = (await get(VAULT)).answer["RecoveryPoints"] ?? [];
  t.deepEqual(
    points.map(({ ResourceArn }) => ResourceArn),
    [DATABASE],
  );
  t.like((await get("/restore-jobs/")).answer["RestoreJobs"]?.[0], {
    ...{ ResourceType: "Aurora", Status: "FAILED", StatusMessage: "Error: invalid checkpoint record" },
  });
});

test("a vault that is not there is told so", async (t) => {
  const { get } = backups(async () => ({ restore: async () => {} }));
  const { status, answer } = await get("/backup-vaults/other/recovery-points/");
  t.deepEqual([status, answer], [400, { message: "Backup vault not found: other" } as never]);
});
