/** What each key of the configuration may hold. Every message says what is allowed, in words. */
import { z } from "zod";
import { DEFAULT_THRESHOLDS } from "../components/alarms.ts";
import { IRREVERSIBLE } from "../components/backup.ts";
import { STANDBYS } from "../components/capacity.ts";
import { GRANTS } from "../components/grants.ts";
import { DNS_PROVIDERS, isRegion, REGIONS, type Region, ROLES, WEEKDAYS } from "../components/model.ts";
import { parseCidr, VPC_PREFIXES } from "../components/subnets.ts";

import { PAGES } from "./pages.ts";

export const DEFAULT_TTL_SECONDS = 10;
export const TTL_SECONDS = { min: 5, max: 60 } as const;
export const DEFAULT_LISTENER_PORT = 443;
export const DEFAULT_SERVICE_PORT = 8080;
export const DEFAULT_WINDOW = 16;
/** As long as the backups: an anchor that expires earlier would leave a restore unverified. */
export const DEFAULT_ARCHIVE_RETENTION_DAYS = 35;
/** As long as the services' own backups, which are the longest that they offer. */
export const DEFAULT_BACKUP_RETENTION_DAYS = 35;
/** Route 53 offers exactly these. */
export const ROUTE53_INTERVALS_SECONDS = [10, 30] as const;

const text = (pattern: RegExp, allowed: string) =>
  z.string({ error: allowed }).regex(pattern, { error: allowed });
const oneOf = <const T extends readonly string[]>(values: T) =>
  z.enum(values, { error: values.length === 1 ? values.join() : `one of ${values.join(", ")}` });

/** Top-level values reach a program as text, nested ones as JSON: both spell a number. */
const integer = (min: number, max: number, what = "a whole number") => {
  const error = `${what} from ${min} to ${max}`;
  return z
    .union([z.int(), z.string().regex(/^\d+$/).transform(Number)], { error })
    .refine((value) => value >= min && value <= max, { error });
};

/** A bare `on` is a boolean to YAML 1.1 parsers and a string to others; both mean the same here. */
const onOff = z
  .union([z.boolean(), z.enum(["on", "off", "true", "false"])], { error: "on or off" })
  .transform((value): "on" | "off" => (String(value) === "true" || value === "on" ? "on" : "off"));

const region = z.custom<Region>(isRegion, { error: `one of ${REGIONS.join(", ")}` });
const map = "a map";
const list = "a list";

const cidr = z.string().refine(
  (value) => {
    const parsed = parseCidr(value);
    return parsed !== undefined && parsed.prefix >= VPC_PREFIXES.min && parsed.prefix <= VPC_PREFIXES.max;
  },
  {
    error: `an IPv4 range from its first address, /${VPC_PREFIXES.min} to /${VPC_PREFIXES.max}, e.g. 10.10.0.0/16: AWS allows none wider (${PAGES.subnets}), and in a narrower one pods run out`,
  },
);
const subnet = text(/^subnet-[0-9a-f]{8,17}$/, "the id of a subnet, e.g. subnet-0123456789abcdef0");
const existingNetwork = z.strictObject(
  {
    vpcId: text(/^vpc-[0-9a-f]{8,17}$/, "the id of a VPC, e.g. vpc-0123456789abcdef0"),
    subnets: z.array(z.strictObject({ public: subnet, private: subnet, data: subnet }, { error: map }), {
      error: list,
    }),
  },
  { error: map },
);
const existingCluster = z.strictObject(
  {
    name: text(/^[a-zA-Z0-9][\w-]{0,99}$/, "the name of an EKS cluster"),
    nodeGroups: z.record(z.string(), text(/^[\w-]{1,63}$/, "the name of a managed node group"), {
      error: map,
    }),
  },
  { error: map },
);
const network = z.strictObject(
  {
    cidr,
    existing: existingNetwork.optional(),
    zones: z.array(text(/^[a-z]{2}-[a-z]+-\d[a-z]$/, "an availability zone, e.g. us-east-1a"), {
      error: list,
    }),
  },
  { error: map },
);

