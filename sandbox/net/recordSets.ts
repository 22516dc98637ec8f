/**
 * How Route 53 answers from its record sets and their health. Pure.
 * https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/health-checks-how-route-53-chooses-records.html
 */

export type Policy =
  | { readonly kind: "simple" }
  | { readonly kind: "failover"; readonly role: "PRIMARY" | "SECONDARY" }
  | { readonly kind: "weighted"; readonly weight: number }
  | { readonly kind: "multivalue" };

export interface RecordSet {
  /** Lower case, without final dot. */
  readonly name: string;
  readonly type: string;
  readonly policy: Policy;
  /** Tells the sets of one name and type apart; empty for a simple one. */
  readonly setIdentifier: string;
  readonly healthCheckId: string | undefined;
  readonly content:
    | { readonly kind: "values"; readonly ttlSeconds: number; readonly values: readonly string[] }
    | { readonly kind: "alias"; readonly target: string; readonly evaluateTargetHealth: boolean };
}

export interface Answer {
  readonly ttlSeconds: number;
  readonly values: readonly string[];
}

export interface View {
  readonly sets: readonly RecordSet[];
  readonly isHealthy: (healthCheckId: string) => boolean;
  /** From 0 to below 1. */
  readonly random: () => number;
}

const MULTIVALUE_LIMIT = 8;

const groupOf = ({ sets }: View, name: string, type: string): readonly RecordSet[] =>
  sets.filter((set) => set.name === name && set.type === type);

/** A set without health check and without evaluated target is always healthy. */
function isSetHealthy(view: View, set: RecordSet): boolean {
  if (set.healthCheckId !== undefined && !view.isHealthy(set.healthCheckId)) return false;
  if (set.content.kind === "values" || !set.content.evaluateTargetHealth) return true;
  // An alias of a group is as healthy as the healthiest of the group.
  return groupOf(view, set.content.target, set.type).some((target) => isSetHealthy(view, target));
}

function shuffled<T>(items: readonly T[], random: () => number): readonly T[] {
  return items
    .map((item) => ({ item, order: random() }))
    .toSorted((a, b) => a.order - b.order)
    .map(({ item }) => item);
}

function byWeight(sets: readonly RecordSet[], random: () => number): RecordSet | undefined {
  const weightOf = ({ policy }: RecordSet) => (policy.kind === "weighted" ? policy.weight : 0);
  const total = sets.reduce((sum, set) => sum + weightOf(set), 0);
  let left = random() * total;
  for (const set of sets) {
    left -= weightOf(set);
    if (left < 0) return set;
  }
  // All weights 0: all have the same chance.
  return sets[Math.floor(random() * sets.length)];
}

/** What Route 53 does when nothing is healthy differs by policy, but it never answers nothing. */
function choose(view: View, group: readonly RecordSet[]): readonly RecordSet[] {
  const healthy = group.filter((set) => isSetHealthy(view, set));
  switch (group[0]?.policy.kind) {
    case "multivalue":
      return shuffled(healthy.length > 0 ? healthy : group, view.random).slice(0, MULTIVALUE_LIMIT);
    case "weighted": {
      const weighted = healthy.filter(({ policy }) => policy.kind === "weighted" && policy.weight > 0);
      const candidates = [weighted, healthy, group].find(({ length }) => length > 0) ?? [];
      const chosen = byWeight(candidates, view.random);
      return chosen === undefined ? [] : [chosen];
    }
    case "failover": {
      const role =
        (wanted: string) =>
        ({ policy }: RecordSet) =>
          policy.kind === "failover" && policy.role === wanted;
      const chosen =
        healthy.find(role("PRIMARY")) ??
        healthy.find(role("SECONDARY")) ??
        group.find(role("PRIMARY")) ??
        group.find(role("SECONDARY"));
      return chosen === undefined ? [] : [chosen];
    }
    default:
      return group;
  }
}

/** An alias answers what its target answers, with the target's TTL. Undefined: there is no such name and type. */
export function answer(view: View, name: string, type: string): Answer | undefined {
  const group = groupOf(view, name, type);
  if (group.length === 0) return undefined;
  const parts = choose(view, group).map((set) =>
    set.content.kind === "values" ? set.content : answer(view, set.content.target, type),
  );
  const found = parts.filter((part) => part !== undefined);
  return {
    ttlSeconds: Math.min(...found.map(({ ttlSeconds }) => ttlSeconds)),
    values: found.flatMap(({ values }) => values),
  };
}
