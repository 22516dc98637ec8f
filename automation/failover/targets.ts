/** Which resources of Pulumi's state a flip changes. */
import type { Region, StackName } from "../../components/model.ts";
import { CONTROL_TYPE, DEPLOYMENT_TYPE, NODE_GROUP_TYPE } from "../adapters/plan-check.ts";
import type { StackState } from "../adapters/state.ts";
import { HalfwayError } from "../errors.ts";
import type { Flip, Target } from "./ports.ts";

export interface Flippable {
  readonly stack: StackName;
  readonly region: Region;
  readonly deployments: readonly Target[];
}

/** URNs of what the flip changes, by type and name. None found = stop: a target that is not there exits 0. */
export function targetsOf(
  flip: Flip,
  state: StackState | undefined,
  { deployments, region, stack }: Flippable,
): readonly string[] {
  const resources = state?.resources ?? [];
  if (flip.role === "promoting" && flip.traffic === undefined) {
    const nodes = resources.filter(({ type }) => type === NODE_GROUP_TYPE).map(({ urn }) => urn);
    const scaled = deployments.map(({ name }) => {
      const found = resources.find(({ type, inputs }) => type === DEPLOYMENT_TYPE && nameOf(inputs) === name);
      if (found === undefined) throw noTarget(`Deployment ${name}`, stack);
      return found.urn;
    });
    return [...nodes, ...scaled];
  }
  const control = resources.find(
    ({ type, inputs }) => type === CONTROL_TYPE && String(inputs["item"]).includes(`"control#${region}"`),
  );
  if (control === undefined) throw noTarget(`control item of ${region}`, stack);
  return [control.urn];
}

const nameOf = (inputs: Readonly<Record<string, unknown>>): unknown =>
  (inputs["metadata"] as { readonly name?: unknown } | undefined)?.name;

/** Pulumi would do nothing and call it success. */
export class NoTargetError extends HalfwayError {
  override readonly name = "NoTargetError";
}

const noTarget = (what: string, stack: string): NoTargetError =>
  new NoTargetError(
    `Pulumi's state of stack ${stack} has no ${what}: nothing to target. Deploy the stack, or run the same command with --direct`,
  );
