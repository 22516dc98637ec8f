/** Gateway and engine of one shard as processes, over dynalite, with real HTTP. */
import { PutItemCommand } from "@aws-sdk/client-dynamodb";
import type { ExecutionContext } from "ava";
import { type ControlItem, controlKey } from "../../../journal/index.ts";
import { type Cloud, openCloud, TABLE } from "./cloud.ts";
import { answers, freePort, type Running, startProgram } from "./programs.ts";

export const TOKEN = "smoke-secret";

export interface Platform {
  readonly cloud: Cloud;
  readonly gateway: Running;
  engine: Running;
  startEngine(): Running;
  call(
    method: string,
    path: string,
    body?: object,
    token?: string,
  ): Promise<{ status: number; body: unknown }>;
}

const setControl = (cloud: Cloud, { region, traffic, maintenance }: ControlItem) =>
  cloud.client.send(
    new PutItemCommand({
      TableName: TABLE,
      Item: {
        pk: { S: controlKey(region) },
        sk: { N: "0" },
        traffic: { S: traffic },
        maintenance: { S: maintenance },
      },
    }),
  );

/** @param given with a journal already; the platform closes it */
export async function openPlatform(t: ExecutionContext, given?: Cloud): Promise<Platform> {
  const cloud = given ?? (await openCloud());
  await setControl(cloud, { region: "us-east-1", traffic: "on", maintenance: "off" });
  const [enginePort, gatewayPort] = [await freePort(), await freePort()];
  const processes: Running[] = [];
  const keep = (running: Running) => {
    processes.push(running);
    return running;
  };
  const startEngine = () => keep(startProgram("engine", cloud, enginePort, { SHARD: "0" }));
  const engine = startEngine();
  const gateway = keep(
    startProgram("gateway", cloud, gatewayPort, {
      SMOKE_TOKEN: TOKEN,
      DRAIN_SECONDS: "0",
    }),
  );
  t.teardown(async () => {
    for (const { process } of processes) process.kill("SIGKILL");
    await cloud.close();
  });
  t.true(await answers(`${gateway.url}/active`, 200), `${engine.stderr()}${gateway.stderr()}`);
  return {
    cloud,
    gateway,
    engine,
    startEngine,
    async call(method, path, body, token) {
      const response = await fetch(`${gateway.url}${path}`, {
        method,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      });
      return { status: response.status, body: await response.json() };
    },
  };
}
