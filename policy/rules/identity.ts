/** Roles name what they may do and on what. */
import { type Finding, type ResourceRule, undecided, violation } from "../rule.ts";
import { type Seen, step, UNKNOWN } from "../seen.ts";
import { isAnyone, type Statement, statementsOf } from "./documents.ts";

/** Type → its property with a permission document. */
const PERMISSIONS: Readonly<Record<string, string>> = {
  "aws:iam/policy:Policy": "policy",
  "aws:iam/rolePolicy:RolePolicy": "policy",
  "aws:iam/userPolicy:UserPolicy": "policy",
  "aws:iam/groupPolicy:GroupPolicy": "policy",
};
/** Type → its property with a document that says who. In a key's own policy `Resource: "*"` means that key. */
const TRUSTS: Readonly<Record<string, string>> = {
  "aws:iam/role:Role": "assumeRolePolicy",
  "aws:kms/key:Key": "policy",
  "aws:kms/replicaKey:ReplicaKey": "policy",
  "aws:sns/topic:Topic": "policy",
  "aws:sns/topicPolicy:TopicPolicy": "policy",
};
const ATTACHMENTS = new Set([
  "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
  "aws:iam/policyAttachment:PolicyAttachment",
]);
const TOO_WIDE = /:policy\/(AdministratorAccess|PowerUserAccess|IAMFullAccess)$/;

/**
 * Actions that take no resource: `Resource: "*"` is the only way to write them.
 * https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
 */
const WITHOUT_RESOURCE =
  /^(\w[\w-]*:(Describe|List)\w*|cloudwatch:PutMetricData|cloudwatch:GetMetric(Data|Statistics)|ecr:GetAuthorizationToken|logs:(Create|Get|Update|Delete)LogDelivery|xray:Put\w+|ec2:RevokeSecurityGroupIngress)$/;

function problemsOf(statement: Statement): readonly string[] {
  if (!statement.allows) return [];
  const wide = statement.actions.filter((action) => action.includes("*"));
  const everywhere =
    statement.resources.includes("*") &&
    !statement.hasCondition &&
    statement.actions.some((action) => !action.includes("*") && !WITHOUT_RESOURCE.test(action));
  return [
    ...(statement.isInverted
      ? ["its policy allows all but what NotAction or NotResource names: name what it may do"]
      : []),
    ...wide.map((action) => `its policy allows ${action}: name the actions that it needs`),
    ...(everywhere
      ? [`its policy allows ${statement.actions.join(", ")} on every resource: name the resources`]
      : []),
  ];
}

function document(
  resource: Seen,
  property: string,
  problems: (statement: Statement) => readonly string[],
): readonly Finding[] {
  const value = step(resource.props, property);
  if (value === undefined || value === null) return [];
  if (value === UNKNOWN) return [undecided(resource, property)];
  const statements = statementsOf(value);
  if (statements === undefined) return [violation(resource, `its ${property} is no policy document`)];
  return statements.flatMap(problems).map((problem) => violation(resource, problem));
}

const openTo = (property: string) => (statement: Statement) =>
  isAnyone(statement) ? [`its ${property} lets everybody in: name the principals`] : [];

export const noWildcardIam: ResourceRule = {
  name: "no-wildcard-iam",
  description: "IAM policies name actions and resources, trust policies name principals.",
  of: "resource",
  check(resource) {
    const permission = PERMISSIONS[resource.type];
    const trust = TRUSTS[resource.type];
    const attached = ATTACHMENTS.has(resource.type) ? step(resource.props, "policyArn") : undefined;
    const inline = resource.type === "aws:iam/role:Role" ? step(resource.props, "inlinePolicies") : undefined;
    return [
      ...(permission === undefined ? [] : document(resource, permission, problemsOf)),
      ...(trust === undefined ? [] : document(resource, trust, openTo(trust))),
      ...(typeof attached === "string" && TOO_WIDE.test(attached)
        ? [
            violation(
              resource,
              `it attaches ${attached.split("/").at(-1)}: attach a policy that names its actions`,
            ),
          ]
        : []),
      ...(Array.isArray(inline) && inline.some((one) => step(one, "policy") !== undefined)
        ? [violation(resource, "move its inlinePolicies into RolePolicy resources, where they are checked")]
        : []),
    ];
  },
};
