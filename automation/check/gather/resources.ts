/** What AWS says of the resources that the passive stack's state names: images, keys, certificate, quotas, backups. */
import { z } from "zod";
import type { Region } from "../../../components/model.ts";
import type { AwsCalls } from "../../adapters/aws-call.ts";
import { DEPLOYMENT_TYPE } from "../../adapters/plan-check.ts";
import { ELASTIC_IPS, type QuotaCode, quotaValue, STANDARD_VCPUS } from "../../adapters/quotas.ts";
import type { StateResource } from "../../adapters/state.ts";
import { fact } from "../../fact.ts";
import { vcpusOf } from "../../instance-size.ts";
import type { Backup, Certificate, ImagePresence, KeyState, Quota, RestoreTest } from "../facts.ts";

/** A stack's resources and where to ask about them. */
export interface Asked {
  readonly calls: AwsCalls;
  readonly region: Region;
  readonly resources: readonly StateResource[];
}

const ofType = (resources: readonly StateResource[], ...types: readonly string[]): readonly StateResource[] =>
  resources.filter(({ type }) => types.includes(type));

const podTemplate = z.object({
  spec: z.object({
    template: z.object({ spec: z.object({ containers: z.array(z.object({ image: z.string() })) }) }),
  }),
});

export async function imagePresence(asked: Asked): Promise<readonly ImagePresence[]> {
  const deployments = ofType(asked.resources, DEPLOYMENT_TYPE);
  const images = deployments.flatMap(({ inputs }) =>
    podTemplate.parse(inputs).spec.template.spec.containers.map(({ image }) => image),
  );
  return await Promise.all(
    [...new Set(images)].map(async (image) => ({
      image,
      present: await fact(() => isPresent(image, asked)),
    })),
  );
}

