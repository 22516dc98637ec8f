/** What keeps each deployed resource from being deleted, as the state records it. */
import type { StateResource } from "../adapters/state.ts";

export interface Guard {
  readonly type: string;
  readonly name: string;
  /** In words; never empty. */
  readonly by: readonly string[];
}

type Inputs = Readonly<Record<string, unknown>>;

/** Input → what it does when it is on. */
const FLAGS: Readonly<Record<string, string>> = {
  deletionProtection: "the service's deletion protection",
  deletionProtectionEnabled: "the service's deletion protection",
  enableDeletionProtection: "the load balancer's deletion protection",
  objectLockEnabled: "Object Lock: objects stay until their retention ends",
};

const more = ({ deletionWindowInDays, skipFinalSnapshot, ...inputs }: Inputs): readonly string[] => [
  ...Object.entries(FLAGS)
    .filter(([flag]) => inputs[flag] === true)
    .map(([, words]) => words),
  ...(typeof deletionWindowInDays === "number" ? [`a waiting time of ${deletionWindowInDays} days`] : []),
  ...(skipFinalSnapshot === false ? ["a final snapshot, which is paid for until it is deleted"] : []),
];

export const guardsOf = (resources: readonly StateResource[]): readonly Guard[] =>
  resources
    .map(({ type, urn, inputs, protect }) => ({
      type,
      name: urn.split("::").at(-1) ?? urn,
      by: [...(protect ? ["Pulumi's protect"] : []), ...more(inputs)],
    }))
    .filter(({ by }) => by.length > 0);
