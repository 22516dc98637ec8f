/** The table of what needs eyes. Never cut: where rows have no room, those of one kind become one. */
import { type Finding, isLoss, RISKS } from "./finding.ts";
import { code, LONGEST_NAME, size, some, table } from "./markdown.ts";
import { keysOf } from "./memory.ts";
import { shortened } from "./values.ts";

/** One finding, or several of one kind. */
export interface Row extends Pick<Finding, "risk" | "severity" | "names" | "because"> {
  readonly stacks: readonly string[];
  readonly types: readonly string[];
  readonly rpo: readonly string[];
  readonly rto: readonly string[];
  /** The previous push had it not. */
  readonly isNew: boolean;
}

/** @param added keys of what the previous push had not */
export const rowsOf = (
  findings: readonly Finding[],
  added: ReadonlySet<string> | undefined,
): readonly Row[] =>
  findings.map((finding) => {
    const { risk, severity, names, because, stack, type, rpo, rto } = finding;
    const isNew = added !== undefined && keysOf(finding).some((key) => added.has(key));
    return {
      ...{ risk, severity, names, because, isNew, stacks: [stack] },
      ...{ types: type === "" ? [] : [type], rpo: [rpo], rto: [rto] },
    };
  });

interface Detail {
  readonly names: number;
  readonly reasons: number;
}
const GENEROUS: Detail = { names: 40, reasons: 6 };
const TERSE: Detail = { names: 4, reasons: 1 };
const DETAILS: readonly Detail[] = [GENEROUS, { names: 12, reasons: 3 }, TERSE];
const KINDS: readonly ((row: Row) => string)[] = [
  ({ risk, severity, stacks, types }) => [risk, severity, ...stacks, ...types].join("\n"),
  ({ risk, severity }) => [risk, severity].join("\n"),
];

/** Whether the table names every one of these losses, and has room to stand where losses have to. */
export const standsAlone = (losses: readonly Row[], room: number): boolean =>
  losses.every(({ names }) => names.length <= GENEROUS.names) && size(tableOf(losses, GENEROUS)) <= room;

/** @param keepsLosses each loss keeps a row with its names, which stand nowhere else */
export function needsEyes(rows: readonly Row[], room: number, keepsLosses: boolean): string {
  const drawn = (some: readonly Row[], detail: Detail) =>
    tableOf(some, detail, keepsLosses ? GENEROUS : detail);
  let text = "";
  for (const detail of DETAILS) {
    text = drawn(rows, detail);
    if (size(text) <= room) return text;
  }
  for (const kind of KINDS) {
    text = drawn(
      gathered(rows, (row) => (keepsLosses && isLoss(row) ? undefined : kind(row))),
      TERSE,
    );
    if (size(text) <= room) return text;
  }
  return text;
}

/** @param kind what makes two rows one; undefined: stays by itself */
function gathered(rows: readonly Row[], kind: (row: Row) => string | undefined): readonly Row[] {
  const groups = Map.groupBy(rows, (row) => kind(row) ?? row);
  const all = <K extends keyof Row>(group: readonly Row[], key: K): readonly string[] => [
    ...new Set(group.flatMap((row) => row[key] as readonly string[])),
  ];
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined || group.length === 1) return group;
    return {
      ...first,
      names: group.flatMap(({ names }) => names),
      because: all(group, "because"),
      stacks: all(group, "stacks"),
      types: all(group, "types"),
      rpo: all(group, "rpo"),
      rto: all(group, "rto"),
      isNew: group.some(({ isNew }) => isNew),
    };
  });
}

/** @param ofLosses their names stand nowhere else when the table is what comes first */
function tableOf(rows: readonly Row[], detail: Detail, ofLosses: Detail = detail): string {
  const named = (texts: readonly string[], limit: number) =>
    some(
      texts.map((text) => code(shortened(text, LONGEST_NAME))),
      limit,
      ", ",
    );
  const cells = rows.map((row) => {
    const limits = isLoss(row) ? ofLosses : detail;
    const { risk, severity, types, names, stacks, because, rpo, rto, isNew } = row;
    const mark = severity === "danger" ? "🔴" : "🟡";
    const kinds = types.length === 0 ? "" : ` ${named(types, limits.names)}`;
    return [
      `${mark}${isNew ? " **new**" : ""}`,
      `**${RISKS[risk]}**: ${named(names, limits.names)}${kinds} in ${named(stacks, limits.names)}`,
      some(
        because.map((one) => code(shortened(one, 200))),
        limits.reasons,
        "<br>",
      ),
      some(rpo, limits.reasons, "<br>"),
      some(rto, limits.reasons, "<br>"),
    ];
  });
  return table(["", "needs eyes", "because", "RPO", "RTO"], cells);
}
