/** What an instance's name says of its size. */

/** Sizes within a family, in units of `large` (two virtual cores): `2xlarge` → 4; undefined: it does not say. */
export function largeUnits(size: string): number | undefined {
  const [, multiple] = /^(\d*)xlarge$/.exec(size) ?? [];
  if (multiple !== undefined) return 2 * Number(multiple || 1);
  return { medium: 0.5, large: 1 }[size];
}

/** `m7g.xlarge` → 4. */
export function vcpusOf(instanceType: string): number | undefined {
  const units = largeUnits(instanceType.split(".").at(-1) ?? "");
  return units === undefined ? undefined : 2 * units;
}
