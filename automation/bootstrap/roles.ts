/** The three roles as documents: who may take them, and what they may do then. Pure. */
import type { Statement } from "../../components/grants.ts";
import { policy } from "../../components/iam.ts";
import type { Identity } from "../../components/names.ts";
import { controlKey } from "../../journal/model.ts";
import { calendarStatements, type FailoverScope, failoverStatements } from "./calls.ts";
import {
  breakGlassRoleName,
  deployRoleName,
  failoverRoleName,
  OIDC_HOST,
  oidcProviderArn,
  stateBucketName,
} from "./names.ts";

export interface RoleSpec {
  readonly roleName: string;
  readonly describe: string;
  readonly trust: string;
  /** Inline policy; undefined: `managedPolicy` instead. */
  readonly document: string | undefined;
  readonly managedPolicy: string | undefined;
  readonly maxSessionSeconds: number;
}

export interface RoleScope extends FailoverScope {
  /** `owner/name` of the repository whose CI deploys. */
  readonly repository: string;
  /** IAM principals that may fail over, with a second factor. */
  readonly operators: readonly string[];
}

/** Of the repository's workflows: a job in one of them may take the role. */
export const ENVIRONMENTS = { deploy: ["prod", "dr"], failover: ["failover"] } as const;
const HOUR_SECONDS = 3600;

/**
 * Subject and audience pinned: without `sub` any repository of GitHub could take the role.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc.html
 */
const byPipeline = (scope: RoleScope, environments: readonly string[]) => ({
  Effect: "Allow",
  Principal: { Federated: oidcProviderArn(scope) },
  Action: ["sts:AssumeRoleWithWebIdentity"],
  Condition: {
    StringEquals: {
      [`${OIDC_HOST}:aud`]: "sts.amazonaws.com",
      [`${OIDC_HOST}:sub`]: environments.map((one) => `repo:${scope.repository}:environment:${one}`),
    },
  },
});
const byPeople = (principals: readonly string[]) => ({
  Effect: "Allow",
  Principal: { AWS: [...principals] },
  Action: ["sts:AssumeRole"],
  Condition: { Bool: { "aws:MultiFactorAuthPresent": "true" } },
});
const document = (statements: readonly object[]): string =>
  JSON.stringify({ Version: "2012-10-17", Statement: statements });

/**
 * Services of the types that the program registers, by IAM prefix; a test compares. Actions within one are not told
 * apart, since an update may need any of them: what may never happen is denied below, and regions are fenced.
 */
export const DEPLOYED_SERVICES = [
  "acm",
  "autoscaling",
  "backup",
  "backup-storage",
  "budgets",
  "cloudwatch",
  "dynamodb",
  "ec2",
  "ecr",
  "eks",
  "elasticloadbalancing",
  "fis",
  "kms",
  "logs",
  "rds",
  "route53",
  "s3",
  "sns",
] as const;

/** What takes data away, or moves production: no deployment does either. */
const NEVER = [
  "backup:DeleteBackupVault",
  "backup:DeleteRecoveryPoint",
  "dynamodb:DeleteTable",
  "kms:DisableKey",
  "kms:ScheduleKeyDeletion",
  "rds:DeleteDBCluster",
  "rds:DeleteGlobalCluster",
  "rds:FailoverGlobalCluster",
  "rds:RemoveFromGlobalCluster",
  "rds:SwitchoverGlobalCluster",
  "s3:BypassGovernanceRetention",
  "s3:DeleteBucket",
  "s3:DeleteObjectVersion",
] as const;

const WRITES = [
  "dynamodb:BatchWriteItem",
  "dynamodb:DeleteItem",
  "dynamodb:PutItem",
  "dynamodb:UpdateItem",
] as const;

const ROLE_ACTIONS = [
  "iam:AttachRolePolicy",
  "iam:CreateRole",
  "iam:DeleteRole",
  "iam:DeleteRolePolicy",
  "iam:DetachRolePolicy",
  "iam:GetRole",
  "iam:GetRolePolicy",
  "iam:ListAttachedRolePolicies",
  "iam:ListInstanceProfilesForRole",
  "iam:ListRolePolicies",
  "iam:PassRole",
  "iam:PutRolePolicy",
  "iam:TagRole",
  "iam:UntagRole",
  "iam:UpdateAssumeRolePolicy",
  "iam:UpdateRole",
] as const;
/** Names that the program's components give their roles, before Pulumi's random end. */
export const ROLE_PREFIXES = ["network", "cluster", "workload", "backup", "drills", "observability"] as const;

