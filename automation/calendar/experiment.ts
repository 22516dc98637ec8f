/** One experiment from its template to its end, whatever happens in between. */
import { RefusedError } from "../errors.ts";
import type { Clock } from "../runbook/clock.ts";
import { type Experiment, type FisPort, hasEnded, newToken, stopAlarms } from "./fis.ts";

const LOOK_MILLISECONDS = 5_000;
const LIMIT_MILLISECONDS = 45 * 60_000;
/** How long an experiment may take to stop; it undoes what it did. */
const STOP_LIMIT_MILLISECONDS = 10 * 60_000;

export interface ExperimentOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly say: (message: string) => void;
}

/** @throws RefusedError when the template has no stop alarm: nothing was started */
export async function runExperiment(
  fis: FisPort,
  templateId: string,
  { clock, signal, say }: ExperimentOptions,
): Promise<Experiment> {
  const template = await fis.template(templateId);
  const alarms = stopAlarms(template);
  if (alarms.length === 0) {
    throw new RefusedError(
      `experiment template ${templateId} has no stop alarm: it would go on whatever it does. Deploy it again`,
    );
  }
  const actions = Object.entries(template.actions).map(([name, { actionId }]) => `${name} (${actionId})`);
  say(`${template.description || templateId}: ${actions.join(", ")}; stopped by ${alarms.join(", ")}`);
  signal.throwIfAborted();
  let experiment = await fis.start(templateId, newToken());
  say(`experiment ${experiment.id} is ${experiment.state.status}`);
  const began = clock.monotonic();
  let stopping: number | undefined;
  let said = experiment.state.status;
  while (!hasEnded(experiment)) {
    const tooLong = clock.monotonic() - began > LIMIT_MILLISECONDS;
    if (stopping === undefined && (signal.aborted || tooLong)) {
      say(`stopping experiment ${experiment.id}: ${signal.aborted ? "interrupted" : "it takes too long"}`);
      experiment = await fis.stop(experiment.id);
      stopping = clock.monotonic();
      continue;
    }
    if (stopping !== undefined && clock.monotonic() - stopping > STOP_LIMIT_MILLISECONDS) {
      throw new Error(`experiment ${experiment.id} does not stop: it is ${experiment.state.status}`);
    }
    // Not the caller's signal: an experiment is not left alone while it stops.
    await clock.sleep(LOOK_MILLISECONDS, new AbortController().signal);
    experiment = await fis.get(experiment.id);
    if (experiment.state.status !== said) say(`experiment ${experiment.id} is ${experiment.state.status}`);
    said = experiment.state.status;
  }
  return experiment;
}
