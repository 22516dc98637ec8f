import test from "ava";
import { judge } from "../../../automation/review/judge.ts";
import type { Step } from "../../../automation/review/preview.ts";
import { UNKNOWN } from "../../../automation/review/preview.ts";
import { verdictOf } from "../../../automation/review/verdict.ts";
import { previewOf, stateOf, stepOf, updateOf } from "./steps.ts";

/** Risk and reason of each finding. */
const found = (...steps: readonly Step[]): readonly string[] =>
  judge([previewOf(steps)]).map(({ risk, because }) => `${risk}: ${because.join("; ")}`);

const CLUSTER = "aws:rds/cluster:Cluster";
const TABLE = "aws:dynamodb/table:Table";
const RECORD = "aws:route53/record:Record";

test("a stateful replacement names the properties that force it, with their values", (t) => {
  const step = stepOf("replace", CLUSTER, "database", {
    replaceReasons: ["kmsKeyId"],
    old: stateOf({ kmsKeyId: "old" }),
    new: stateOf({ kmsKeyId: UNKNOWN }),
  });
  t.deepEqual(judge([previewOf([step])]), [
    {
      risk: "replaced",
      severity: "danger",
      stack: "prod",
      region: "us-east-1",
      type: CLUSTER,
      names: ["database"],
      because: ['kmsKeyId: "old" → (known after the update)'],
      rpo: "every row since the last backup; automated backups go with it",
      rto: "a restore into a new one: tens of minutes to hours",
    },
  ]);
});

test("deletions: data, links, guards, grants, what serves, what stays in the cloud, and what is nothing", (t) => {
  t.deepEqual(
    found(
      stepOf("delete", TABLE, "journal"),
      stepOf("delete", "aws:kms/replicaKey:ReplicaKey", "key"),
      stepOf("delete", "aws:backup/plan:Plan", "plan"),
      stepOf("delete", "aws:iam/rolePolicy:RolePolicy", "policy"),
      stepOf("delete", RECORD, "name"),
      stepOf("delete", TABLE, "kept", { old: stateOf({}, { retainOnDelete: true }) }),
      stepOf("delete", "aws:kms/alias:Alias", "alias"),
      stepOf("discard", TABLE, "only-read"),
      stepOf("delete", "shop:index:Component", "component", { old: stateOf({}, { custom: false }) }),
    ),
    [
      "deleted: no longer in the program",
      "replica: deleted",
      "unguarded: deleted",
      "narrowed: deleted",
      "interrupted: deleted",
      "forgotten: retainOnDelete",
    ],
  );
});

test("a type that nobody classified is taken for stateful, and that is said", (t) => {
  t.deepEqual(found(stepOf("delete", "someone:index/thing:Thing", "it")), [
    "deleted: no longer in the program; the type is in no table: taken for stateful",
  ]);
});

