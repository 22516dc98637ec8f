/** A destroy plan for a person. */
import type { StackName } from "../../components/model.ts";
import type { Guard } from "./guards.ts";
import type { DestroyStep } from "./plan.ts";

/** By stack: what guards its resources, or why that cannot be seen. */
export type Guarded = Readonly<Record<StackName, readonly Guard[] | { readonly unknown: string }>>;

export interface DestroyPlan {
  readonly guarded: Guarded;
  readonly steps: readonly DestroyStep[];
}

export function render({ guarded, steps }: DestroyPlan): string {
  return `${[
    "Nothing is destroyed by this command, nor by any other of dr.",
    "",
    "What protects what:",
    ...Object.entries(guarded).flatMap(([stack, guards]) => [
      `  stack ${stack}`,
      ...("unknown" in guards
        ? [`    unknown (${guards.unknown})`]
        : guards.length === 0
          ? ["    nothing is deployed, or nothing is protected"]
          : guards.map(({ type, name, by }) => `    ${type.split(":").at(-1)} ${name}: ${by.join("; ")}`)),
    ]),
    "",
    "In this order:",
    ...steps.flatMap(({ title, why, commands }, n) => [
      "",
      `${String(n + 1).padStart(2)}. ${title}`,
      `    ${why}`,
      ...commands.map((command) => `      ${command}`),
    ]),
  ].join("\n")}\n`;
}
