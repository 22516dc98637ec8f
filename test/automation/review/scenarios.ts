/** Changes as people make them, each previewed by the real engine over both deployed stacks. */
import { Table } from "@pulumi/aws/dynamodb/table.js";
import { Bucket } from "@pulumi/aws/s3/bucket.js";
import { Topic } from "@pulumi/aws/sns/topic.js";
import { ComponentResource } from "@pulumi/pulumi";
import type { Region, StackName } from "../../../components/model.ts";

type Values = Readonly<Record<string, unknown>>;
/** What the program would say of a resource, and its options, after the change. */
export type Edit = (resource: {
  readonly type: string;
  readonly name: string;
  readonly inputs: Values;
  readonly protect: boolean;
}) => { readonly inputs?: Values; readonly protect?: boolean } | undefined;

export interface Scenario {
  readonly id: string;
  /** The change in a reviewer's words. */
  readonly title: string;
  readonly stacks: readonly string[];
  /** Of the stack file, whole keys as text. */
  readonly config?: (raw: Readonly<Record<string, string>>) => Readonly<Record<string, string>>;
  /** Of the program; one of the two or both. */
  readonly edit?: Edit;
  readonly form: "digest" | "stream";
  /** Under the project's policy pack, which only a stream tells of. */
  readonly policies?: true;
  /** Another project altogether, before and after the change. */
  readonly elsewhere?: Elsewhere;
}

export interface Elsewhere {
  readonly project: string;
  readonly region: Region;
  readonly before: () => Promise<Record<string, unknown>>;
  readonly after: () => Promise<Record<string, unknown>>;
}

const BOTH: readonly StackName[] = ["prod", "dr"];
const object = (text: string | undefined): Record<string, unknown> => JSON.parse(text ?? "{}");

const services = (change: (services: Record<string, Record<string, unknown>>) => void) => (raw: Values) => {
  const value = object(raw["services"] as string) as Record<string, Record<string, unknown>>;
  change(value);
  return { services: JSON.stringify(value) };
};

/** Inputs set on every resource of a type. */
const set =
  (type: string, inputs: Values, protect?: boolean): Edit =>
  (resource) =>
    resource.type === type
      ? { inputs: { ...resource.inputs, ...inputs }, ...(protect === undefined ? {} : { protect }) }
      : undefined;

const OTHER_KEY = "arn:aws:kms:us-east-1:123456789012:key/00000000-0000-0000-0000-000000000000";

export const SCENARIOS: readonly Scenario[] = [
  {
    id: "harmless",
    title: "the passive region may scale further",
    stacks: BOTH,
    form: "digest",
    config: (raw) =>
      raw["region"] === "us-west-2"
        ? services((all) => {
            if (all["gateway"] !== undefined) all["gateway"]["replicas"] = { min: 3, max: 16 };
          })(raw)
        : {},
  },
  {
    id: "no-changes",
    title: "documentation only",
    stacks: BOTH,
    form: "digest",
  },
  {
    id: "replica-removed",
    title: "the journal table loses its replica",
    stacks: BOTH,
    form: "digest",
    edit: set("aws:dynamodb/table:Table", { replicas: [] }),
  },
  {
    id: "database-replaced",
    title: "another encryption key for the database, with its protection lifted",
    stacks: BOTH,
    form: "stream",
    edit: ({ type, inputs }) => {
      if (!type.startsWith("aws:rds/")) return undefined;
      const isPrimary = type === "aws:rds/cluster:Cluster" && inputs["masterUsername"] !== undefined;
      return { inputs: { ...inputs, ...(isPrimary && { kmsKeyId: OTHER_KEY }) }, protect: false };
    },
  },
  {
    id: "database-protected",
    title: "the same with its protection in place",
    stacks: ["prod"],
    form: "digest",
    edit: set("aws:rds/cluster:Cluster", { kmsKeyId: OTHER_KEY }),
  },
  {
    id: "both-regions",
    title: "a new image in both regions",
    stacks: BOTH,
    form: "digest",
    config: services((all) => {
      for (const service of Object.values(all))
        service["image"] = `exchange/workload@sha256:${"1".repeat(64)}`;
    }),
  },
  {
    id: "slower",
    title: "less traffic to the name servers",
    stacks: BOTH,
    form: "digest",
    config: (raw) => ({
      dns: JSON.stringify({
        ...object(raw["dns"]),
        ttlSeconds: 20,
        healthCheck: { intervalSeconds: 30, failureThreshold: 5 },
      }),
    }),
  },
  {
    id: "protection-lifted",
    title: "cheaper backups",
    stacks: ["prod"],
    form: "stream",
    edit: ({ type, inputs, protect }) =>
      type === "aws:rds/cluster:Cluster"
        ? { inputs: { ...inputs, backupRetentionPeriod: 7, skipFinalSnapshot: true } }
        : type === "aws:dynamodb/table:Table"
          ? { inputs: { ...inputs, pointInTimeRecovery: { enabled: false } } }
          : protect
            ? { protect: false }
            : undefined,
  },
  {
    id: "grants-widened",
    title: "the roles may do anything to any table",
    stacks: ["dr"],
    form: "digest",
    edit: ({ type, inputs }) =>
      type === "aws:iam/rolePolicy:RolePolicy"
        ? {
            inputs: {
              ...inputs,
              policy: JSON.stringify({
                Version: "2012-10-17",
                Statement: [{ Effect: "Allow", Action: "dynamodb:*", Resource: "*" }],
              }),
            },
          }
        : undefined,
  },
  {
    id: "refused",
    title: "a commit that would park the active region",
    stacks: ["prod"],
    form: "digest",
    config: () => ({ role: "passive" }),
  },
  {
    id: "renamed",
    title: "the buckets get other names, and the load balancer another kind",
    stacks: ["dr"],
    form: "digest",
    edit: ({ type, inputs, name }) =>
      type === "aws:s3/bucket:Bucket"
        ? { inputs: { ...inputs, bucket: `${name}-renamed` }, protect: false }
        : type === "aws:lb/loadBalancer:LoadBalancer"
          ? { inputs: { ...inputs, loadBalancerType: "application" }, protect: false }
          : undefined,
  },
  {
    id: "policy-violated",
    title: "buckets that take public access lists again, against a mandatory policy",
    stacks: BOTH,
    form: "stream",
    policies: true,
    edit: set("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", { blockPublicAcls: false }),
  },
  {
    id: "another-project",
    title:
      "a project that knows nothing of regions: one stack, its own components, the provider that Pulumi chooses",
    stacks: ["live"],
    form: "digest",
    elsewhere: {
      project: "shop",
      region: "us-east-1",
      before: () => shop({ key: "id", hasFiles: true }),
      after: () => shop({ key: "customer", hasFiles: false }),
    },
  },
];

async function shop({ key, hasFiles }: { readonly key: string; readonly hasFiles: boolean }) {
  const parent = new ComponentResource("shop:index:Orders", "orders");
  const table = new Table(
    "orders",
    { billingMode: "PAY_PER_REQUEST", hashKey: key, attributes: [{ name: key, type: "S" }] },
    { parent },
  );
  if (hasFiles) new Bucket("invoices", {}, { parent });
  new Topic("news", { displayName: hasFiles ? "news" : "News" }, { parent });
  return { table: table.name };
}
