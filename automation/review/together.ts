/** What reaches both regions by one merge. */
import type { Finding } from "./finding.ts";
import { isDeletion, isReplacement, type Preview } from "./preview.ts";
import { isStateful, standingOf } from "./types/index.ts";
import { NONE } from "./types/standing.ts";

/** Tags and the like: nothing that a region could go down by. */
const HARMLESS = /^(?:tags|tagsAll|labels|description|comment|metadata\.(?:labels|annotations))\b/;

/**
 * One kind of resource changed in two regions by one merge: a mistake in it reaches the region that should take over.
 * Creations do not count: what is not there yet serves nobody.
 */
export function together(previews: readonly Preview[]): readonly Finding[] {
  const places = new Map<
    string,
    { readonly names: Set<string>; readonly regions: Set<string>; loses: boolean }
  >();
  for (const { region, stack, steps } of previews) {
    for (const step of steps) {
      const { op, type, name, changed: paths } = step;
      const touches = op === "update" || isReplacement(op) || isDeletion(op);
      const isHarmless = op === "update" && paths.length > 0 && paths.every((path) => HARMLESS.test(path));
      const kind = standingOf(type)?.kind;
      if (!touches || isHarmless || kind === "plain" || (step.new ?? step.old)?.custom === false) continue;
      const place = places.get(type) ?? { names: new Set(), regions: new Set(), loses: false };
      place.names.add(name);
      place.regions.add(region ?? stack);
      place.loses ||= op !== "update" && isStateful(type);
      places.set(type, place);
    }
  }
  return [...places]
    .filter(([, { regions }]) => regions.size > 1)
    .map(([type, { names, regions, loses }]) => ({
      risk: "together",
      severity: loses ? "danger" : "eyes",
      stack: [...new Set(previews.map(({ stack }) => stack))].join(", "),
      region: [...regions].join(", "),
      type,
      names: [...names],
      because: [`changed in ${[...regions].join(" and ")} by one merge`],
      rpo: loses ? "the copy to recover from changes too" : NONE,
      rto: "a mistake in it takes both regions: deploy one, look, then the other",
    }));
}
