import { spawn } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import test from "ava";
import { projectWith } from "./outputs.ts";

const ROOT = path.join(import.meta.dirname, "../../..");

test("a signal to the process of a workflow's step alone reaches the command behind npm, which ends by itself", async (t) => {
  const directory = await projectWith(t, ["prod", "dr"]);
  const locks = path.join(directory, "state/.pulumi/locks/organization/trading-platform/dr");
  await mkdir(locks, { recursive: true });
  const timestamp = new Date().toISOString();
  await writeFile(
    path.join(locks, "1.json"),
    JSON.stringify({ pid: 7, username: "ann", hostname: "ops", timestamp }),
  );
  const child = spawn("bash", ["-e", "-c", "exec npm run -s dr -- deploy --stack dr --yes"], {
    cwd: ROOT,
    env: { ...process.env, DR_PROJECT_DIR: directory, PULUMI_BACKEND_URL: `file://${directory}/state` },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  const waiting = Promise.withResolvers<void>();
  child.stderr.on("data", (text) => {
    said += text;
    if (said.includes("waiting, up to 600 s")) waiting.resolve();
  });
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  await Promise.race([waiting.promise, ended]);
  child.kill("SIGINT");
  t.is(await ended, 130);
  t.regex(said, /\nstopping…\ndr: interrupted; the same command goes on\n$/);
});