function deployStatements(scope: RoleScope): readonly Statement[] {
  const { accountId, regions } = scope;
  const everywhere = [regions.primary, regions.secondary, regions.witness];
  const own = [deployRoleName, failoverRoleName, breakGlassRoleName].map(
    (name) => `arn:aws:iam::${accountId}:role/${name(scope)}`,
  );
  return [
    {
      Effect: "Allow",
      Action: DEPLOYED_SERVICES.map((service) => `${service}:*`),
      Resource: ["*"],
      // Route 53 and Budgets answer from us-east-1, whatever the pair of regions is.
      Condition: { StringEquals: { "aws:RequestedRegion": [...new Set([...everywhere, "us-east-1"])] } },
    },
    {
      Effect: "Allow",
      Action: ROLE_ACTIONS,
      Resource: ROLE_PREFIXES.map((prefix) => `arn:aws:iam::${accountId}:role/${prefix}-*`),
    },
    {
      Effect: "Allow",
      Action: ["iam:CreateServiceLinkedRole", "iam:GetRole"],
      Resource: [`arn:aws:iam::${accountId}:role/aws-service-role/*`],
    },
    { Effect: "Deny", Action: NEVER, Resource: ["*"] },
    // Which region is active, and what was ordered, is not for a deployment to write: only what its pods obey.
    {
      Effect: "Deny",
      Action: WRITES,
      Resource: everywhere.map(
        (region) => `arn:aws:dynamodb:${region}:${accountId}:table/${scope.journalTable}`,
      ),
      Condition: {
        "ForAnyValue:StringNotEquals": {
          "dynamodb:LeadingKeys": [controlKey(regions.primary), controlKey(regions.secondary)],
        },
      },
    },
    // Else the way to administrator is one AttachRolePolicy long.
    {
      Effect: "Deny",
      Action: ["iam:AttachRolePolicy"],
      Resource: ["*"],
      Condition: {
        ArnEquals: {
          "iam:PolicyARN": [
            "arn:aws:iam::aws:policy/AdministratorAccess",
            "arn:aws:iam::aws:policy/IAMFullAccess",
            "arn:aws:iam::aws:policy/PowerUserAccess",
          ],
        },
      },
    },
    { Effect: "Deny", Action: ["iam:PassRole", "sts:AssumeRole"], Resource: own },
    { Effect: "Deny", Action: ["s3:PutBucketPolicy"], Resource: [`arn:aws:s3:::${stateBucketName(scope)}`] },
  ];
}

export function rolesOf(scope: RoleScope): readonly RoleSpec[] {
  const identity: Identity = scope;
  const people = scope.operators.length > 0 ? scope.operators : [`arn:aws:iam::${scope.accountId}:root`];
  return [
    {
      roleName: deployRoleName(identity),
      describe: "CI deploys; destroys nothing that holds data and moves no production",
      trust: document([byPipeline(scope, ENVIRONMENTS.deploy)]),
      document: policy(deployStatements(scope)),
      managedPolicy: undefined,
      maxSessionSeconds: 2 * HOUR_SECONDS,
    },
    {
      roleName: failoverRoleName(identity),
      describe: "operators and CI fail over; exactly the calls that a failover makes, and a drill around it",
      trust: document([byPipeline(scope, ENVIRONMENTS.failover), byPeople(people)]),
      document: policy([...failoverStatements(scope), ...calendarStatements(scope)]),
      managedPolicy: undefined,
      maxSessionSeconds: 4 * HOUR_SECONDS,
    },
    {
      roleName: breakGlassRoleName(identity),
      describe: "when nothing else works: everything, by a person with a second factor",
      trust: document([byPeople(people)]),
      document: undefined,
      managedPolicy: "arn:aws:iam::aws:policy/AdministratorAccess",
      maxSessionSeconds: HOUR_SECONDS,
    },
  ];
}
