import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import test, { type ExecutionContext } from "ava";
import { Processes } from "../../sandbox/processes.ts";
import { bootId, isRunning, processStat, processTrees } from "../../sandbox/processTable.ts";

function ledgerIn(t: ExecutionContext): string {
  const directory = mkdtempSync(join(tmpdir(), "sandbox-processes-"));
  t.teardown(() => rmSync(directory, { recursive: true }));
  return join(directory, "processes");
}

function start(t: ExecutionContext): { readonly processes: Processes; readonly ledger: string } {
  const ledger = ledgerIn(t);
  const processes = new Processes(ledger);
  t.teardown(() => processes.close());
  return { processes, ledger };
}

const shell = (processes: Processes, script: string): ChildProcess & { readonly pid: number } =>
  processes.spawn("/bin/sh", ["-c", script], { env: { PATH: "/usr/bin:/bin" } }) as ChildProcess & {
    pid: number;
  };

async function until(what: string, holds: () => boolean): Promise<void> {
  for (let tries = 0; tries < 300; tries++) {
    if (holds()) return;
    await sleep(20);
  }
  throw new Error(`6 s passed without: ${what}`);
}

const stateOf = (pid: number) => processStat(pid)?.state;
const startOf = (pid: number) => processStat(pid)?.start ?? "";
/** Of a shell and the two that it started, one of them in a session of its own. */
const FAMILY = "sleep 60 & setsid sleep 60 & wait";

async function family(
  processes: Processes,
): Promise<{ root: ChildProcess & { pid: number }; pids: readonly number[] }> {
  const root = shell(processes, FAMILY);
  await until("three processes", () => processTrees([root.pid]).length === 3);
  return { root, pids: processTrees([root.pid]).map(({ pid }) => pid) };
}

test("a frozen process stops with all that it started, and goes on when thawed", async (t) => {
  const { processes } = start(t);
  const { root, pids } = await family(processes);
  processes.freeze(root);
  await until("all stopped", () => pids.every((pid) => stateOf(pid) === "T"));
  processes.thaw(root);
  await until("all going on", () => pids.every((pid) => stateOf(pid) !== "T"));
  t.is(pids.length, 3);
});

test("killing a frozen process takes all that it started along, without a moment to run in", async (t) => {
  const { processes, ledger } = start(t);
  const witness = `${ledger}.witness`;
  const root = shell(
    processes,
    `trap 'echo awake > ${witness}' CONT TERM; sleep 60 & while :; do sleep 0.01; done`,
  );
  await until("its child", () => processTrees([root.pid]).length >= 2);
  processes.freeze(root);
  const pids = processTrees([root.pid]).map(({ pid, start }) => ({ pid, start }));
  processes.kill(root);
  await until("all gone", () => pids.every(({ pid, start }) => !isRunning(pid, start)));
  t.false(existsSync(witness));
});

test("close leaves no process and no ledger behind, and nothing starts after it", async (t) => {
  const { processes, ledger } = start(t);
  const { root, pids } = await family(processes);
  const all = pids.map((pid) => ({ pid, start: startOf(pid) }));
  processes.freeze(root);
  await processes.close();
  await until("all gone", () => all.every(({ pid, start }) => !isRunning(pid, start)));
  t.false(existsSync(ledger));
  t.throws(() => shell(processes, "true"), { message: "cannot start /bin/sh: the sandbox is closing" });
});

test("what a killed sandbox left running is killed by the next start, frozen or not", async (t) => {
  const ledger = ledgerIn(t);
  const module = join(import.meta.dirname, "../../sandbox/processes.ts");
  const script = `
    import { Processes } from ${JSON.stringify(module)};
    const processes = new Processes(${JSON.stringify(ledger)});
    const env = { PATH: "/usr/bin:/bin" };
    const frozen = processes.spawn("/bin/sleep", ["60"], { env });
    const running = processes.spawn("/bin/sh", ["-c", ${JSON.stringify(FAMILY)}], { env });
    const ended = processes.spawn("/bin/true", [], { env });
    ended.once("exit", () => {
      processes.freeze(frozen);
      console.log(frozen.pid, running.pid);
    });`;
  const sandbox = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.teardown(() => sandbox.kill("SIGKILL"));
  const [line] = (await once(sandbox.stdout, "data")) as [Buffer];
  const [frozen = 0, running = 0] = String(line).trim().split(" ").map(Number);
  await until("its children", () => processTrees([running]).length === 3);
  const left = [frozen, ...processTrees([running]).map(({ pid }) => pid)].map((pid) => ({
    pid,
    start: startOf(pid),
  }));
  sandbox.kill("SIGKILL");
  await once(sandbox, "exit");

  t.deepEqual(await Processes.reap(ledger), [frozen, running]);
  await until("all gone", () => left.every(({ pid, start }) => !isRunning(pid, start)));
  t.false(existsSync(ledger));
  t.deepEqual(await Processes.reap(ledger), []);
});

test("what was started elsewhere and taken in is found by the next start like the rest, with all that it started", async (t) => {
  const ledger = ledgerIn(t);
  const child = spawn("/bin/sh", ["-c", FAMILY], { stdio: "ignore" });
  t.teardown(() => child.kill("SIGKILL"));
  new Processes(ledger).adopt(child, "dr deploy");
  const { pid = 0 } = child;
  await until("three processes", () => processTrees([pid]).length === 3);
  const family = processTrees([pid]);
  t.deepEqual(await Processes.reap(ledger), [pid]);
  await until("none of them", () => !family.some((one) => isRunning(one.pid, one.start)));
  t.false(existsSync(ledger));
});

test("a process that merely has a leftover's pid is not touched, nor is anything of another boot", async (t) => {
  const { processes, ledger } = start(t);
  const { pid } = shell(processes, "exec sleep 60");
  const start_ = startOf(pid);
  const stale = `${ledger}.stale`;
  const write = (boot: string, startTime: string) =>
    writeFileSync(
      stale,
      `${JSON.stringify({ boot })}\n${JSON.stringify({ pid, start: startTime, command: "x" })}\n`,
    );
  write(bootId(), String(Number(start_) - 1));
  t.deepEqual(await Processes.reap(stale), []);
  write("another boot", start_);
  t.deepEqual(await Processes.reap(stale), []);
  t.true(isRunning(pid, start_));
});

test("a ledger that broke off in the middle of a line is read up to there", async (t) => {
  const { processes, ledger } = start(t);
  const { pid } = shell(processes, "exec sleep 60");
  const torn = `${ledger}.torn`;
  writeFileSync(torn, `${readFileSync(ledger, "utf8")}{"pid":1,"sta`);
  t.deepEqual(await Processes.reap(torn), [pid]);
});

test("a program that is not there is an error event, not a crash", async (t) => {
  const { processes } = start(t);
  const child = processes.spawn("/nowhere/at/all", [], { env: {} });
  const [error] = (await once(child, "error")) as [NodeJS.ErrnoException];
  t.is(error.code, "ENOENT");
  t.notThrows(() => processes.kill(child));
});
