/** The legal way from one role to another: a step that the program would refuse is never tried. */
import { isLegalRoleStep, ROLES, type Role } from "../components/model.ts";

/** Roles to deploy one after the other; `[to]` when it is there already. */
export function roleSteps(from: Role | undefined, to: Role): readonly Role[] {
  if (from === to) return [to];
  const next = (role: Role): Role =>
    ROLES.find((candidate) => candidate !== role && isLegalRoleStep(role, candidate)) ?? to;
  const steps: Role[] = [];
  for (let role = from ?? "passive"; role !== to && steps.length < ROLES.length; ) {
    role = next(role);
    steps.push(role);
  }
  return steps.length === 0 ? [to] : steps;
}
