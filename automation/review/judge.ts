/**
 * From previews to findings: which changes weaken the promise. Pure; the tables it reads are `types/` and `rules.ts`.
 *
 * Invariant: every replacement and deletion of a type that is stateful, or that nobody classified, is a finding of its
 * own kind, whatever else is known of it.
 */
import { type Finding, merged } from "./finding.ts";
import { granted, widened } from "./grants.ts";
import {
  GONE,
  isDeletion,
  isReplacement,
  type Preview,
  type Properties,
  type ResourceState,
  type Step,
} from "./preview.ts";
import { RULES, type Rule } from "./rules.ts";
import { together } from "./together.ts";
import { isStateful, standingOf, tableKey } from "./types/index.ts";
import { NONE } from "./types/standing.ts";
import { changeOf, identities, isKnown, isOn, missing, partsOf, shown, valueAt, valuesAt } from "./values.ts";

export function judge(previews: readonly Preview[]): readonly Finding[] {
  return merged([...previews.flatMap(judgeOne), ...together(previews)]);
}

interface ParsedRule extends Rule {
  readonly parts: readonly string[];
}
const PARSED: readonly ParsedRule[] = RULES.map((rule) => ({ ...rule, parts: partsOf(rule.path) }));
const ANY = PARSED.filter(({ types }) => types.length === 0);
const BY_TYPE = new Map<string, ParsedRule[]>();
for (const rule of PARSED) {
  for (const type of rule.types) BY_TYPE.set(type, [...(BY_TYPE.get(type) ?? ANY), rule]);
}

function judgeOne(preview: Preview): readonly Finding[] {
  const { stack, region, steps, violations, isNew } = preview;
  const found: Finding[] = [];
  for (const step of steps) {
    const about = { stack, region, type: step.type, names: [step.name], because: [], rpo: NONE, rto: NONE };
    const isCustom = (step.new ?? step.old)?.custom ?? true;
    if (!isCustom) continue;
    if (isReplacement(step.op)) found.push(...replaced(step, about));
    else if (isDeletion(step.op)) found.push(...deleted(step, about));
    else if (step.op === "create" && !isNew) found.push(...created(step, about));
    if (step.old !== undefined && step.new !== undefined)
      found.push(...changed(step, step.old, step.new, about));
  }
  for (const { policy, message, mandatory, urn } of violations) {
    found.push({
      ...{ stack, region, rpo: NONE, rto: NONE, risk: "policy", type: "" },
      severity: mandatory ? "danger" : "eyes",
      names: [urn.split("::").at(-1) || stack],
      because: [`${policy}: ${message}`],
    });
  }
  return found;
}

type About = Omit<Finding, "risk" | "severity">;

const NOT_THERE = "no longer in the cloud";
const UNCLASSIFIED = "the type is in no table: taken for stateful";

function loss(risk: "replaced" | "deleted", step: Step, about: About): Finding {
  const standing = standingOf(step.type);
  const costs = standing !== undefined && "rpo" in standing ? { rpo: standing.rpo, rto: standing.rto } : {};
  const unknown = standing === undefined ? [UNCLASSIFIED] : [];
  return { ...about, ...costs, risk, severity: "danger", because: [...forcedBy(step), ...unknown] };
}

function replaced(step: Step, about: About): readonly Finding[] {
  if (isStateful(step.type)) return [loss("replaced", step, about)];
  if (step.type.startsWith("pulumi:providers:")) {
    return [
      {
        ...about,
        risk: "restart",
        severity: "eyes",
        because: [...forcedBy(step), "all of it goes through this provider"],
      },
    ];
  }
  const standing = standingOf(step.type);
  return standing?.kind === "serving"
    ? [{ ...about, risk: "interrupted", severity: "eyes", rto: standing.rto, because: forcedBy(step) }]
    : [];
}

function deleted(step: Step, about: About): readonly Finding[] {
  const standing = standingOf(step.type);
  const why = step.op === GONE ? NOT_THERE : "deleted";
  if (isStateful(step.type)) {
    if (standing?.kind === "replica") {
      return [
        {
          ...about,
          risk: "replica",
          severity: "danger",
          rpo: standing.rpo,
          rto: standing.rto,
          because: [why],
        },
      ];
    }
    if (step.old?.retainOnDelete) {
      return [{ ...about, risk: "forgotten", severity: "eyes", because: ["retainOnDelete"] }];
    }
    return [loss("deleted", step, about)];
  }
  switch (standing?.kind) {
    case "serving":
      return [{ ...about, risk: "interrupted", severity: "eyes", rto: standing.rto, because: [why] }];
    case "guard":
      return [
        {
          ...about,
          risk: "unguarded",
          severity: "eyes",
          rpo: standing.rpo,
          rto: standing.rto,
          because: [why],
        },
      ];
    case "grant":
      return [
        {
          ...about,
          risk: "narrowed",
          severity: "eyes",
          rto: "whoever lived by it is refused",
          because: [why],
        },
      ];
    default:
      return [];
  }
}

