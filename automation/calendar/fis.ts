/**
 * AWS Fault Injection Service, as a drill needs it. The answers' shapes are checked, recorded ones by the same schemas.
 * https://docs.aws.amazon.com/fis/latest/APIReference/Welcome.html
 */
import { randomUUID } from "node:crypto";
import { z } from "zod";
import type { Region } from "../../components/model.ts";
import type { AwsCalls } from "../adapters/aws-call.ts";

const template = z.object({
  experimentTemplate: z.object({
    id: z.string(),
    description: z.string().default(""),
    actions: z.record(z.string(), z.object({ actionId: z.string() })).default({}),
    stopConditions: z.array(z.object({ source: z.string(), value: z.string().optional() })).default([]),
  }),
});
const experiment = z.object({
  experiment: z.object({
    id: z.string(),
    state: z.object({ status: z.string(), reason: z.string().optional() }),
  }),
});
const listed = z.object({
  experiments: z
    .array(
      z.object({ id: z.string(), experimentTemplateId: z.string(), state: z.object({ status: z.string() }) }),
    )
    .default([]),
});

export type Template = z.infer<typeof template>["experimentTemplate"];
export type Experiment = z.infer<typeof experiment>["experiment"];

export interface FisPort {
  template(id: string): Promise<Template>;
  /** @param token the same again = the same experiment */
  start(templateId: string, token: string): Promise<Experiment>;
  get(id: string): Promise<Experiment>;
  stop(id: string): Promise<Experiment>;
}

export interface FisInRegion extends FisPort {
  /** Experiments of these templates that have not ended, by id. */
  goingOn(templateIds: readonly string[]): Promise<readonly string[]>;
}

/** Statuses in which an experiment does nothing more. */
const ENDED = new Set(["completed", "stopped", "failed", "cancelled"]);
export const hasEnded = ({ state }: Pick<Experiment, "state">): boolean => ENDED.has(state.status);

export const parseTemplate = (answer: unknown): Template => template.parse(answer).experimentTemplate;
export const parseExperiment = (answer: unknown): Experiment => experiment.parse(answer).experiment;

export function fisIn(region: Region, calls: AwsCalls): FisInRegion {
  return {
    goingOn: async (templateIds) => {
      // Of the last 120 days. https://docs.aws.amazon.com/fis/latest/userguide/fis-quotas.html
      const answers = await calls.pages("fis", region, "/experiments?maxResults=100");
      return answers
        .flatMap((answer) => listed.parse(answer).experiments)
        .filter((one) => templateIds.includes(one.experimentTemplateId) && !hasEnded(one))
        .map(({ id }) => id);
    },
    template: async (id) =>
      parseTemplate(await calls.rest("fis", region, "GET", `/experimentTemplates/${id}`)),
    start: async (experimentTemplateId, clientToken) =>
      parseExperiment(
        await calls.rest("fis", region, "POST", "/experiments", { clientToken, experimentTemplateId }),
      ),
    get: async (id) => parseExperiment(await calls.rest("fis", region, "GET", `/experiments/${id}`)),
    stop: async (id) => parseExperiment(await calls.rest("fis", region, "DELETE", `/experiments/${id}`)),
  };
}

export const newToken = (): string => randomUUID();

/** A template without an alarm that stops it would go on whatever it does. */
export function stopAlarms({ stopConditions }: Template): readonly string[] {
  return stopConditions.flatMap(({ source, value }) =>
    source === "aws:cloudwatch:alarm" && value !== undefined ? [value] : [],
  );
}