const CHANGES: readonly (readonly [title: string, step: Step, findings: readonly string[]])[] = [
  ["a TTL raised", updateOf(RECORD, { ttl: 15 }, { ttl: 300 }), ["slower: ttl: 15 → 300"]],
  ["a TTL lowered", updateOf(RECORD, { ttl: 300 }, { ttl: 15 }), []],
  [
    "a TTL raised at Cloudflare",
    updateOf("cloudflare:index/dnsRecord:DnsRecord", { ttl: 60 }, { ttl: 3600 }),
    ["slower: ttl: 60 → 3600"],
  ],
  [
    "a TTL left to Cloudflare, which is 300 s",
    updateOf("cloudflare:index/dnsRecord:DnsRecord", { ttl: 60 }, { ttl: 1 }),
    ["slower: ttl: 60 → 1"],
  ],
  [
    "a TTL that Cloudflare chose, shortened",
    updateOf("cloudflare:index/dnsRecord:DnsRecord", { ttl: 1 }, { ttl: 60 }),
    [],
  ],
  [
    "a health check that takes longer",
    updateOf(
      "aws:route53/healthCheck:HealthCheck",
      { requestInterval: 10, failureThreshold: 3 },
      { requestInterval: 30, failureThreshold: 3 },
    ),
    ["slower: requestInterval: 10 → 30"],
  ],
  [
    "a table's replica gone",
    updateOf(TABLE, { replicas: [{ regionName: "us-west-2" }] }, { replicas: [] }),
    ['replica: replicas: [{"regionName":"us-west-2"}] → []'],
  ],
  [
    "a table's replica no longer strongly consistent",
    updateOf(
      TABLE,
      { replicas: [{ regionName: "us-west-2", consistencyMode: "STRONG" }] },
      { replicas: [{ regionName: "us-west-2", consistencyMode: "EVENTUAL" }] },
    ),
    ['replica: replicas[0].consistencyMode: "STRONG" → "EVENTUAL"'],
  ],
  [
    "a cluster detached from its global database",
    updateOf(CLUSTER, { globalClusterIdentifier: "exchange" }, { globalClusterIdentifier: "" }),
    ['replica: globalClusterIdentifier: "exchange" → ""'],
  ],
  [
    "deletion protection off and fewer days of backup",
    updateOf(
      CLUSTER,
      { deletionProtection: true, backupRetentionPeriod: 35 },
      { deletionProtection: false, backupRetentionPeriod: 1 },
    ),
    ["protection: deletionProtection: true → false", "protection: backupRetentionPeriod: 35 → 1"],
  ],
  [
    "protection that only the update will know is not called lifted",
    updateOf(CLUSTER, { deletionProtection: true }, { deletionProtection: UNKNOWN }),
    [],
  ],
  [
    "fewer replicas of a Deployment",
    updateOf("kubernetes:apps/v1:Deployment", { spec: { replicas: 3 } }, { spec: { replicas: 0 } }),
    ["capacity: spec.replicas: 3 → 0"],
  ],
  [
    "a policy that allows more",
    updateOf(
      "aws:iam/rolePolicy:RolePolicy",
      { policy: '{"Statement":[{"Effect":"Allow","Action":"dynamodb:GetItem","Resource":"t"}]}' },
      {
        policy:
          '{"Statement":{"Effect":"Allow","Action":["dynamodb:GetItem","dynamodb:*"],"Resource":["t"]}}',
      },
    ),
    ["widened: policy also allows dynamodb:* on t"],
  ],
  [
    "a policy that allows less, or says the same in other words",
    updateOf(
      "aws:iam/rolePolicy:RolePolicy",
      { policy: '{"Statement":[{"Effect":"Allow","Action":["a:B","a:C"],"Resource":"t"}]}' },
      { policy: '{"Statement":{"Effect":"Allow","Action":"a:C","Resource":["t"]}}' },
    ),
    [],
  ],
  [
    "a condition taken away",
    updateOf(
      "aws:iam/role:Role",
      {
        assumeRolePolicy:
          '{"Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":"*","Condition":{"x":{}}}]}',
      },
      { assumeRolePolicy: '{"Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":"*"}]}' },
    ),
    ["widened: assumeRolePolicy also allows sts:AssumeRole to *"],
  ],
  [
    "a policy that only the update will know",
    updateOf("aws:s3/bucketPolicy:BucketPolicy", { policy: "{}" }, { policy: UNKNOWN }),
    ["widened: policy is known only after the update: whether it allows more cannot be told"],
  ],
  [
    "an ingress rule for everybody",
    updateOf(
      "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
      { cidrIpv4: "10.0.0.0/8" },
      { cidrIpv4: "0.0.0.0/0" },
    ),
    ['widened: cidrIpv4: "10.0.0.0/8" → "0.0.0.0/0"'],
  ],
  [
    "the control item",
    updateOf("aws:dynamodb/tableItem:TableItem", { item: "off" }, { item: "on" }),
    ['switched: item: "off" → "on"'],
  ],
  ["tags", updateOf(CLUSTER, { tags: { a: "1" } }, { tags: { a: "2" } }), []],
];

for (const [title, step, findings] of CHANGES) {
  test(title, (t) => {
    t.deepEqual(found(step), findings);
  });
}