const domain = text(
  /^(?=.{4,200}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,}$/,
  "a domain name in lower case, e.g. exchange.example.com",
);
const dns = z.discriminatedUnion(
  "provider",
  [
    z.strictObject({
      provider: z.literal("route53"),
      name: domain,
      zoneId: text(/^Z[A-Z0-9]{5,31}$/, "the id of an existing hosted zone, e.g. Z0123456789EXAMPLE"),
      ttlSeconds: integer(TTL_SECONDS.min, TTL_SECONDS.max, "seconds").default(DEFAULT_TTL_SECONDS),
      healthCheck: z
        .strictObject(
          {
            intervalSeconds: integer(10, 30).refine((value) => value === 10 || value === 30, {
              error: `${ROUTE53_INTERVALS_SECONDS.join(" or ")}: Route 53 checks at no other interval (${PAGES.healthChecks})`,
            }),
            failureThreshold: integer(
              1,
              10,
              `as many failed checks as Route 53 counts (${PAGES.healthChecks}),`,
            ),
          },
          { error: map },
        )
        .default({ intervalSeconds: 10, failureThreshold: 2 }),
    }),
    z.strictObject({
      provider: z.literal("cloudflare"),
      name: domain,
      zoneId: text(/^[0-9a-f]{32}$/, "the id of an existing Cloudflare zone, 32 hexadecimal digits"),
      cloudflareAccountId: text(/^[0-9a-f]{32}$/, "the id of a Cloudflare account, 32 hexadecimal digits"),
      healthCheck: z
        .strictObject(
          {
            intervalSeconds: integer(15, 3600, `seconds between a monitor's checks (${PAGES.monitors}),`),
            failureThreshold: integer(1, 10),
          },
          { error: map },
        )
        .default({ intervalSeconds: 15, failureThreshold: 2 }),
    }),
  ],
  { error: (issue) => (issue.code === "invalid_union" ? `one of ${DNS_PROVIDERS.join(", ")}` : map) },
);