function created(step: Step, about: About): readonly Finding[] {
  if (standingOf(step.type)?.kind !== "grant") return [];
  const because = granted(step.new?.inputs ?? {});
  return [{ ...about, risk: "widened", severity: "eyes", because: because.length > 0 ? because : ["new"] }];
}

function changed(step: Step, old: ResourceState, next: ResourceState, about: About): readonly Finding[] {
  const found: Finding[] = [];
  if (old.protect && !next.protect) {
    found.push({
      ...about,
      risk: "protection",
      severity: "eyes",
      because: [changeOf("protect", true, false)],
      rpo: isStateful(step.type) ? "one mistake from losing it" : NONE,
    });
  }
  if (step.op === "same") return found;
  const wider = widened(old.inputs, next.inputs);
  if (wider.length > 0) found.push({ ...about, risk: "widened", severity: "eyes", because: wider });
  // What forces a loss is said with the loss.
  const said = isReplacement(step.op) && isStateful(step.type) ? step.replaceReasons : [];
  const touched = new Set(step.changed.map((path) => /^[^.[]*/.exec(path)?.[0]));
  for (const rule of BY_TYPE.get(tableKey(step.type)) ?? ANY) {
    if (!touched.has(rule.parts[0]) || said.includes(rule.path)) continue;
    const changes = broken(rule, old.inputs, next.inputs);
    const [first] = changes;
    if (first !== undefined) {
      const { risk, severity, rpo } = rule;
      const rto = rule.rto.replace("{old}", shown(first.old)).replace("{now}", shown(first.now));
      const because = changes.map((change) => changeOf(change.at, change.old, change.now));
      found.push({ ...about, risk, severity, rpo, rto, because });
    }
  }
  return found;
}

/** Where a change does what the rule warns of. */
function broken({ path, parts, when }: ParsedRule, before: Properties, after: Properties) {
  const [top = ""] = parts;
  if (before[top] === after[top]) return [];
  const old = valuesAt(before, parts);
  const now = valuesAt(after, parts);
  return [...new Set([...old.keys(), ...now.keys()])]
    .filter((at) => {
      // An element that is gone altogether is the list's own rule.
      const wholly = path.includes("[]") && !now.has(at);
      return !wholly && weakens(when, old.get(at), now.get(at));
    })
    .map((at) => ({ at, old: old.get(at), now: now.get(at) }));
}

const automatic = (ttl: unknown): unknown => (ttl === 1 ? 300 : ttl);

function weakens(when: Rule["when"], old: unknown, now: unknown): boolean {
  if (old === now) return false;
  switch (when) {
    case "raised":
      return isKnown(now) && now !== undefined && Number(now) > Number(old ?? 0) && old !== undefined;
    case "raised, 1 is 300":
      return weakens("raised", automatic(old), automatic(now));
    case "lowered":
      return old !== undefined && isKnown(now) && (now === undefined || Number(now) < Number(old));
    case "on":
      return !isOn(old) && isOn(now);
    case "off":
      return isOn(old) && isKnown(now) && !isOn(now);
    case "fewer":
      return isKnown(now) && missing(identities(old), identities(now)).length > 0;
    case "more":
      return missing(now, old).length > 0;
    case "removed":
      return isSet(old) && !isSet(now);
    case "changed":
      return isSet(old) && JSON.stringify(old) !== JSON.stringify(now);
  }
}

const isSet = (value: unknown): boolean =>
  value !== undefined && value !== null && value !== "" && !(Array.isArray(value) && value.length === 0);

/** The properties that force a replacement, with their values; without any, what the engine says of it. */
export function forcedBy({ replaceReasons, changed: paths, old, new: next, op }: Step): readonly string[] {
  if (isDeletion(op)) return [op === GONE ? NOT_THERE : "no longer in the program"];
  const reasons = replaceReasons.length > 0 ? replaceReasons : paths;
  if (reasons.length === 0) return ["the program, a provider or the operator asks for it"];
  return reasons.map((path) => changeOf(path, at(old, path), at(next, path)));
}

function at(state: ResourceState | undefined, path: string): unknown {
  const inInputs = valueAt(state?.inputs, path);
  return inInputs === undefined ? valueAt(state?.outputs, path) : inInputs;
}
