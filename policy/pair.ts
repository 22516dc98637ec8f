/**
 * Rules over both stacks at once. The engine shows a policy pack one stack at a time, so these run where both
 * previews are at hand: `dr check`, and `dr preview`, which pull requests and deployments go by.
 */
import type { ClusterInstanceArgs } from "@pulumi/aws/rds/clusterInstance.js";
import { type Finding, undecided, violation } from "./rule.ts";
import { at, ofType, type Seen, step, UNKNOWN } from "./seen.ts";

export interface PairRule {
  readonly name: string;
  readonly description: string;
  readonly check: (prod: readonly Seen[], dr: readonly Seen[]) => readonly Finding[];
}

const INSTANCE = "aws:rds/clusterInstance:ClusterInstance";
const DATABASE = "aws:rds/cluster:Cluster";

interface Size {
  readonly generation: number;
  readonly gibibytes: number;
}

/**
 * `db.r7g.2xlarge` → generation 7, 64 GiB: memory-optimised families have 8 GiB a core (r) or 16 (x).
 * https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Concepts.DBInstanceClass.Summary.html
 */
export function sizeOf(instanceClass: unknown): Size | undefined {
  const parts = /^db\.([rx])(\d+)[a-z]*\.(?:(\d*)x)?large$/.exec(String(instanceClass));
  if (parts === null) return undefined;
  const [text, family, generation, multiple] = parts;
  const units = text.endsWith(".large") ? 1 : 2 * Number(multiple || 1);
  return { generation: Number(generation), gibibytes: units * (family === "x" ? 32 : 16) };
}

const classOf = (instance: Seen) => at<ClusterInstanceArgs>(instance, "instanceClass");

function classAtLeast(prod: readonly Seen[], dr: readonly Seen[]): readonly Finding[] {
  const mine = ofType(dr, INSTANCE);
  const theirs = ofType(prod, INSTANCE).map(classOf);
  return mine.flatMap((instance) => {
    const own = classOf(instance);
    const size = sizeOf(own);
    return [...new Set(theirs)].flatMap((wanted) => {
      if (own === wanted && own !== UNKNOWN) return [];
      const other = sizeOf(wanted);
      if (own === UNKNOWN || wanted === UNKNOWN || size === undefined || other === undefined) {
        return [undecided(instance, `whether ${String(own)} carries what ${String(wanted)} carries`)];
      }
      return size.gibibytes >= other.gibibytes && size.generation >= other.generation
        ? []
        : [
            violation(
              instance,
              `set instanceClass to ${String(wanted)} or larger (got ${String(own)}): after a promotion it carries the primary's load`,
            ),
          ];
    });
  });
}

function copyElsewhere(prod: readonly Seen[], dr: readonly Seen[]): readonly Finding[] {
  const [primary] = ofType(prod, DATABASE);
  if (primary === undefined) return [];
  const [secondary] = ofType(dr, DATABASE);
  if (secondary === undefined) return [violation(primary, "deploy its secondary: stack dr has no database")];
  const [here, there] = [primary.region, secondary.region];
  if (typeof here !== "string" || typeof there !== "string") {
    return [undecided(primary, "where it and its secondary are")];
  }
  const [a, b] = [primary, secondary].map((one) => step(one.props, "globalClusterIdentifier"));
  return [
    ...(a === UNKNOWN || b === UNKNOWN
      ? [undecided(secondary, "whether it is in the primary's global database")]
      : []),
    ...(here === there ? [violation(secondary, `move it out of ${here}, where the primary is`)] : []),
    ...(typeof a === "string" && typeof b === "string" && a !== b
      ? [violation(secondary, `set globalClusterIdentifier to ${a}, the primary's (got ${b})`)]
      : []),
  ];
}

export const PAIR_RULES: readonly PairRule[] = [
  {
    name: "class-at-least-primary",
    description: "The passive database is at least as large as the active one.",
    check: classAtLeast,
  },
  {
    name: "copy-elsewhere",
    description: "The database's copy exists, in the other region, in the same global database.",
    check: copyElsewhere,
  },
];
