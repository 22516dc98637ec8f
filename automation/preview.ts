/** Previews both stacks into a directory; one that fails does not hide the other. */
import { mkdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { STACKS, type StackName } from "../components/model.ts";
import { deployedCommit } from "../stacks/commit.ts";
import { type ProgramOptions, pulumiStack } from "./adapters/program.ts";
import type { PulumiStack } from "./adapters/pulumi.ts";
import type { Context } from "./commands/command.ts";
import {
  judgedTogether,
  planFile,
  previewFile,
  type TakenPreview,
  takePreview,
  withPolicies,
  writeReview,
} from "./deploy-preview.ts";
import { deployOrder } from "./deploy-rule.ts";
import { openState } from "./deployment.ts";
import { EXIT } from "./errors.ts";
import { writeOutputs } from "./review/actions.ts";
import { parsePreview } from "./review/parse.ts";

export interface PreviewRequest {
  readonly directory: string;
  readonly refresh: boolean;
}

export async function preview(
  { directory: given, refresh }: PreviewRequest,
  { settings, stderr, signal }: Context,
  open: (options: ProgramOptions) => Pick<PulumiStack, "preview"> = pulumiStack,
): Promise<number> {
  const say = (line: string) => stderr.write(`${line}\n`);
  const { project, state } = await openState(settings);
  const directory = path.resolve(given);
  await mkdir(directory, { recursive: true });
  const take = async (stack: StackName): Promise<TakenPreview> => {
    say(`${stack}: previewing`);
    const pulumi = open({ stack, project, settings: withPolicies(settings), say });
    // A plan of an earlier run must not be taken for this one's.
    await rm(planFile(directory, stack), { force: true });
    return await takePreview(pulumi, {
      // A plan that follows a refresh would write down what drifted.
      ...(refresh ? {} : { planFile: planFile(directory, stack) }),
      refresh,
      signal,
    });
  };
  const previews = judgedTogether({ prod: await take("prod"), dr: await take("dr") });
  const texts = new Map<StackName, string>();
  for (const stack of STACKS) {
    const { text, failure } = previews[stack];
    await writeFile(previewFile(directory, stack), text);
    if (failure === undefined) texts.set(stack, text);
    else say(`${stack}: ${failure.message}`);
  }
  if (!refresh) await writeReview(directory, deployedCommit(), [...texts.keys()]);
  const prod = texts.get("prod");
  const isDrDeployed = (await state.read("dr")) !== undefined;
  const { stacks, because } = deployOrder(
    prod === undefined || !isDrDeployed ? undefined : parsePreview(prod, previewFile(directory, "prod")),
  );
  say(`to deploy ${stacks.join(", then ")}: ${because}`);
  await writeOutputs(settings.environment, { first: stacks[0] ?? "", second: stacks[1] ?? "" });
  return texts.size === STACKS.length ? EXIT.done : EXIT.refused;
}
