/** What a service may do in AWS, by name; each grant is the least that its program needs, in its own region only. */
import type { Region } from "./model.ts";
import {
  archiveBucketName,
  checkpointBucketName,
  type Identity,
  journalKeyAlias,
  storageKeyAlias,
} from "./names.ts";

export const GRANTS = [
  "journal-read",
  "journal-append",
  "checkpoints-read",
  "checkpoints-write",
  "archive-read",
  "archive-write",
  "database",
  "smoke-token",
] as const;
export type Grant = (typeof GRANTS)[number];

export interface GrantScope extends Identity {
  readonly region: Region;
  readonly journalTable: string;
  /** `cluster-…`, what IAM database authentication names a cluster by. */
  readonly databaseResourceId: string;
  readonly databaseUser: string;
}

export interface Statement {
  readonly Effect: "Allow" | "Deny";
  readonly Action: readonly string[];
  readonly Resource: readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

/**
 * A key is named by its alias, because the replica key of the other stack's has an id that config cannot know.
 * https://docs.aws.amazon.com/kms/latest/developerguide/alias-authorization.html
 */
const useKey = (scope: GrantScope, service: "dynamodb" | "s3", alias: string): Statement => ({
  Effect: "Allow",
  Action: ["kms:Decrypt", "kms:GenerateDataKey"],
  Resource: [`arn:aws:kms:${scope.region}:${scope.accountId}:key/*`],
  Condition: {
    StringEquals: { "kms:ViaService": `${service}.${scope.region}.amazonaws.com` },
    "ForAnyValue:StringEquals": { "kms:ResourceAliases": alias },
  },
});

const tableArn = (scope: GrantScope): string =>
  `arn:aws:dynamodb:${scope.region}:${scope.accountId}:table/${scope.journalTable}`;

const readJournal = (scope: GrantScope): Statement[] => [
  { Effect: "Allow", Action: ["dynamodb:GetItem", "dynamodb:Query"], Resource: [tableArn(scope)] },
  useKey(scope, "dynamodb", journalKeyAlias(scope)),
];
const readBucket = (bucket: string, scope: GrantScope): Statement[] => [
  { Effect: "Allow", Action: ["s3:ListBucket"], Resource: [`arn:aws:s3:::${bucket}`] },
  { Effect: "Allow", Action: ["s3:GetObject"], Resource: [`arn:aws:s3:::${bucket}/*`] },
  useKey(scope, "s3", storageKeyAlias(scope)),
];
const writeBucket = (bucket: string): Statement => ({
  Effect: "Allow",
  Action: ["s3:PutObject"],
  Resource: [`arn:aws:s3:::${bucket}/*`],
});

const STATEMENTS: Readonly<Record<Grant, (scope: GrantScope) => Statement[]>> = {
  "journal-read": readJournal,
  "journal-append": (scope) => [
    ...readJournal(scope),
    { Effect: "Allow", Action: ["dynamodb:PutItem"], Resource: [tableArn(scope)] },
    // An engine writes logs; which region is active is not for it to say.
    {
      Effect: "Deny",
      Action: ["dynamodb:PutItem"],
      Resource: [tableArn(scope)],
      Condition: { "ForAnyValue:StringLike": { "dynamodb:LeadingKeys": ["region", "control#*"] } },
    },
  ],
  "checkpoints-read": (scope) => readBucket(checkpointBucketName(scope, scope.region), scope),
  "checkpoints-write": (scope) => [
    ...readBucket(checkpointBucketName(scope, scope.region), scope),
    writeBucket(checkpointBucketName(scope, scope.region)),
  ],
  "archive-read": (scope) => readBucket(archiveBucketName(scope, scope.region), scope),
  "archive-write": (scope) => [
    ...readBucket(archiveBucketName(scope, scope.region), scope),
    writeBucket(archiveBucketName(scope, scope.region)),
    {
      Effect: "Allow",
      Action: ["s3:PutObjectRetention"],
      Resource: [`arn:aws:s3:::${archiveBucketName(scope, scope.region)}/*`],
    },
  ],
  database: (scope) => [
    {
      Effect: "Allow",
      Action: ["rds-db:connect"],
      Resource: [
        `arn:aws:rds-db:${scope.region}:${scope.accountId}:dbuser:${scope.databaseResourceId}/${scope.databaseUser}`,
      ],
    },
  ],
  // Comes as an environment variable, needs nothing from IAM.
  "smoke-token": () => [],
};

/** The statements of several grants, each once. */
export function statementsFor(grants: readonly Grant[], scope: GrantScope): readonly Statement[] {
  const all = grants.flatMap((grant) => STATEMENTS[grant](scope));
  return [...new Map(all.map((statement) => [JSON.stringify(statement), statement])).values()];
}
