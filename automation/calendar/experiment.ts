/** One experiment from its template to its end, whatever happens in between. */
import { NoAnswerError } from "../adapters/http.ts";
import { messageOf, RefusedError } from "../errors.ts";
import type { Clock } from "../runbook/clock.ts";
import { type Experiment, type FisPort, hasEnded, newToken, stopAlarms } from "./fis.ts";

const LOOK_MILLISECONDS = 5_000;
const START_ATTEMPTS = 3;
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
  let experiment = await begin(fis, templateId, say);
  say(`experiment ${experiment.id} is ${experiment.state.status}`);
  const began = clock.monotonic();
  // FIS that does not answer once must not leave an experiment without anybody who ends it.
  const ask = (question: Promise<Experiment>): Promise<Experiment | undefined> =>
    question.catch((error: unknown) => {
      say(`experiment ${experiment.id}: ${messageOf(error)}`);
      return undefined;
    });
  let stopSince: number | undefined;
  let stopping = false;
  let said = experiment.state.status;
  while (!hasEnded(experiment)) {
    const tooLong = clock.monotonic() - began > LIMIT_MILLISECONDS;
    if (stopSince === undefined && (signal.aborted || tooLong)) {
      say(`stopping experiment ${experiment.id}: ${signal.aborted ? "interrupted" : "it takes too long"}`);
      stopSince = clock.monotonic();
    }
    if (stopSince !== undefined && clock.monotonic() - stopSince > STOP_LIMIT_MILLISECONDS) {
      throw new Error(`experiment ${experiment.id} does not stop: it is ${experiment.state.status}`);
    }
    if (stopSince !== undefined && !stopping) stopping = (await ask(fis.stop(experiment.id))) !== undefined;
    // Ctrl-C is heard at once; while it stops, nothing makes anybody leave it alone.
    const heard = stopSince === undefined ? signal : new AbortController().signal;
    await clock.sleep(LOOK_MILLISECONDS, heard).catch(() => {});
    if (heard.aborted) continue;
    experiment = (await ask(fis.get(experiment.id))) ?? experiment;
    if (experiment.state.status !== said) say(`experiment ${experiment.id} is ${experiment.state.status}`);
    said = experiment.state.status;
  }
  return experiment;
}

/** By one token: whoever got no answer asks again, and it is the same experiment. */
async function begin(fis: FisPort, templateId: string, say: (message: string) => void): Promise<Experiment> {
  const token = newToken();
  for (let attempt = 1; ; attempt++) {
    try {
      return await fis.start(templateId, token);
    } catch (error) {
      if (!(error instanceof NoAnswerError) || attempt === START_ATTEMPTS) throw error;
      say(`FIS does not answer, once more: ${messageOf(error)}`);
    }
  }
}
