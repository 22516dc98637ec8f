/** Programs as the orchestrator starts them: one process each, told everything by its environment. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { Program } from "../../../workload/settings.ts";
import { type Cloud, TABLE } from "./cloud.ts";

export interface Running {
  readonly process: ChildProcess;
  readonly url: string;
  /** Lines of its log so far. */
  readonly log: string[];
  readonly stderr: () => string;
  /** Resolves with exit code or signal. */
  readonly exit: Promise<number | string>;
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export function startProgram(
  program: Program,
  cloud: Cloud,
  port: number,
  own: Readonly<Record<string, string>> = {},
): Running {
  const child = spawn(process.execPath, ["workload/main.ts", program], {
    env: {
      REGION: "us-east-1",
      AWS_REGION: "us-east-1",
      PRIMARY_REGION: "us-east-1",
      JOURNAL_TABLE: TABLE,
      SHARDS: "1",
      WINDOW: "16",
      CHECKPOINT_BUCKET: "checkpoints",
      ARCHIVE_BUCKET: "archive",
      POD_IP: "127.0.0.1",
      POD_NAME: `${program}-test`,
      PORT: String(port),
      ...cloud.environment,
      ...own,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const log: string[] = [];
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => log.push(...chunk.toString().trimEnd().split("\n")));
  child.stderr.on("data", (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const exit = once(child, "exit").then(([code, signal]) => (code ?? signal) as number | string);
  return { process: child, url: `http://127.0.0.1:${port}`, log, stderr: () => stderr, exit };
}

/** Asks until the status is as wanted; false when it is not within `withinMs`. */
export async function answers(url: string, wanted: number, withinMs = 30_000): Promise<boolean> {
  for (const end = Date.now() + withinMs; Date.now() < end; await sleep(50)) {
    const status = await fetch(url).then(
      async (response) => {
        await response.arrayBuffer();
        return response.status;
      },
      () => 0,
    );
    if (status === wanted) return true;
  }
  return false;
}
