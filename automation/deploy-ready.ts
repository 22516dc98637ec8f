/** Whether what was deployed runs: updates do not wait for pods, so that one that cannot be placed costs no failover. */
import { HalfwayError, messageOf } from "./errors.ts";
import { systemClock } from "./runbook/clock.ts";

export interface Replicas {
  readonly name: string;
  readonly ready: number;
  readonly desired: number;
  /** Why a pod of it does not start, as the cluster says it. */
  readonly trouble?: string | undefined;
}

export interface ReadyOptions {
  readonly stack: string;
  readonly look: () => Promise<readonly Replicas[]>;
  readonly limitSeconds: number;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

const LOOK_MILLISECONDS = 1_000;

/** @throws HalfwayError: not ready in time, or nobody can tell */
export async function awaitReady({ stack, look, limitSeconds, say, signal }: ReadyOptions): Promise<void> {
  const started = performance.now();
  let said = "";
  for (;;) {
    const seen = await look().catch((error: unknown) => {
      signal.throwIfAborted();
      return messageOf(error).split("\n")[0] ?? "";
    });
    const waiting =
      typeof seen === "string"
        ? `readiness is unknown: ${seen}`
        : seen
            .filter(({ ready, desired }) => ready < desired)
            .map(
              ({ name, ready, desired, trouble }) =>
                `${name} ${ready}/${desired}${trouble === undefined ? "" : ` (${trouble})`}`,
            )
            .join(", ");
    if (waiting === "") {
      say(`${stack}: ready`);
      return;
    }
    if (performance.now() - started > limitSeconds * 1000) {
      throw new HalfwayError(
        `stack ${stack} is deployed, but after ${limitSeconds} s ${typeof seen === "string" ? "its " : "not ready: "}${waiting}`,
      );
    }
    if (waiting !== said) say(`${stack}: waiting for ${waiting}`);
    said = waiting;
    await systemClock.sleep(LOOK_MILLISECONDS, signal);
  }
}
