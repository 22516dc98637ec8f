/**
 * What a deployment may do by itself, and in which order. Decisions only.
 *
 * Invariant: nothing that holds data, nor a link to its copy, is replaced or deleted unless it was named beforehand.
 */
import type { StackName } from "../components/model.ts";
import { isLoss, RISKS } from "./review/finding.ts";
import { judge } from "./review/judge.ts";
import type { Preview } from "./review/preview.ts";

/** What forbids the deployment, one line each; empty: it may go on. */
export function forbidden(preview: Preview, accepted: readonly string[]): readonly string[] {
  return judge([preview])
    .filter(isLoss)
    .flatMap(({ risk, type, names, because }) =>
      names
        .filter((name) => !accepted.includes(name))
        .map((name) => `${name} (${type}): ${RISKS[risk]} (${because.join("; ")})`),
    );
}

/** Types of `prod` that `dr` builds on. */
const SPANNING =
  /aws:rds\/globalCluster:|aws:dynamodb\/table:|aws:kms\/key:|Certificate\$aws:route53\/record:/;

export interface Order {
  readonly stacks: readonly StackName[];
  readonly because: string;
}

/**
 * `dr` first, where nobody trades yet, so that a mistake in what the stacks share shows there; but `prod` owns what
 * spans the regions, and `dr` cannot be deployed before that is there.
 * @param prod undefined: `dr` was never deployed, and nothing but the first order is possible
 */
export function deployOrder(prod: Preview | undefined): Order {
  if (prod === undefined)
    return { stacks: ["prod", "dr"], because: "dr needs what prod owns, and is not deployed yet" };
  const spanning = prod.steps.find(({ op, urn }) => op === "create" && SPANNING.test(urn));
  return spanning === undefined
    ? { stacks: ["dr", "prod"], because: "a mistake shows in dr, where nobody trades" }
    : { stacks: ["prod", "dr"], because: `dr needs ${spanning.name}, which prod creates` };
}
