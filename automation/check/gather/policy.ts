/** The policy pack's objections to what is configured now. */
import type { StackName } from "../../../components/model.ts";
import { checkPolicies, withPolicyPack } from "../../adapters/policy.ts";
import { pulumiStack } from "../../adapters/program.ts";
import type { Subject } from "./subject.ts";

/** @throws when a rule could not see what it judges: no objection is not known then */
export async function policyViolations(
  { deployment, settings }: Subject,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const under = { ...settings, environment: withPolicyPack(settings.environment) };
  const of = (stack: StackName) =>
    pulumiStack({ stack, project: deployment.project, settings: under, say: () => {}, emergency: true });
  const stacks = { prod: of("prod"), dr: of("dr") };
  const findings = await checkPolicies(stacks, { signal, say: () => {} });
  const violations = findings.filter(({ outcome }) => outcome === "violation");
  if (violations.length > 0)
    return violations.map(({ stack, rule, message }) => `${stack}, ${rule}: ${message}`);
  const [unseen] = findings.filter(({ outcome }) => outcome === "unknown");
  if (unseen !== undefined) throw new Error(`${unseen.stack}, ${unseen.rule}: ${unseen.message}`);
  return [];
}