const maintenanceWindow = z.strictObject(
  {
    timeZone: z.string().refine(isTimeZone, { error: "an IANA time zone, e.g. America/New_York" }),
    weekday: oneOf(WEEKDAYS),
    hours: z
      .strictObject({ from: integer(0, 23, "hours"), to: integer(1, 24, "hours") }, { error: map })
      .refine(({ from, to }) => from < to, { error: "from before to" }),
  },
  { error: map },
);

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat("en-US", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

const range = (top: number) =>
  z
    .strictObject({ min: integer(1, top), max: integer(1, top) }, { error: map })
    .refine(({ min, max }) => min <= max, { error: "min at most max" });
const path = text(/^\/[a-z0-9/_-]*$/i, "a path, e.g. /ready");
export const service = z.strictObject(
  {
    image: text(
      /^[a-z0-9][a-z0-9._:-]*(\/[a-z0-9._-]+)*@sha256:[0-9a-f]{64}$/,
      "an image by digest, e.g. exchange/workload@sha256:…: a tag may mean another image tomorrow",
    ),
    args: z.array(z.string(), { error: list }).optional(),
    port: integer(1024, 65535, "a port that needs no root,").default(DEFAULT_SERVICE_PORT),
    perShard: z.boolean({ error: "true or false" }).default(false),
    alwaysOn: z.boolean({ error: "true or false" }).default(false),
    replicas: range(1000),
    cpu: text(/^(\d+m|\d+(\.\d+)?)$/, 'a Kubernetes quantity of cores, e.g. 500m or "1"'),
    memory: text(/^\d+(Mi|Gi)$/, "a Kubernetes quantity of memory, e.g. 512Mi or 2Gi"),
    probes: z
      .strictObject({ liveness: path, readiness: path }, { error: map })
      .default({ liveness: "/healthz", readiness: "/ready" }),
    exposed: z.boolean({ error: "true or false" }).default(false),
    calls: z.array(z.string(), { error: list }).default([]),
    grants: z.array(oneOf(GRANTS), { error: list }).default([]),
    environment: z
      .record(text(/^[A-Z][A-Z0-9_]*$/, "names like LOG_LEVEL"), z.string({ error: "text (quote it)" }), {
        error: map,
      })
      .default({}),
  },
  { error: map },
);

/** By top-level key. `optional()` keys may be left out; every other one is required. */
export const SECTIONS = {
  name: text(/^[a-z][a-z0-9]{1,15}$/, "2 to 16 lower-case letters and digits, a letter first"),
  accountId: text(/^\d{12}$/, "an AWS account id, twelve digits (quote it)"),
  region,
  regions: z.strictObject({ primary: region, secondary: region, witness: region }, { error: map }),
  role: oneOf(ROLES),
  traffic: onOff,
  maintenance: onOff.default("off"),
  acceptGeneration: integer(0, 1_000_000_000).optional(),
  allowUnreadableJournal: onOff.default("off"),
  smokeToken: text(/^[\x21-\x7e]{16,200}$/, "a secret of 16 to 200 printable characters without spaces"),
  databasePassword: text(
    /^[!#-.0-?A-~]{16,41}$/,
    `a secret of 16 to 41 printable characters without spaces and / " @, which Aurora refuses (${PAGES.newCluster})`,
  ).optional(),
  databaseIncarnation: integer(0, 1_000, "a cluster's number,").default(0),
  journalIncarnation: integer(0, 1_000, "a table's number,").default(0),
  dns,
  listener: z
    .strictObject({ port: integer(1, 65535, "a port") }, { error: map })
    .default({ port: DEFAULT_LISTENER_PORT }),
  journal: z.strictObject(
    {
      tableName: text(/^[a-zA-Z0-9_.-]{3,255}$/, "a DynamoDB table's name").optional(),
      shards: integer(1, 64),
      window: integer(1, 64, "appends in flight,").default(DEFAULT_WINDOW),
      kilobytesPerSecond: integer(1, 1_000_000),
      archiveRetentionDays: integer(1, 36_500, "days").default(DEFAULT_ARCHIVE_RETENTION_DAYS),
    },
    { error: map },
  ),
  maintenanceWindow: maintenanceWindow.optional(),
  network: z.strictObject({ primary: network, secondary: network }, { error: map }),
  database: z.strictObject(
    {
      engineVersion: text(/^\d{2}\.\d{1,2}$/, 'an Aurora PostgreSQL version with its minor, e.g. "17.5"'),
      instanceClass: text(
        /^db\.[rx]\d[a-z0-9]*\.(\d+x)?large$/,
        `a memory-optimised class, which a global database needs, e.g. db.r7g.large (${PAGES.globalDatabase})`,
      ),
      instances: z.strictObject(
        {
          primary: integer(2, 16, `a writer and its replicas (${PAGES.replicas}),`),
          secondary: integer(
            1,
            16,
            `at least one (a headless secondary cannot be promoted: ${PAGES.globalFailover}), a whole number`,
          ),
        },
        { error: map },
      ),
      parameters: z
        .record(text(/^[a-z][a-z0-9_.]*$/, "a parameter's name"), z.string({ error: "text (quote it)" }), {
          error: map,
        })
        .default({}),
    },
    { error: map },
  ),
  cluster: z.strictObject(
    {
      version: text(/^1\.\d{2}$/, 'a Kubernetes version, e.g. "1.34" (quote it)'),
      instanceType: text(/^[a-z][a-z0-9-]*\.[a-z0-9]+$/, "an EC2 instance type, e.g. m7g.xlarge"),
      nodesPerZone: range(100),
      standby: oneOf(STANDBYS).default("warm"),
      reserved: onOff.optional(),
      existing: z
        .strictObject(
          { primary: existingCluster.optional(), secondary: existingCluster.optional() },
          { error: map },
        )
        .prefault({}),
      endpointCidrs: z
        .array(
          z.string().refine((value) => parseCidr(value) !== undefined, { error: "an IPv4 range" }),
          {
            error: list,
          },
        )
        .default([]),
      adminRoles: z
        .array(text(/^arn:aws:iam::\d{12}:role\/[\w+=,.@/-]+$/, "the ARN of an IAM role"), { error: list })
        .min(1, { error: "at least the role that deploys: the cluster's creator gets no rights of its own" }),
    },
    { error: map },
  ),
  backup: z
    .strictObject(
      {
        retentionDays: integer(1, 36_500, "days").default(DEFAULT_BACKUP_RETENTION_DAYS),
        vaultArn: text(
          /^arn:aws:backup:[a-z0-9-]+:\d{12}:backup-vault:[\w-]+$/,
          "the ARN of a backup vault, of a second account or another region",
        ).optional(),
        irreversible: z.array(oneOf(IRREVERSIBLE), { error: list }).default([]),
        irreversibleAgain: z.array(oneOf(IRREVERSIBLE), { error: list }).default([]),
      },
      { error: map },
    )
    .prefault({}),
  alarms: z
    .strictObject(
      {
        emails: z.array(text(/^[^\s@]+@[^\s@]+\.[^\s@]+$/, "a mail address"), { error: list }).default([]),
        replicationLagSeconds: integer(1, 3600, "seconds").default(DEFAULT_THRESHOLDS.replicationLagSeconds),
        journalMilliseconds: integer(1, 60_000, "milliseconds").default(
          DEFAULT_THRESHOLDS.journalMilliseconds,
        ),
        errorsPerMinute: integer(0, 1_000_000).default(DEFAULT_THRESHOLDS.errorsPerMinute),
      },
      { error: map },
    )
    .prefault({}),
  budget: z.strictObject({ monthlyDollars: integer(1, 100_000_000, "dollars") }, { error: map }).optional(),
  services: z.record(
    text(
      /^[a-z][a-z0-9-]{0,18}[a-z0-9]$/,
      "names like gateway: 2 to 20 lower-case letters, digits and hyphens",
    ),
    service,
    { error: map },
  ),
} as const;

export type Section = keyof typeof SECTIONS;
/** Sections that parsed; a section with a problem is absent, so that the others can still be judged. */
export type Sections = { readonly [K in Section]?: z.output<(typeof SECTIONS)[K]> };
export const SECRETS: ReadonlySet<string> = new Set<Section>(["smokeToken", "databasePassword"]);
