/** The record of a run in the form that people file: what was seen, decided and done, and when. */
import path from "node:path";
import { type RunRecord, writeDurably } from "../runbook/record.ts";

/** @returns the file */
export async function writeEvidence({ data, directory }: RunRecord): Promise<string> {
  const file = path.join(directory, "evidence.json");
  const phases = Object.entries(data.steps).map(([name, { state, startedAt, endedAt, detail }]) => ({
    name,
    state,
    startedAt: new Date(startedAt).toISOString(),
    seconds: endedAt === undefined ? null : (endedAt - startedAt) / 1000,
    detail,
  }));
  const { id, verb, target, startedAt, owner, facts, finished } = data;
  const evidence = {
    run: id,
    verb,
    target,
    startedAt: new Date(startedAt).toISOString(),
    host: owner.host,
    finished,
    phases,
    facts,
  };
  await writeDurably(file, `${JSON.stringify(evidence, null, 2)}\n`);
  return file;
}
