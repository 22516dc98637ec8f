import { spawn } from "node:child_process";
import { tmpdir } from "node:os";
import path from "node:path";
import test from "ava";

const MAIN = path.join(import.meta.dirname, "../../../automation/main.ts");

async function dr(...args: readonly string[]): Promise<{ code: number | null; stderr: string }> {
  const child = spawn(process.execPath, [MAIN, ...args], {
    cwd: tmpdir(),
    env: { PATH: process.env["PATH"], HOME: tmpdir() },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stderr = "";
  child.stderr.on("data", (text) => (stderr += text));
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { code, stderr: stderr.split("\n")[0] ?? "" };
}

const BAD: readonly (readonly [args: readonly string[], line: string])[] = [
  [
    ["simulate", "--runs", "5"],
    "error: option '--runs <n>' argument '5' is invalid. It must be an integer from 100 to 1000000.",
  ],
  [["simulate"], `dr: there is no Pulumi.yaml in ${tmpdir()}: name the project with --project-dir DIR`],
  [["check", "--host", "--forecast"], "dr: --host and --forecast exclude each other: name one of them"],
  [
    ["watch", "--until-stable", "soon"],
    "error: option '--until-stable <time>' argument 'soon' is invalid. It must be a time from 1s to 1440m, e.g. 60s or 2m.",
  ],
  [
    ["calendar", "run", "--zone", "us-east-1a", "--", "true"],
    "dr: run needs one of --zone ZONE, or a command after --",
  ],
];

test("bad input is one clear line and exit code 2, before anything is looked at", async (t) => {
  const ended = await Promise.all(BAD.map(([args]) => dr(...args)));
  t.deepEqual(
    ended,
    BAD.map(([, stderr]) => ({ code: 2, stderr })),
  );
});
