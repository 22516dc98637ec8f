import { all, type CustomResource, type Output } from "@pulumi/pulumi";

/** `value`, known to others only once `resources` exist: an order that no input would show. */
export const knownAfter = <T>(value: Output<T>, resources: readonly CustomResource[]): Output<T> =>
  all([value, all(resources.map(({ id }) => id))]).apply(([inner]) => inner as T);
