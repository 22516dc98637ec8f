/** What a resource type stands for in a recovery: what is lost with it, and what its absence costs. */

export type Standing =
  /** Holds what cannot be made again from the program. */
  | {
      readonly kind: "stateful";
      readonly holds: string;
      readonly rpo: string;
      readonly rto: string;
    }
  /** Carries such data to another place; the data itself stays. */
  | { readonly kind: "replica"; readonly holds: string; readonly rpo: string; readonly rto: string }
  /** Serves while it is there; a new one is as good as the old. */
  | { readonly kind: "serving"; readonly rto: string }
  /** Protects or watches: nothing stops without it, until the day it is needed. */
  | { readonly kind: "guard"; readonly rpo: string; readonly rto: string }
  /** Allows somebody something. */
  | { readonly kind: "grant" }
  /** Made again from the program, missed by nobody meanwhile. */
  | { readonly kind: "plain" };

export interface Group {
  readonly standing: Standing;
  readonly types: readonly string[];
}

/** What an objective says when a change does not touch it. */
export const NONE = "–";

type Costs = { readonly rpo?: string; readonly rto?: string };

export const stateful = (
  holds: string,
  { rpo = NONE, rto = NONE }: Costs,
  types: readonly string[],
): Group => ({
  standing: { kind: "stateful", holds, rpo, rto },
  types,
});
export const replica = (
  holds: string,
  { rpo = NONE, rto = NONE }: Costs,
  types: readonly string[],
): Group => ({
  standing: { kind: "replica", holds, rpo, rto },
  types,
});
export const serving = (rto: string, types: readonly string[]): Group => ({
  standing: { kind: "serving", rto },
  types,
});
export const guard = ({ rpo = NONE, rto = NONE }: Costs, types: readonly string[]): Group => ({
  standing: { kind: "guard", rpo, rto },
  types,
});
export const grant = (types: readonly string[]): Group => ({ standing: { kind: "grant" }, types });
export const plain = (types: readonly string[]): Group => ({ standing: { kind: "plain" }, types });
