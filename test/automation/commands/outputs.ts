/** A project directory with a deployed state, without an engine or a cloud. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import type { ExecutionContext } from "ava";
import type { StackName } from "../../../components/model.ts";
import type { StackOutputs } from "../../../stacks/outputs.ts";

export const outputsOf = (stack: StackName): StackOutputs => {
  const region = stack === "prod" ? "us-east-1" : "us-west-2";
  return {
    stack,
    name: "exchange",
    region,
    regions: { primary: "us-east-1", secondary: "us-west-2", witness: "us-east-2" },
    role: stack === "prod" ? "active" : "passive",
    traffic: stack === "prod" ? "on" : "off",
    maintenance: "off",
    acceptGeneration: null,
    commit: "0123456789abcdef0123456789abcdef01234567",
    publicName: "exchange.example.com",
    regionalName: `${region}.exchange.example.com`,
    elasticIps: ["127.0.0.1"],
    listenerPort: 9,
    dns: { provider: "route53", ttlSeconds: 15, healthCheckIntervalSeconds: 10, failureThreshold: 3 },
    journalTable: "exchange-journal",
    journalIncarnation: 0,
    shards: 2,
    window: 16,
    archiveBucket: "archive",
    checkpointBucket: "checkpoints",
    globalClusterId: "exchange",
    databaseClusterId: `exchange-${region}`,
    databaseIncarnation: 0,
    databaseClusterArn: `arn:aws:rds:${region}:123456789012:cluster:exchange-${region}`,
    databaseEndpoint: "127.0.0.1",
    cluster: { name: "exchange", endpoint: "http://127.0.0.1:9", certificateAuthority: "" },
    namespace: "exchange",
    deployments: [{ name: "gateway", service: "gateway", shard: null, replicas: 3, alwaysOn: false }],
  };
};

/** Each stack's state holds its outputs; a stack that is not named has none. */
export async function projectWith(
  t: ExecutionContext,
  stacks: readonly StackName[],
  change: Partial<StackOutputs> = {},
): Promise<string> {
  const directory = await mkdtemp(path.join(tmpdir(), "dr-project-"));
  t.teardown(() => rm(directory, { recursive: true, force: true }));
  await writeFile(path.join(directory, "Pulumi.yaml"), "name: trading-platform\n");
  const folder = path.join(directory, "state/.pulumi/stacks/trading-platform");
  await mkdir(folder, { recursive: true });
  for (const stack of stacks) {
    const outputs = { ...outputsOf(stack), ...change };
    const resources = [{ urn: "urn:stack", type: "pulumi:pulumi:Stack", outputs }];
    await writeFile(
      path.join(folder, `${stack}.json`),
      JSON.stringify({ version: 3, checkpoint: { latest: { resources } } }),
    );
  }
  return directory;
}

/** A DynamoDB that knows one item: the decision. */
export async function tableWith(t: ExecutionContext, item: object | undefined): Promise<string> {
  const server = createServer((request, response) => {
    request.resume();
    response.setHeader("content-type", "application/x-amz-json-1.0");
    response.end(JSON.stringify(item === undefined ? {} : { Item: item }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
