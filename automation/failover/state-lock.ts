/** The lock on Pulumi's state: ours goes when its engine is dead, anybody else's is waited for and left alone. */
import { setTimeout as sleep } from "node:timers/promises";
import type { StackName } from "../../components/model.ts";
import { decideLock, describeLock } from "../adapters/locks.ts";
import type { StateStore } from "../adapters/state.ts";
import { isAlive } from "../runbook/process.ts";
import type { RunRecord } from "../runbook/record.ts";

export interface StateLockOptions {
  readonly stack: StackName;
  readonly state: StateStore;
  readonly record: RunRecord;
  readonly note: (message: string) => void;
  readonly signal: AbortSignal;
}

/** An engine of an earlier start that is still at work ends by itself when its program is gone. */
const OWN_LOCK_MILLISECONDS = 30_000;
const LOOK_MILLISECONDS = 500;

/**
 * Undefined: nobody holds the state; else who does, after waiting.
 * @param foreignMilliseconds how long somebody else is waited for
 */
export async function awaitState(
  { stack, state, record, note, signal }: StateLockOptions,
  foreignMilliseconds: number,
): Promise<string | undefined> {
  const started = performance.now();
  let told = false;
  for (;;) {
    const children = await Promise.all(
      record.data.children.map(async (child) => ({ child, alive: await isAlive(child) })),
    );
    const locks = (await state.locks(stack)).map((lock) => ({ lock, owner: decideLock(lock, children) }));
    for (const { lock } of locks.filter(({ owner }) => owner === "mine-dead")) {
      note(`removing the lock that this run's killed engine left: ${describeLock(lock, Date.now())}`);
      await state.release(lock);
    }
    const held = locks.filter(({ owner }) => owner !== "mine-dead");
    const [first] = held;
    if (first === undefined) return undefined;
    const isForeign = held.some(({ owner }) => owner === "foreign");
    const limit = isForeign ? foreignMilliseconds : OWN_LOCK_MILLISECONDS;
    const holder = describeLock(first.lock, Date.now());
    if (!told) note(`the state of ${stack} is locked by ${holder}: waiting up to ${limit / 1000} s`);
    told = true;
    if (performance.now() - started > limit) return `the state is locked by ${holder}`;
    await sleep(LOOK_MILLISECONDS, undefined, { signal });
  }
}
