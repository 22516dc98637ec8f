/** Brings a run to its end: done, refused or stopped, each said once and kept. */
import { EXIT, exitCodeOf, LockedError, messageOf } from "../errors.ts";
import { writeEvidence } from "../failover/evidence.ts";
import { type Execution, execute } from "./engine.ts";
import type { ResultEvent } from "./events.ts";
import type { Output } from "./output.ts";
import { isAlive } from "./process.ts";
import { RunRecord } from "./record.ts";

export interface Conclusion {
  readonly verdict: ResultEvent["verdict"];
  readonly message: string;
}

/** @throws the failure that ended the run; a refused run has ended, a stopped one may be resumed */
export async function conclude<P, F extends object>(
  execution: Execution<P, F>,
  output: Output,
  done: () => Conclusion,
): Promise<void> {
  const { record } = execution;
  try {
    await execute(execution);
  } catch (error) {
    const exitCode = exitCodeOf(error);
    const isRefused = exitCode === EXIT.refused || exitCode === EXIT.usage || exitCode === EXIT.credentials;
    const verdict = isRefused ? "refused" : "stopped";
    if (isRefused) await end(record, verdict, exitCode);
    await writeEvidence(record);
    output.emit({ type: "result", verdict, exitCode, message: messageOf(error) });
    throw error;
  }
  const { verdict, message } = done();
  await end(record, verdict, EXIT.done);
  const evidence = await writeEvidence(record);
  const data = { evidence, facts: record.data.facts };
  output.emit({ type: "result", verdict, exitCode: EXIT.done, message, data });
}

export async function end(record: RunRecord, verdict: string, exitCode: number): Promise<void> {
  await record.update((data) => {
    data.finished = { at: Date.now(), verdict, exitCode };
  });
}

/** Runs of that verb that never came to their end. @throws LockedError when one of them is at work */
export async function unfinished(projectDirectory: string, verb: string): Promise<readonly RunRecord[]> {
  const found = (await RunRecord.all(projectDirectory)).filter(
    ({ data }) => data.verb.startsWith(verb) && data.finished === null,
  );
  for (const { data } of found) {
    if ((await isAlive(data.owner)) !== true) continue;
    throw new LockedError(`run ${data.id} is at work in process ${data.owner.pid} on this machine`);
  }
  return found;
}
