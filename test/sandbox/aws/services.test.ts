/** What the readiness check asks AWS, as the sandbox answers it: held against AWS' own service models. */
import test from "ava";
import type { Region } from "../../../components/model.ts";
import { createAcm } from "../../../sandbox/aws/acm.ts";
import { createEcr } from "../../../sandbox/aws/ecr.ts";
import { createKms } from "../../../sandbox/aws/kms.ts";
import { createMonitoring } from "../../../sandbox/aws/monitoring.ts";
import type { AwsService } from "../../../sandbox/aws/protocol.ts";
import { createQuotas } from "../../../sandbox/aws/quotas.ts";
import type { Properties } from "../../../sandbox/cloud/behaviour.ts";
import { ImageRegistry } from "../../../sandbox/compute/images.ts";
import { type Location, Registry } from "../../../sandbox/providers/registry.ts";
import { assertShapes } from "../../automation/bootstrap/shapes.ts";

const ACCOUNT = "123456789012";
const WEST: Region = "us-west-2";
const DIGEST = `sha256:${"0".repeat(64)}`;

function having(type: string, region: Location, id: string, outputs: Properties, inputs: Properties = {}) {
  const registry = new Registry();
  registry.put({ type, region, id, urn: `urn::${type}`, inputs, outputs });
  return registry;
}

/** Asks by JSON RPC; both ways must be as AWS describes them. */
async function ask(service: AwsService, target: string, input: object, region: Region = WEST) {
  const { status, body } = await service.handle({
    from: "internet",
    ...{ region, method: "POST", path: "/", query: new URLSearchParams() },
    headers: { "x-amz-target": target },
    body: Buffer.from(JSON.stringify(input)),
    signal: AbortSignal.timeout(1_000),
  });
  const answer = JSON.parse(String(body)) as Record<string, unknown>;
  assertShapes(target, input, status, answer);
  return status === 200 ? answer : answer["__type"];
}

test("an image is in the registry of a region that has its repository, until it is deleted there", async (t) => {
  const images = new ImageRegistry([{ repository: "workload", digests: [DIGEST], command: ["node"] }]);
  const repositoryUrl = `${ACCOUNT}.dkr.ecr.${WEST}.amazonaws.com/exchange/workload`;
  const registry = having("aws:ecr/repository:Repository", WEST, "exchange/workload", {
    ...{ name: "exchange/workload", repositoryUrl },
  });
  const ecr = createEcr({ accountId: ACCOUNT, registry, images });
  const describe = (region: Region, imageDigest: string) =>
    ask(
      ecr,
      "AmazonEC2ContainerRegistry_V20150921.DescribeImages",
      { registryId: ACCOUNT, repositoryName: "exchange/workload", imageIds: [{ imageDigest }] },
      region,
    );
  t.deepEqual(await describe(WEST, DIGEST), {
    imageDetails: [{ registryId: ACCOUNT, repositoryName: "exchange/workload", imageDigest: DIGEST }],
  });
  t.is(await describe(WEST, DIGEST.replace("0", "1")), "ImageNotFoundException");
  t.is(await describe("us-east-1", DIGEST), "RepositoryNotFoundException");

  await ask(ecr, "AmazonEC2ContainerRegistry_V20150921.BatchDeleteImage", {
    ...{ repositoryName: "exchange/workload", imageIds: [{ imageDigest: DIGEST }] },
  });
  t.is(await describe(WEST, DIGEST), "ImageNotFoundException");
  t.is(images.resolve(`${repositoryUrl}@${DIGEST}`), undefined, "no node can pull it any more");
  const elsewhere = repositoryUrl.replace(WEST, "us-east-1");
  t.not(images.resolve(`${elsewhere}@${DIGEST}`), undefined, "the other region still has it");
});

