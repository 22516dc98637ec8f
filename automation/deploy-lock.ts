/**
 * The lock on a stack: another run's is waited for with a limit, named, and never broken; one that a killed engine of
 * this directory's own deployments left is given back.
 */
import { mkdir, readFile } from "node:fs/promises";
import path from "node:path";
import { decideLock, describeLock, type LockOwner } from "./adapters/locks.ts";
import type { StateLock, StateStore } from "./adapters/state.ts";
import { LockedError } from "./errors.ts";
import { systemClock } from "./runbook/clock.ts";
import { isAlive, type ProcessIdentity } from "./runbook/process.ts";
import { writeDurably } from "./runbook/record.ts";

export interface LockOptions {
  readonly stack: string;
  readonly state: Pick<StateStore, "locks" | "release">;
  readonly projectDirectory: string;
  readonly limitSeconds: number;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

const LOOK_MILLISECONDS = 1_000;
const REMIND_MILLISECONDS = 30_000;
const MOST_ENGINES = 20;

/** @throws LockedError naming who holds it, when it is not free in time */
export async function awaitUnlocked(options: LockOptions): Promise<void> {
  const { stack, limitSeconds, say, signal } = options;
  const started = performance.now();
  let said = Number.NEGATIVE_INFINITY;
  for (;;) {
    const [held] = await heldLocks(options);
    if (held === undefined) return;
    const waited = performance.now() - started;
    const holder = describeLock(held.lock, Date.now());
    if (waited >= limitSeconds * 1000) {
      throw new LockedError(
        `stack ${stack} is locked by ${holder}; waited ${limitSeconds} s. If that run is dead, \`pulumi cancel --stack ${stack}\` removes its lock`,
      );
    }
    if (waited - said >= REMIND_MILLISECONDS) {
      say(`${stack} is locked by ${holder}: waiting, up to ${limitSeconds} s`);
      said = waited;
    }
    await systemClock.sleep(LOOK_MILLISECONDS, signal);
  }
}

/** Gives back what this directory's own engines left, waiting for one that is still at work; of others only says so. */
export async function releaseOwn(options: LockOptions): Promise<void> {
  const { stack, limitSeconds, say, signal } = options;
  const started = performance.now();
  for (;;) {
    const held = await heldLocks(options);
    const isOurs = held.some(({ owner }) => owner === "mine-alive");
    if (!isOurs || performance.now() - started >= limitSeconds * 1000) {
      for (const { lock } of held) say(`${stack} is locked by ${describeLock(lock, Date.now())}: left alone`);
      if (held.length === 0) say(`${stack} is not locked`);
      return;
    }
    await systemClock.sleep(LOOK_MILLISECONDS, signal);
  }
}

interface HeldLock {
  readonly lock: StateLock;
  readonly owner: LockOwner;
}

async function heldLocks(options: LockOptions): Promise<readonly HeldLock[]> {
  const { stack, state, projectDirectory, say } = options;
  const engines = await startedEngines(projectDirectory, stack);
  const children = await Promise.all(engines.map(async (child) => ({ child, alive: await isAlive(child) })));
  const locks = (await state.locks(stack)).map((lock) => ({ lock, owner: decideLock(lock, children) }));
  for (const { lock } of locks.filter(({ owner }) => owner === "mine-dead")) {
    say(
      `${stack}: giving back the lock of an engine that was killed here: ${describeLock(lock, Date.now())}`,
    );
    await state.release(lock);
  }
  return locks.filter(({ owner }) => owner !== "mine-dead");
}

const enginesFile = (projectDirectory: string, stack: string): string =>
  path.join(projectDirectory, ".dr", `engines.${stack}.json`);

async function startedEngines(projectDirectory: string, stack: string): Promise<readonly ProcessIdentity[]> {
  const text = await readFile(enginesFile(projectDirectory, stack), "utf8").catch(() => "[]");
  return JSON.parse(text) as readonly ProcessIdentity[];
}

/** Puts an engine on record before it can take the lock. */
export async function rememberEngine(
  projectDirectory: string,
  stack: string,
  child: ProcessIdentity,
): Promise<void> {
  const engines = [...(await startedEngines(projectDirectory, stack)), child].slice(-MOST_ENGINES);
  await mkdir(path.join(projectDirectory, ".dr"), { recursive: true });
  await writeDurably(enginesFile(projectDirectory, stack), `${JSON.stringify(engines)}\n`);
}

/** The engine found a lock that was not there when we looked. */
export const isLockedByOther = (message: string): boolean => /the stack is currently locked by/.test(message);
