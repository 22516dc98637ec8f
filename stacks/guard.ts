/** Whether this commit may be deployed onto what is there. Decisions only: `observed.ts` looks. */
import { isLegalRoleStep, type Region, ROLES, type Role, type StackName } from "../components/model.ts";
import type { RegionItem } from "../journal/model.ts";

export interface RegionQuestion {
  readonly stack: StackName;
  readonly region: Region;
  readonly role: Role;
  readonly acceptGeneration: number | undefined;
  /** What the journal decided; generation 0 before the first failover. */
  readonly decided: Pick<RegionItem, "generation" | "active">;
}

/**
 * Invariant: a deployment never parks the active region, nor makes another one active, unless its config was written
 * with that very decision in view (`acceptGeneration`). Else a merge of an older commit would undo a failover.
 * Returns why not, or undefined.
 */
export function refuseOldCommit(question: RegionQuestion): string | undefined {
  const { stack, region, role, acceptGeneration, decided } = question;
  const { generation, active } = decided;
  const parksActive = role === "passive" && region === active;
  const activatesOther = role === "active" && region !== active;
  if ((!parksActive && !activatesOther) || acceptGeneration === generation) return undefined;

  const conflict = `stack ${stack} (${region}) says role ${role}, but the journal says that ${active} is active`;
  if (generation === 0) {
    const right = parksActive ? "active" : "passive";
    return (
      `${conflict} and that no failover has happened: set role back to ${right}; "dr failover" moves production. ` +
      "To deploy it all the same, set acceptGeneration to 0."
    );
  }
  return (
    `${conflict} since failover ${generation}. This commit is older than failover ${generation}: ` +
    `merge branch failover/${generation}. To deploy it all the same, set acceptGeneration to ${generation}.`
  );
}

/** Returns why the role may not be deployed over the last deployed one, or undefined. */
export function refuseRoleStep(stack: StackName, from: Role | undefined, to: Role): string | undefined {
  if (isLegalRoleStep(from, to)) return undefined;
  const next = ROLES.find((role) => role !== from && isLegalRoleStep(from, role));
  return (
    `stack ${stack} was last deployed with role ${from} and may not go to ${to}: ` +
    `the way round is passive → promoting → active → passive. Deploy role ${next} next.`
  );
}

export interface DeploymentReplicas {
  readonly name: string;
  readonly replicas: number;
}

/**
 * The role to record after a deployment, from what its Deployments came out with: a targeted update may have left
 * some of them out, and a role recorded too early would make the next step look legal.
 */
export function roleReached(
  stack: StackName,
  { last, role }: { readonly last: Role | undefined; readonly role: Role },
  deployments: readonly DeploymentReplicas[],
): { readonly role: Role } | { readonly refusal: string } {
  const parked = deployments.filter(({ replicas }) => replicas === 0).map(({ name }) => name);
  if (role === "active" && parked.length > 0) {
    return {
      refusal:
        `stack ${stack} says role active, which leaves the number of replicas alone, but ${parked.join(", ")} ` +
        `${parked.length === 1 ? "is" : "are"} recorded with 0: deploy role promoting first.`,
    };
  }
  const reached = role === "passive" ? parked.length === deployments.length : parked.length === 0;
  return { role: reached ? role : (last ?? "passive") };
}