test("a certificate is issued once its proof is in DNS, and the provider does not wait for ever", async (t) => {
  const arn = `arn:aws:acm:${WEST}:${ACCOUNT}:certificate/1`;
  const proof = { resourceRecordName: "_x.exchange.example.com.", resourceRecordValue: "_y.aws." };
  const registry = having(
    ...(["aws:acm/certificate:Certificate", WEST, arn, { domainValidationOptions: [proof] }] as const),
    { domainName: "exchange.example.com" },
  );
  const { aws, behaviours } = createAcm(registry);
  const validate = () =>
    behaviours["aws:acm/certificateValidation:CertificateValidation"]?.create?.(
      { certificateArn: arn },
      { region: WEST, type: "", urn: "" },
    );
  const describe = () => ask(aws, "CertificateManager.DescribeCertificate", { CertificateArn: arn });

  await t.throwsAsync(async () => await validate(), {
    message: /no CNAME record _x\.exchange\.example\.com$/,
  });
  t.like(await describe(), { Certificate: { Status: "PENDING_VALIDATION" } });

  registry.put({
    ...{ type: "aws:route53/record:Record", region: "global", id: "r", urn: "", outputs: {} },
    inputs: { name: "_x.exchange.example.com", records: ["_y.aws"] },
  });
  await validate();
  const { Certificate } = (await describe()) as {
    Certificate: { Status: string; NotBefore: number; NotAfter: number };
  };
  t.is(Certificate.Status, "ISSUED");
  t.is((Certificate.NotAfter - Certificate.NotBefore) / 86_400, 198);
  const unknown = { CertificateArn: `${arn}2` };
  t.is(await ask(aws, "CertificateManager.DescribeCertificate", unknown), "ResourceNotFoundException");
});

test("a key that the program made tells its state: scheduled for deletion, disabled when that is cancelled", async (t) => {
  const arn = `arn:aws:kms:${WEST}:${ACCOUNT}:key/mrk-1`;
  const registry = having("aws:kms/replicaKey:ReplicaKey", WEST, "mrk-1", { arn });
  const kms = createKms({ accountId: ACCOUNT, alias: "alias/state", registry });
  const state = async (KeyId: string, region: Region = WEST) => {
    const answer = await ask(kms, "TrentService.DescribeKey", { KeyId }, region);
    return typeof answer === "object" && answer !== null
      ? (answer as { KeyMetadata: { KeyState: string } }).KeyMetadata.KeyState
      : answer;
  };
  t.is(await state("mrk-1"), "Enabled");
  t.is(await state("mrk-1", "us-east-1"), "NotFoundException", "a key is its region's own");
  await ask(kms, "TrentService.ScheduleKeyDeletion", { KeyId: "mrk-1", PendingWindowInDays: 7 });
  t.is(await state(arn), "PendingDeletion");
  await ask(kms, "TrentService.CancelKeyDeletion", { KeyId: arn });
  t.is(await state("mrk-1"), "Disabled");
  await ask(kms, "TrentService.EnableKey", { KeyId: "mrk-1" });
  t.is(await state("mrk-1"), "Enabled");
});

test("a quota is the account's where it asked for more; every other has its default alone", async (t) => {
  const quotas = createQuotas();
  const get = async (operation: string, ServiceCode: string, QuotaCode: string) => {
    const answer = await ask(quotas, `ServiceQuotasV20190624.${operation}`, { ServiceCode, QuotaCode });
    return typeof answer === "object" && answer !== null
      ? (answer as { Quota: { Value: number } }).Quota.Value
      : answer;
  };
  t.is(await get("GetServiceQuota", "ec2", "L-0263D0A3"), 20);
  t.is(await get("GetServiceQuota", "vpc", "L-F678F1CE"), "NoSuchResourceException");
  t.is(await get("GetAWSDefaultServiceQuota", "vpc", "L-F678F1CE"), 5);
});

test("a metric is measured when it is asked for; what nothing measures has no data point", async (t) => {
  const monitoring = createMonitoring({
    "AWS/RDS/Lag": async ({ Cluster }, region) => (Cluster === "x" && region === WEST ? 42 : undefined),
  });
  const query = (Id: string, MetricName: string, Value: string) => ({
    Id,
    MetricStat: {
      ...{ Period: 60, Stat: "Maximum" },
      Metric: { Namespace: "AWS/RDS", MetricName, Dimensions: [{ Name: "Cluster", Value }] },
    },
  });
  const { MetricDataResults } = (await ask(monitoring, "GraniteServiceVersion20100801.GetMetricData", {
    ...{ StartTime: 1, EndTime: 2 },
    MetricDataQueries: [query("a", "Lag", "x"), query("b", "Lag", "y"), query("c", "CPU", "x")],
  })) as { MetricDataResults: readonly { Id: string; Values: readonly number[] }[] };
  t.deepEqual(
    MetricDataResults.map(({ Id, Values }) => [Id, Values]),
    [
      ["a", [42]],
      ["b", []],
      ["c", []],
    ],
  );
});
