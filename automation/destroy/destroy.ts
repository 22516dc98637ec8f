/** The plan of a project: its steps from the stack file, its guards from the state, where that can be read. */
import { STACKS } from "../../components/model.ts";
import { openState } from "../deployment.ts";
import { messageOf } from "../errors.ts";
import type { Settings } from "../settings.ts";
import { readStackConfig } from "../stack-config.ts";
import { guardsOf } from "./guards.ts";
import { destroySteps } from "./plan.ts";
import type { DestroyPlan, Guarded } from "./render.ts";

export async function destroyPlan(settings: Settings): Promise<DestroyPlan> {
  const config = await readStackConfig(settings.projectDirectory, "prod");
  const guarded = await Promise.all(
    STACKS.map(async (stack) => {
      try {
        const { state } = await openState(settings);
        return [stack, guardsOf((await state.read(stack))?.resources ?? [])];
      } catch (error) {
        return [stack, { unknown: messageOf(error) }];
      }
    }),
  );
  return { guarded: Object.fromEntries(guarded) as Guarded, steps: destroySteps(config) };
}