test("Pulumi's own protection lifted, although nothing else changes", (t) => {
  const step = stepOf("same", CLUSTER, "database", { old: stateOf({}, { protect: true }) });
  t.deepEqual(found(step), ["protection: protect: true → false"]);
});

test("new grants count in a stack that is there, and not in a new one", (t) => {
  const step = stepOf("create", "aws:iam/rolePolicyAttachment:RolePolicyAttachment", "admin", {
    new: stateOf({ policyArn: "arn:aws:iam::aws:policy/AdministratorAccess" }),
  });
  t.deepEqual(found(step), ['widened: policyArn: "arn:aws:iam::aws:policy/AdministratorAccess"']);
  t.deepEqual(judge([previewOf([step], { isNew: true })]), []);
});

test("the same kind changed in two regions at once, unless it is only tags, new, or in one region", (t) => {
  const image = stepOf("update", "kubernetes:apps/v1:Deployment", "gateway", { changed: ["spec.template"] });
  const tags = stepOf("update", "kubernetes:apps/v1:Deployment", "gateway", {
    changed: ["metadata.labels.a"],
  });
  const created = stepOf("create", "kubernetes:apps/v1:Deployment", "gateway");
  const dr = { stack: "dr", region: "us-west-2" };
  const both = judge([previewOf([image]), previewOf([image], dr)]);
  t.deepEqual(
    both.map(({ risk, severity, names, region }) => ({ risk, severity, names, region })),
    [{ risk: "together", severity: "eyes", names: ["gateway"], region: "us-east-1, us-west-2" }],
  );
  t.deepEqual(judge([previewOf([tags]), previewOf([tags], dr)]), []);
  t.deepEqual(judge([previewOf([created]), previewOf([created], dr)]), []);
  t.deepEqual(judge([previewOf([image]), previewOf([image], { stack: "dr" })]), []);
});

test("data lost in both regions at once is worse than in one", (t) => {
  const lost = stepOf("replace", TABLE, "journal", { replaceReasons: ["hashKey"] });
  const findings = judge([previewOf([lost]), previewOf([lost], { stack: "dr", region: "us-west-2" })]);
  t.deepEqual(
    findings.map(({ risk, severity, stack }) => `${risk} ${severity} ${stack}`),
    ["replaced danger prod", "replaced danger dr", "together danger prod, dr"],
  );
});

test("a mandatory policy that is violated is a danger, an advisory one needs eyes", (t) => {
  const violation = {
    policy: "encrypted",
    message: "set kmsKeyId",
    urn: "urn:pulumi:prod::shop::aws:s3/bucket:Bucket::files",
  };
  const violations = [
    { ...violation, mandatory: true },
    { ...violation, mandatory: false, urn: "" },
  ];
  t.deepEqual(
    judge([previewOf([], { violations })]).map(({ risk, severity, names, because }) => ({
      risk,
      severity,
      names,
      because,
    })),
    [
      { risk: "policy", severity: "danger", names: ["files"], because: ["encrypted: set kmsKeyId"] },
      { risk: "policy", severity: "eyes", names: ["prod"], because: ["encrypted: set kmsKeyId"] },
    ],
  );
});

test("what several resources have in common is one finding", (t) => {
  const raised = (name: string) => ({ ...updateOf(RECORD, { ttl: 15 }, { ttl: 60 }), name });
  const [finding, ...others] = judge([previewOf([raised("a"), raised("b")])]);
  t.deepEqual(
    [finding?.names, finding?.rto, others],
    [["a", "b"], "clients keep an old address 60 s, instead of 15 s", []],
  );
});

test("verdicts: a failed preview is not clean, and does not hide what is known", (t) => {
  const failed = previewOf([], { failures: ["no credentials"] });
  const lost = previewOf([stepOf("delete", TABLE, "journal")]);
  const raised = previewOf([updateOf(RECORD, { ttl: 15 }, { ttl: 60 })]);
  const verdict = (...previews: (typeof failed)[]) => verdictOf(previews, judge(previews));
  t.is(verdict(previewOf([])), "clean");
  t.is(verdict(raised), "eyes");
  t.is(verdict(raised, failed), "unknown");
  t.is(verdict(lost, failed), "danger");
});
