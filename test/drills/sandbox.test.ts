/** The life of `npm run sandbox` as its user sees it: two side by side, one killed, both gone without a trace. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import test, { type ExecutionContext } from "ava";
import type { SandboxStatus } from "../../sandbox/control.ts";
import { isRunning } from "../../sandbox/processTable.ts";

const MAIN = path.join(import.meta.dirname, "../../sandbox/main.ts");

interface Started {
  readonly process: ChildProcess;
  readonly ready: Promise<SandboxStatus>;
  readonly ended: Promise<number | null>;
}

function start(t: ExecutionContext): Started {
  const child = spawn(process.execPath, [MAIN, "--json"], { stdio: ["ignore", "pipe", "ignore"] });
  t.teardown(() => child.kill("SIGTERM"));
  const line = once(createInterface({ input: child.stdout }), "line") as Promise<[string]>;
  const ready = line.then(([text]) => JSON.parse(text) as SandboxStatus);
  const ended = once(child, "exit").then(([code]) => code as number | null);
  return { process: child, ready, ended };
}

async function verb(...words: readonly string[]) {
  const child = spawn(process.execPath, [MAIN, ...words], { stdio: ["ignore", "pipe", "pipe"] });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (text) => (stdout += text));
  child.stderr.on("data", (text) => (stderr += text));
  const [code] = await once(child, "close");
  return { code, stdout, stderr };
}

/** What the sandbox has written down as started, and still runs. */
function children(directory: string): readonly { readonly pid: number; readonly start: string }[] {
  const [, ...lines] = readFileSync(path.join(directory, "processes"), "utf8").trim().split("\n");
  return lines
    .map((line) => JSON.parse(line) as { pid: number; start: string })
    .filter(({ pid, start }) => isRunning(pid, start));
}

/** Processes that run with a sandbox's own environment or files, whoever started them. */
function traces({ directory, environment }: SandboxStatus): readonly string[] {
  const marks = [directory, environment["AWS_ENDPOINT_URL"] ?? directory];
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, "utf8");
        const text = `${command}\0${readFileSync(`/proc/${pid}/environ`, "utf8")}`;
        return marks.some((mark) => text.includes(mark)) ? [command.replaceAll("\0", " ")] : [];
      } catch {
        return [];
      }
    });
}

/** Addresses of the sandbox's own /16 of the loopback range on which somebody listens. */
function listening({ sandbox }: SandboxStatus): readonly string[] {
  const [, ...rows] = readFileSync("/proc/net/tcp", "utf8").trim().split("\n");
  const listen = "0A";
  return rows.flatMap((row) => {
    const [, local = "", , state] = row.trim().split(/\s+/);
    const [, third = "", second = "", first = ""] = local.split(":")[0]?.match(/../g) ?? [];
    const ours = Number.parseInt(first, 16) === 127 && Number.parseInt(second, 16) === sandbox;
    return ours && state === listen ? [`${third}:${local}`] : [];
  });
}

test.serial(
  "two sandboxes side by side; what a killed one left is gone when the next starts; Ctrl-C leaves nothing",
  async (t) => {
    const [a, b] = [start(t), start(t)];
    const [first, second] = await Promise.all([a.ready, b.ready]);
    t.not(first.sandbox, second.sandbox);
    t.deepEqual([first.phase, second.phase], ["ready", "ready"]);

    const unclear = await verb("status");
    t.deepEqual([unclear.code, unclear.stdout], [2, ""]);
    t.regex(unclear.stderr, /^sandbox: \d+ sandboxes are running; name one with --sandbox \d/);
    const told = await verb("status", "--json", "--sandbox", String(second.sandbox));
    t.is((JSON.parse(told.stdout) as SandboxStatus).pid, b.process.pid ?? 0);

    const orphans = children(first.directory);
    t.true(orphans.length > 10);
    a.process.kill("SIGKILL");
    await a.ended;
    t.deepEqual(
      orphans.filter(({ pid, start: since }) => !isRunning(pid, since)),
      [],
      "a killed sandbox cannot clean up after itself",
    );

    const next = start(t);
    const successor = await next.ready;
    t.is(successor.sandbox, first.sandbox);
    t.deepEqual(
      orphans.filter(({ pid, start: since }) => isRunning(pid, since)),
      [],
    );
    t.is((await verb("status", "--json", "--sandbox", String(second.sandbox))).code, 0);

    for (const [{ process: child, ended }, status] of [
      [next, successor],
      [b, second],
    ] as const) {
      child.kill("SIGINT");
      t.is(await ended, 0);
      t.deepEqual(traces(status), []);
      t.deepEqual(listening(status), []);
    }
  },
);

test.serial("Ctrl-C in the middle of the deployment leaves nothing either", async (t) => {
  const sandbox = start(t);
  sandbox.ready.catch(() => {});
  let status: SandboxStatus | undefined;
  while (status?.phase !== "deploying" || children(status.directory).length === 0) {
    const { stdout } = await verb("status", "--json");
    status = stdout === "" ? undefined : (JSON.parse(stdout) as SandboxStatus);
  }
  sandbox.process.kill("SIGINT");
  t.is(await sandbox.ended, 0);
  t.deepEqual(traces(status), []);
  t.deepEqual(listening(status), []);
});
