/** Another run's lock on a stack: waited for with a limit, named, and never broken. */
import { setTimeout as sleep } from "node:timers/promises";
import { describeLock } from "./adapters/locks.ts";
import type { StateStore } from "./adapters/state.ts";
import { LockedError } from "./errors.ts";

export interface LockOptions {
  readonly stack: string;
  readonly state: Pick<StateStore, "locks">;
  readonly limitSeconds: number;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

const LOOK_MILLISECONDS = 1_000;
const REMIND_MILLISECONDS = 30_000;

/** @throws LockedError naming who holds it, when it is not free in time */
export async function awaitUnlocked({ stack, state, limitSeconds, say, signal }: LockOptions): Promise<void> {
  const started = performance.now();
  let said = Number.NEGATIVE_INFINITY;
  for (;;) {
    const [lock] = await state.locks(stack);
    if (lock === undefined) return;
    const waited = performance.now() - started;
    const holder = describeLock(lock, Date.now());
    if (waited >= limitSeconds * 1000) {
      throw new LockedError(
        `stack ${stack} is locked by ${holder}; waited ${limitSeconds} s. If that run is dead, \`pulumi cancel --stack ${stack}\` removes its lock`,
      );
    }
    if (waited - said >= REMIND_MILLISECONDS) {
      say(`${stack} is locked by ${holder}: waiting, up to ${limitSeconds} s`);
      said = waited;
    }
    await sleep(LOOK_MILLISECONDS, undefined, { signal });
  }
}

/** The engine found a lock that was not there when we looked. */
export const isLockedByOther = (message: string): boolean => /the stack is currently locked by/.test(message);
