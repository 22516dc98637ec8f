/**
 * Every AWS call that a failover makes, and on what: the failover role is this table and nothing else. A test finds
 * the SDK commands in the code of the path and compares. STS signs in by presigned `GetCallerIdentity`, which nobody
 * can be denied; Kubernetes, gateways and names are reached without IAM.
 */

import type { Statement } from "../../components/grants.ts";
import type { Region, RegionTriple } from "../../components/model.ts";
import {
  databaseClusterName,
  globalClusterName,
  type Identity,
  journalKeyAlias,
  noticesKeyAlias,
  noticesTopicName,
} from "../../components/names.ts";
import { stateBucketName, stateKeyAlias } from "./names.ts";

export interface FailoverScope extends Identity {
  readonly regions: RegionTriple;
  readonly journalTable: string;
  /** Whether config names networks that are there already, and perhaps their clusters: then the program looks at them first. */
  readonly adopts: boolean;
}

/** Of the journal, each in whichever region survives. */
export const JOURNAL_CALLS = {
  GetItemCommand: "dynamodb:GetItem",
  QueryCommand: "dynamodb:Query",
  PutItemCommand: "dynamodb:PutItem",
  UpdateItemCommand: "dynamodb:UpdateItem",
} as const;
export const DATABASE_CALLS = {
  DescribeGlobalClustersCommand: "rds:DescribeGlobalClusters",
  FailoverGlobalClusterCommand: "rds:FailoverGlobalCluster",
} as const;
export const STATE_CALLS = {
  GetObjectCommand: "s3:GetObject",
  ListObjectsV2Command: "s3:ListBucket",
  PutObjectCommand: "s3:PutObject",
  DeleteObjectCommand: "s3:DeleteObject",
} as const;
/** What Pulumi's engine does beside them in a targeted update: finds the bucket, unwraps its secrets' key. */
const ENGINE_STATE_CALLS = ["s3:GetBucketLocation"] as const;
const ENGINE_KEY_CALLS = ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"] as const;
/** By which the program looks at what it adopted, as it does whenever it runs. Nothing else here describes anything. */
const ADOPTION_CALLS = [
  "ec2:DescribeRouteTables",
  "ec2:DescribeSubnets",
  "ec2:DescribeVpcAttribute",
  "ec2:DescribeVpcs",
  "eks:DescribeAccessEntry",
  "eks:DescribeAddon",
  "eks:DescribeCluster",
  "eks:DescribeNodegroup",
  "logs:DescribeLogGroups",
] as const;
/** Signed with an IAM token by `rds-signer`. */
const DATABASE_READER = "projection_reader";

const onBucket = (action: string): boolean => /Bucket/.test(action);

/** Inline policy of the failover role. */
export function failoverStatements(scope: FailoverScope): readonly Statement[] {
  const { accountId, regions, journalTable } = scope;
  const either: readonly Region[] = [regions.primary, regions.secondary];
  const bucket = `arn:aws:s3:::${stateBucketName(scope)}`;
  const state = [...Object.values(STATE_CALLS), ...ENGINE_STATE_CALLS];
  return [
    {
      Effect: "Allow",
      Action: Object.values(JOURNAL_CALLS),
      Resource: either.map((region) => `arn:aws:dynamodb:${region}:${accountId}:table/${journalTable}`),
    },
    {
      Effect: "Allow",
      Action: ["kms:Decrypt", "kms:GenerateDataKey"],
      Resource: either.map((region) => `arn:aws:kms:${region}:${accountId}:key/*`),
      Condition: {
        StringEquals: { "kms:ViaService": either.map((region) => `dynamodb.${region}.amazonaws.com`) },
        "ForAnyValue:StringEquals": { "kms:ResourceAliases": journalKeyAlias(scope) },
      },
    },
    {
      Effect: "Allow",
      Action: Object.values(DATABASE_CALLS),
      Resource: [
        `arn:aws:rds::${accountId}:global-cluster:${globalClusterName(scope)}`,
        ...either.map(
          (region) => `arn:aws:rds:${region}:${accountId}:cluster:${databaseClusterName(scope, region)}`,
        ),
      ],
    },
    {
      Effect: "Allow",
      Action: ["rds-db:connect"],
      // A cluster's resource id is known only once it exists; the user is the projection's reader alone.
      Resource: either.map((region) => `arn:aws:rds-db:${region}:${accountId}:dbuser:*/${DATABASE_READER}`),
    },
    { Effect: "Allow", Action: state.filter(onBucket), Resource: [bucket] },
    { Effect: "Allow", Action: state.filter((action) => !onBucket(action)), Resource: [`${bucket}/*`] },
    {
      Effect: "Allow",
      Action: ENGINE_KEY_CALLS,
      // By its alias, like the journal's: the document is the same before and after the key is made.
      Resource: [`arn:aws:kms:${regions.witness}:${accountId}:key/*`],
      Condition: { "ForAnyValue:StringEquals": { "kms:ResourceAliases": stateKeyAlias(scope) } },
    },
    ...(scope.adopts
      ? [
          {
            Effect: "Allow" as const,
            Action: ADOPTION_CALLS,
            // EC2's descriptions know no resources.
            Resource: ["*"],
            Condition: { StringEquals: { "aws:RequestedRegion": either } },
          },
        ]
      : []),
  ];
}

/** Signed by hand, as `service operation` or `service method`. */
export const CALENDAR_CALLS = {
  "cloudwatch DescribeAlarms": "cloudwatch:DescribeAlarms",
  "fis GET": "fis:ListExperiments",
  "sns Publish": "sns:Publish",
} as const;

/** What `dr calendar` asks around a failover that it runs: whether it may begin, and whom it tells. */
export function calendarStatements(scope: FailoverScope): readonly Statement[] {
  const { accountId, name, regions } = scope;
  const either: readonly Region[] = [regions.primary, regions.secondary];
  return [
    {
      Effect: "Allow",
      Action: [CALENDAR_CALLS["cloudwatch DescribeAlarms"]],
      Resource: either.map((region) => `arn:aws:cloudwatch:${region}:${accountId}:alarm:${name}-*`),
    },
    {
      Effect: "Allow",
      Action: [CALENDAR_CALLS["fis GET"]],
      // A list knows no resources.
      Resource: ["*"],
      Condition: { StringEquals: { "aws:RequestedRegion": either } },
    },
    {
      Effect: "Allow",
      Action: [CALENDAR_CALLS["sns Publish"]],
      Resource: either.map((region) => `arn:aws:sns:${region}:${accountId}:${noticesTopicName(scope)}`),
    },
    {
      Effect: "Allow",
      Action: ["kms:Decrypt", "kms:GenerateDataKey"],
      Resource: either.map((region) => `arn:aws:kms:${region}:${accountId}:key/*`),
      Condition: {
        StringEquals: { "kms:ViaService": either.map((region) => `sns.${region}.amazonaws.com`) },
        "ForAnyValue:StringEquals": { "kms:ResourceAliases": noticesKeyAlias(scope) },
      },
    },
  ];
}