/** https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeImages.html */
async function isPresent(image: string, { calls, region }: Asked): Promise<boolean> {
  const [, registryId, where, repositoryName, imageDigest] =
    /^(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.[^/]+\/(.+)@(sha256:[0-9a-f]{64})$/.exec(image) ?? [];
  if (where !== region) throw new Error(`${image} is not in the registry of ${region}`);
  try {
    await calls.rpc("ecr", region, "DescribeImages", {
      registryId,
      repositoryName,
      imageIds: [{ imageDigest }],
    });
    return true;
  } catch (error) {
    const name = error instanceof Error ? error.name : "";
    if (name === "ImageNotFoundException" || name === "RepositoryNotFoundException") return false;
    throw error;
  }
}

const keyAnswer = z.object({ KeyMetadata: z.object({ KeyState: z.string() }) });

export async function keyStates({ calls, region, resources }: Asked): Promise<readonly KeyState[]> {
  const keys = ofType(resources, "aws:kms/key:Key", "aws:kms/replicaKey:ReplicaKey");
  return await Promise.all(
    keys.map(async ({ id = "" }) => {
      const answer = keyAnswer.parse(await calls.rpc("kms", region, "DescribeKey", { KeyId: id }));
      return { id, state: answer.KeyMetadata.KeyState };
    }),
  );
}

/** Times in JSON RPC answers are seconds since 1970. */
const certificateAnswer = z.object({
  Certificate: z.object({ Status: z.string(), NotAfter: z.number().optional() }),
});

export async function certificateOf({ calls, region, resources }: Asked): Promise<Certificate> {
  const [found] = ofType(resources, "aws:acm/certificate:Certificate");
  if (found?.id === undefined) throw new Error("the stack has no certificate");
  const answer = await calls.rpc("acm", region, "DescribeCertificate", { CertificateArn: found.id });
  const { Status, NotAfter } = certificateAnswer.parse(answer).Certificate;
  return { status: Status, expiresAt: NotAfter === undefined ? null : NotAfter * 1000 };
}

const nodeGroup = z.object({
  instanceTypes: z.array(z.string()).min(1),
  scalingConfig: z.object({ maxSize: z.number() }),
});

export async function quotas({ calls, region, resources }: Asked): Promise<readonly Quota[]> {
  const limit = async (code: QuotaCode): Promise<number> => {
    const value = await quotaValue(calls, region, code);
    if (value === undefined) throw new Error(`the quota ${code.code} has no value in ${region}`);
    return value;
  };
  const groups = ofType(resources, "aws:eks/nodeGroup:NodeGroup").map(({ inputs }) =>
    nodeGroup.parse(inputs),
  );
  const cores = groups.reduce((sum, { instanceTypes: [type = ""], scalingConfig }) => {
    const each = vcpusOf(type);
    if (each === undefined) throw new Error(`how many vCPUs ${type} has is not known here`);
    return sum + scalingConfig.maxSize * each;
  }, 0);
  const addresses = ofType(resources, "aws:ec2/eip:Eip").length;
  const [coreLimit, addressLimit] = await Promise.all([limit(STANDARD_VCPUS), limit(ELASTIC_IPS)]);
  return [
    { title: "vCPUs of running on-demand instances", limit: coreLimit, needed: cores },
    { title: "Elastic IPs", limit: addressLimit, needed: addresses },
  ];
}

const vault = z.object({ name: z.string() });
const selection = z.object({ resources: z.array(z.string()).default([]) });
const recoveryPoints = z.object({
  RecoveryPoints: z
    .array(z.object({ ResourceArn: z.string(), CreationDate: z.number(), Status: z.string() }))
    .default([]),
});

/** https://docs.aws.amazon.com/aws-backup/latest/devguide/API_ListRecoveryPointsByBackupVault.html */
export async function newestBackups({ calls, region, resources }: Asked): Promise<readonly Backup[]> {
  const [found] = ofType(resources, "aws:backup/vault:Vault");
  if (found === undefined) throw new Error("the stack has no backup vault");
  const selected = ofType(resources, "aws:backup/selection:Selection");
  const wanted = selected.flatMap(({ inputs }) => selection.parse(inputs).resources);
  if (wanted.length === 0) throw new Error("the stack's backup plan selects nothing");
  const { name } = vault.parse(found.outputs);
  const path = `/backup-vaults/${encodeURIComponent(name)}/recovery-points/?maxResults=1000`;
  const answers = await calls.pages("backup", region, path);
  const complete = answers
    .flatMap((answer) => recoveryPoints.parse(answer).RecoveryPoints)
    .filter(({ Status }) => Status === "COMPLETED");
  return wanted.map((resource) => {
    const times = complete
      .filter(({ ResourceArn }) => ResourceArn === resource)
      .map(({ CreationDate }) => CreationDate);
    return { resource, at: times.length === 0 ? null : Math.max(...times) * 1000 };
  });
}

const restoreJobs = z.object({
  RestoreJobs: z
    .array(
      z.object({
        ...{ CreationDate: z.number(), CompletionDate: z.number().optional() },
        ...{ Status: z.string(), CreatedBy: z.unknown().optional() },
        ResourceType: z.string().default("unknown kind"),
      }),
    )
    .default([]),
});
const UNDER_WAY = ["PENDING", "RUNNING"];

/**
 * AWS Backup promises no order: the newest may be on the last page.
 * https://docs.aws.amazon.com/aws-backup/latest/devguide/API_ListRestoreJobs.html
 */
export async function lastRestoreTests({ calls, region }: Asked): Promise<readonly RestoreTest[]> {
  const answers = await calls.pages("backup", region, "/restore-jobs/?maxResults=1000");
  // Only a restore-testing plan says who created the job.
  const tests = answers
    .flatMap((answer) => restoreJobs.parse(answer).RestoreJobs)
    .filter(({ CreatedBy, Status }) => CreatedBy !== undefined && !UNDER_WAY.includes(Status))
    .toSorted((a, b) => b.CreationDate - a.CreationDate);
  return [...Map.groupBy(tests, ({ ResourceType }) => ResourceType)].flatMap(([kind, [last]]) => {
    if (last === undefined) return [];
    const { CreationDate, CompletionDate, Status } = last;
    const seconds = CompletionDate === undefined ? null : CompletionDate - CreationDate;
    return [{ kind, at: CreationDate * 1000, status: Status, seconds }];
  });
}

const metricAnswer = z.object({ MetricDataResults: z.array(z.object({ Values: z.array(z.number()) })) });

/** `AuroraGlobalDBReplicationLag` in the secondary's region, newest minute, in seconds. */
export async function databaseLag(
  { calls, region }: Pick<Asked, "calls" | "region">,
  cluster: string,
  now: number,
): Promise<number> {
  const answer = metricAnswer.parse(
    await calls.rpc("cloudwatch", region, "GetMetricData", {
      StartTime: Math.floor(now / 1000) - 600,
      EndTime: Math.ceil(now / 1000),
      ScanBy: "TimestampDescending",
      MetricDataQueries: [
        {
          Id: "lag",
          MetricStat: {
            Metric: {
              Namespace: "AWS/RDS",
              MetricName: "AuroraGlobalDBReplicationLag",
              Dimensions: [{ Name: "DBClusterIdentifier", Value: cluster }],
            },
            Period: 60,
            Stat: "Maximum",
          },
        },
      ],
    }),
  );
  const newest = answer.MetricDataResults[0]?.Values[0];
  if (newest === undefined) throw new Error("CloudWatch has no replication lag of the last ten minutes");
  return newest / 1000;
}
