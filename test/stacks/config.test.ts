import test from "ava";
import { ConfigError, parseConfig } from "../../stacks/config.ts";
import { changed, DATABASE_PASSWORD, rawConfig, SMOKE_TOKEN } from "./stackFile.ts";

type Overrides = Readonly<Record<string, string | null>>;

async function refusal(stack: string, overrides: Overrides = {}): Promise<string> {
  try {
    parseConfig(await rawConfig(stack === "dr" ? "dr" : "prod", overrides), stack);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return "accepted";
}

const only = (stack: string, line: string): string =>
  `The configuration of stack ${stack} has 1 problem:\n  ${line}\nCorrect Pulumi.${stack}.yaml and run again; nothing was changed.`;

test("the repository's two stack files parse, prod as active and dr as passive", async (t) => {
  const prod = parseConfig(await rawConfig("prod"), "prod");
  const dr = parseConfig(await rawConfig("dr"), "dr");
  t.like(prod, {
    stack: "prod",
    region: "us-east-1",
    peerRegion: "us-west-2",
    role: "active",
    traffic: "on",
  });
  t.like(dr, { stack: "dr", region: "us-west-2", peerRegion: "us-east-1", role: "passive", traffic: "off" });
});

test("the two stack files differ in nothing but region, role and traffic", async (t) => {
  const [prod, dr] = [
    await rawConfig("prod"),
    await rawConfig("dr", { databasePassword: DATABASE_PASSWORD }),
  ];
  const different = Object.keys({ ...prod, ...dr }).filter((key) => prod[key] !== dr[key]);
  t.deepEqual(
    different,
    ["region", "role", "traffic"].map((key) => `trading-platform:${key}`),
  );
});

test("defaults are filled in: listener, TTL, table name, arguments, probes and the region's own registry", async (t) => {
  const raw = await rawConfig("dr", { listener: null, maintenance: null });
  const config = parseConfig(raw, "dr");
  t.is(config.listener.port, 443);
  t.is(config.maintenance, "off");
  t.is(config.acceptGeneration, undefined);
  t.is(config.allowUnreadableJournal, "off");
  t.is(config.journal.tableName, "exchange-journal");
  t.is(config.journal.archiveRetentionDays, 35);
  t.deepEqual(config.services["engine"]?.args, ["engine"]);
  t.deepEqual(config.services["engine"]?.probes, { liveness: "/healthz", readiness: "/ready" });
  t.is(
    config.services["engine"]?.image,
    `123456789012.dkr.ecr.us-west-2.amazonaws.com/exchange/workload@sha256:${"0".repeat(64)}`,
  );
});

test("the result is frozen all the way down", async (t) => {
  const config = parseConfig(await rawConfig("prod"), "prod");
  t.true(Object.isFrozen(config));
  t.true(Object.isFrozen(config.services["gateway"]?.replicas));
  t.true(Object.isFrozen(config.network.primary.zones));
});

test("on and off may be written with or without quotes, whatever YAML makes of them", async (t) => {
  for (const [text, expected] of [
    ["on", "on"],
    ["true", "on"],
    ["off", "off"],
    ["false", "off"],
  ] as const) {
    t.is(parseConfig(await rawConfig("prod", { traffic: text }), "prod").traffic, expected);
  }
});

test("numbers may arrive as text", async (t) => {
  const journal = JSON.stringify({ shards: "8", kilobytesPerSecond: "100" });
  const config = parseConfig(await rawConfig("prod", { journal, acceptGeneration: "7" }), "prod");
  t.is(config.journal.shards, 8);
  t.is(config.acceptGeneration, 7);
});

test("keys of other namespaces are left alone", async (t) => {
  const raw = { ...(await rawConfig("prod")), "aws:region": "eu-west-1" };
  t.notThrows(() => parseConfig(raw, "prod"));
});

test("a stack is prod or dr", async (t) => {
  t.is(
    await refusal("staging"),
    'The configuration of stack staging has 1 problem:\n  stack: got "staging"; allowed: prod or dr: a stack is one of the two regions\nCorrect Pulumi.staging.yaml and run again; nothing was changed.',
  );
});

/** One wrong value each, and the whole line that it gets. */
const CASES: readonly (readonly [title: string, stack: "prod" | "dr", overrides: Overrides, line: string])[] =
  [
    [
      "an unknown key",
      "prod",
      { rolle: "active" },
      "rolle: allowed: no such key; known are name, accountId, region, regions, role, traffic, maintenance, acceptGeneration, allowUnreadableJournal, smokeToken, databasePassword, databaseIncarnation, journalIncarnation, dns, listener, journal, maintenanceWindow, network, database, cluster, backup, alarms, budget, services",
    ],
    [
      "an unknown key inside a section",
      "prod",
      { listener: '{"port":443,"prot":1}' },
      "listener.prot: allowed: no such key",
    ],
    [
      "an account id that lost its quotes",
      "prod",
      { accountId: "12345678901" },
      'accountId: got "12345678901"; allowed: an AWS account id, twelve digits (quote it)',
    ],
    [
      "a missing region",
      "prod",
      { region: null },
      "region: got nothing; allowed: one of us-east-1, us-east-2, us-west-2, eu-west-1, eu-west-2, eu-west-3, eu-central-1, ap-northeast-1, ap-northeast-2, ap-northeast-3",
    ],
    [
      "the other stack's region",
      "dr",
      { region: "us-east-1" },
      'region: got "us-east-1"; allowed: us-west-2: stack dr is the secondary region',
    ],
    [
      "regions of two sets",
      "prod",
      { regions: '{"primary":"us-east-1","secondary":"us-west-2","witness":"eu-west-1"}' },
      "regions: got us-east-1, us-west-2, eu-west-1; allowed: three regions of one set (us-east-1, us-east-2, us-west-2; or eu-west-1, eu-west-2, eu-west-3, eu-central-1; or ap-northeast-1, ap-northeast-2, ap-northeast-3): strong consistency is offered only within one (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/multi-region-strong-consistency-gt.html)",
    ],
    [
      "a witness that is a replica too",
      "prod",
      { regions: '{"primary":"us-east-1","secondary":"us-west-2","witness":"us-west-2"}' },
      "regions: got us-east-1, us-west-2, us-west-2; allowed: three different regions: two replicas and a witness (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/multi-region-strong-consistency-gt.html)",
    ],
    [
      "an illegal role",
      "prod",
      { role: "standby" },
      'role: got "standby"; allowed: one of passive, promoting, active',
    ],
    ["an illegal traffic", "prod", { traffic: "half" }, 'traffic: got "half"; allowed: on or off'],
    [
      "an illegal maintenance",
      "prod",
      { maintenance: "soon" },
      'maintenance: got "soon"; allowed: on or off',
    ],
    [
      "traffic on in a passive region",
      "dr",
      { traffic: "on" },
      "traffic: got on; allowed: off while role is passive: nobody would answer",
    ],
    [
      "a generation that is no number",
      "prod",
      { acceptGeneration: "latest" },
      'acceptGeneration: got "latest"; allowed: a whole number from 0 to 1000000000',
    ],
    [
      "a missing smoke token",
      "prod",
      { smokeToken: null },
      "smokeToken: got nothing; allowed: a secret of 16 to 200 printable characters without spaces",
    ],
    [
      "a short smoke token, without printing it",
      "prod",
      { smokeToken: "hunter2" },
      "smokeToken: got a secret that does not fit; allowed: a secret of 16 to 200 printable characters without spaces",
    ],
    [
      "prod without a database password",
      "prod",
      { databasePassword: null },
      "databasePassword: allowed: a secret: pulumi config set --secret databasePassword",
    ],
    [
      "dr with a database password",
      "dr",
      { databasePassword: DATABASE_PASSWORD },
      "databasePassword: got a secret; allowed: nothing in stack dr: a secondary cluster takes its users from the primary (https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-global-database-attach.html)",
    ],
    [
      "an unknown DNS provider",
      "prod",
      { dns: '{"provider":"bind"}' },
      'dns.provider: got "bind"; allowed: one of route53, cloudflare',
    ],
    [
      "a missing zone id",
      "prod",
      { dns: '{"provider":"route53","name":"exchange.example.com"}' },
      "dns.zoneId: got nothing; allowed: the id of an existing hosted zone, e.g. Z0123456789EXAMPLE",
    ],
    [
      "a TTL out of range",
      "prod",
      {
        dns: '{"provider":"route53","name":"exchange.example.com","zoneId":"Z0123456789EXAMPLE","ttlSeconds":300}',
      },
      "dns.ttlSeconds: got 300; allowed: seconds from 5 to 60",
    ],
    [
      "a health check interval that Route 53 does not offer",
      "prod",
      {
        dns: '{"provider":"route53","name":"exchange.example.com","zoneId":"Z0123456789EXAMPLE","healthCheck":{"intervalSeconds":20,"failureThreshold":3}}',
      },
      "dns.healthCheck.intervalSeconds: got 20; allowed: 10 or 30: Route 53 checks at no other interval (https://docs.aws.amazon.com/Route53/latest/APIReference/API_HealthCheckConfig.html)",
    ],
    [
      "more failed checks than Route 53 counts",
      "prod",
      {
        dns: '{"provider":"route53","name":"exchange.example.com","zoneId":"Z0123456789EXAMPLE","healthCheck":{"intervalSeconds":10,"failureThreshold":11}}',
      },
      "dns.healthCheck.failureThreshold: got 11; allowed: as many failed checks as Route 53 counts (https://docs.aws.amazon.com/Route53/latest/APIReference/API_HealthCheckConfig.html), from 1 to 10",
    ],
    [
      "a password with a character that Aurora refuses",
      "prod",
      { databasePassword: "with-an-@-in-its-middle" },
      'databasePassword: got a secret that does not fit; allowed: a secret of 16 to 41 printable characters without spaces and / " @, which Aurora refuses (https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBCluster.html)',
    ],
    [
      "a password longer than Aurora takes",
      "prod",
      { databasePassword: "x".repeat(42) },
      'databasePassword: got a secret that does not fit; allowed: a secret of 16 to 41 printable characters without spaces and / " @, which Aurora refuses (https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBCluster.html)',
    ],
    [
      "a monitor that asks more often than Cloudflare lets it",
      "prod",
      {
        dns: `{"provider":"cloudflare","name":"exchange.example.com","zoneId":"${"a".repeat(32)}","cloudflareAccountId":"${"b".repeat(32)}","healthCheck":{"intervalSeconds":10,"failureThreshold":2}}`,
      },
      "dns.healthCheck.intervalSeconds: got 10; allowed: seconds between a monitor's checks (https://developers.cloudflare.com/load-balancing/understand-basics/monitors), from 15 to 3600",
    ],
    [
      "a TTL with cloudflare, whose answers do not change",
      "prod",
      {
        dns: `{"provider":"cloudflare","name":"exchange.example.com","zoneId":"${"a".repeat(32)}","cloudflareAccountId":"${"b".repeat(32)}","ttlSeconds":60}`,
      },
      "dns.ttlSeconds: allowed: no such key",
    ],
    [
      "a port that is none",
      "prod",
      { listener: '{"port":70000}' },
      "listener.port: got 70000; allowed: a port from 1 to 65535",
    ],
    [
      "no shards",
      "prod",
      { journal: '{"shards":0,"kilobytesPerSecond":100}' },
      "journal.shards: got 0; allowed: a whole number from 1 to 64",
    ],
    [
      "a window that is too wide",
      "prod",
      { journal: '{"shards":4,"window":500,"kilobytesPerSecond":100}' },
      "journal.window: got 500; allowed: appends in flight, from 1 to 64",
    ],
    [
      "more than a partition takes",
      "prod",
      { journal: '{"shards":4,"kilobytesPerSecond":5000}' },
      "journal.kilobytesPerSecond: got 5000 over 4 shards, 1250 KB/s each; allowed: at most 800 KB/s per shard: raise journal.shards to 7 or more (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html)",
    ],
    [
      "a section that is no map",
      "prod",
      { network: "10.0.0.0/16" },
      'network: got "10.0.0.0/16"; allowed: a map',
    ],
  ];

for (const [title, stack, overrides, line] of CASES) {
  test(`refused in whole words: ${title}`, async (t) => {
    t.is(await refusal(stack, overrides), only(stack, line));
  });
}

test("refused in whole words: overlapping ranges", async (t) => {
  const network = await changed("prod", "network", (value) => {
    value["secondary"]["cidr"] = "10.10.128.0/17";
  });
  t.is(
    await refusal("prod", { network }),
    only(
      "prod",
      'network.secondary.cidr: got "10.10.128.0/17"; allowed: a range that does not overlap network.primary.cidr (10.10.0.0/16)',
    ),
  );
});

/** One field of a structured key changed. */
const FIELDS: readonly (readonly [
  title: string,
  stack: "prod" | "dr",
  key: string,
  // biome-ignore lint/suspicious/noExplicitAny: a structure to be broken in any way
  change: (value: any) => unknown,
  line: string,
])[] = [
  [
    "a range that does not start where it says",
    "prod",
    "network",
    (v) => (v.primary.cidr = "10.10.1.0/16"),
    'network.primary.cidr: got "10.10.1.0/16"; allowed: an IPv4 range from its first address, /16 to /20, e.g. 10.10.0.0/16: AWS allows none wider (https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html), and in a narrower one pods run out',
  ],
  [
    "two zones",
    "prod",
    "network",
    (v) => v.primary.zones.pop(),
    'network.primary.zones: got ["us-east-1a","us-east-1b"]; allowed: 3 to 6 different zones',
  ],
  [
    "a zone of another region",
    "prod",
    "network",
    (v) => (v.secondary.zones[1] = "us-east-1b"),
    'network.secondary.zones[1]: got "us-east-1b"; allowed: a zone of us-west-2',
  ],
  [
    "a version whose planned switchover takes minutes",
    "prod",
    "database",
    (v) => (v.engineVersion = "16.4"),
    'database.engineVersion: got "16.4"; allowed: 17 or newer, or at least 14.17, 15.12, 16.8: with older ones a planned switchover takes minutes (https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-global-database-disaster-recovery.html)',
  ],
  [
    "seven zones",
    "dr",
    "network",
    (v) => (v.secondary.zones = [..."abcdefg"].map((letter) => `us-west-2${letter}`)),
    'network.secondary.zones: got ["us-west-2a","us-west-2b","us-west-2c","us-west-2d","us-west-2e","us-west-2f","us-west-2g"]; allowed: 3 to 6 different zones',
  ],
  [
    "an instance class missing in dr",
    "dr",
    "database",
    (v) => delete v.instanceClass,
    "database.instanceClass: got nothing; allowed: a memory-optimised class, which a global database needs, e.g. db.r7g.large (https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-global-database-getting-started.html)",
  ],
  [
    "an instance class that a global database refuses",
    "dr",
    "database",
    (v) => (v.instanceClass = "db.t4g.medium"),
    'database.instanceClass: got "db.t4g.medium"; allowed: a memory-optimised class, which a global database needs, e.g. db.r7g.large (https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-global-database-getting-started.html)',
  ],
  [
    "a headless secondary",
    "dr",
    "database",
    (v) => (v.instances.secondary = 0),
    "database.instances.secondary: got 0; allowed: at least one (a headless secondary cannot be promoted: https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-global-database-disaster-recovery.html), a whole number from 1 to 16",
  ],
  [
    "a role of another account",
    "prod",
    "cluster",
    (v) => (v.adminRoles = ["arn:aws:iam::999999999999:role/deploy"]),
    'cluster.adminRoles[0]: got "arn:aws:iam::999999999999:role/deploy"; allowed: a role of account 123456789012: the journal\'s table lives in one account, and so does all else (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/multi-region-strong-consistency-gt.html)',
  ],
  [
    "nobody who may administer the cluster",
    "prod",
    "cluster",
    (v) => (v.adminRoles = []),
    "cluster.adminRoles: got []; allowed: at least the role that deploys: the cluster's creator gets no rights of its own",
  ],
  [
    "fewer nodes at most than at least",
    "prod",
    "cluster",
    (v) => (v.nodesPerZone = { min: 4, max: 2 }),
    'cluster.nodesPerZone: got {"min":4,"max":2}; allowed: min at most max',
  ],
  [
    "fewer replicas at most than at least",
    "prod",
    "services",
    (v) => (v.gateway.replicas = { min: 4, max: 2 }),
    'services.gateway.replicas: got {"min":4,"max":2}; allowed: min at most max',
  ],
  [
    "an image without its digest",
    "prod",
    "services",
    (v) => (v.gateway.image = "exchange/workload:1.2.3"),
    'services.gateway.image: got "exchange/workload:1.2.3"; allowed: an image by digest, e.g. exchange/workload@sha256:…: a tag may mean another image tomorrow',
  ],
  [
    "an image of the other region's registry",
    "dr",
    "services",
    (v) => (v.gateway.image = `123456789012.dkr.ecr.us-east-1.amazonaws.com/w@sha256:${"0".repeat(64)}`),
    `services.gateway.image: got "123456789012.dkr.ecr.us-east-1.amazonaws.com/w@sha256:${"0".repeat(64)}"; allowed: an image of the registry in us-west-2: another region's may be dead when it is pulled, and each region has its own (https://docs.aws.amazon.com/AmazonECR/latest/userguide/Registries.html)`,
  ],
  [
    "an engine that is scaled by load",
    "prod",
    "services",
    (v) => (v.engine.replicas = { min: 1, max: 3 }),
    "services.engine.replicas.max: got 3; allowed: replicas.min (1): a service per shard is not scaled by load",
  ],
  [
    "more engines per shard than an active one and a standby",
    "prod",
    "services",
    (v) => (v.engine.replicas = { min: 3, max: 3 }),
    "services.engine.replicas.min: got 3; allowed: 1, or 2 for a hot standby in another zone: a shard has one writer",
  ],
  [
    "two doors",
    "prod",
    "services",
    (v) => (v.projector.exposed = true),
    "services: got gateway, projector exposed; allowed: exactly one service with exposed: true, which the load balancer sends clients to",
  ],
  [
    "a callee that is not there",
    "prod",
    "services",
    (v) => (v.gateway.calls = ["engin"]),
    'services.gateway.calls[0]: got "engin"; allowed: another service of this config (engine, projector, archiver)',
  ],
  [
    "a grant that is none",
    "prod",
    "services",
    (v) => (v.gateway.grants = ["admin"]),
    'services.gateway.grants[0]: got "admin"; allowed: one of journal-read, journal-append, checkpoints-read, checkpoints-write, archive-read, archive-write, database, smoke-token',
  ],
  [
    "a variable that the program sets itself",
    "prod",
    "services",
    (v) => (v.gateway.environment = { REGION: "us-east-2" }),
    "services.gateway.environment.REGION: allowed: nothing: the program sets this variable itself",
  ],
  [
    "an existing network with too few subnets",
    "prod",
    "network",
    (v) =>
      (v.primary.existing = {
        vpcId: "vpc-0123456789abcdef0",
        subnets: [{ public: "subnet-00000001", private: "subnet-00000002", data: "subnet-00000003" }],
      }),
    "network.primary.existing.subnets: got 1 entries; allowed: 3, one per zone in the order of network.primary.zones",
  ],
  [
    "an existing cluster in a network that is made",
    "prod",
    "cluster",
    (v) =>
      (v.existing = {
        primary: {
          name: "platform",
          nodeGroups: { "us-east-1a": "a", "us-east-1b": "b", "us-east-1c": "c" },
        },
      }),
    'cluster.existing.primary: got "platform"; allowed: nothing without network.primary.existing: the cluster\'s nodes live in a network that is there',
  ],
  [
    "an instance whose capacity nobody knows",
    "prod",
    "cluster",
    (v) => (v.instanceType = "m7g.metal"),
    'cluster.instanceType: got "m7g.metal"; allowed: a general, compute or memory instance of size large or more, whose capacity can be reckoned with',
  ],
  [
    "a database parameter that would block the survivor",
    "prod",
    "database",
    (v) => (v.parameters = { "rds.global_db_rpo": "20" }),
    'database.parameters.rds.global_db_rpo: got "20"; allowed: nothing: it works by blocking commits, with two regions it would block the survivor, and no order waits for the database (https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-global-database-disaster-recovery.html)',
  ],
  [
    "something irreversible that is said once",
    "prod",
    "backup",
    (v) => (v.irreversible = ["compliance-lock"]),
    "backup.irreversibleAgain: got []; allowed: the same as backup.irreversible (compliance-lock): what cannot be undone is said twice (https://docs.aws.amazon.com/aws-backup/latest/devguide/vault-lock.html)",
  ],
  [
    "something irreversible that is not known",
    "prod",
    "backup",
    (v) => (v.irreversible = ["shredder"]),
    'backup.irreversible[0]: got "shredder"; allowed: one of compliance-lock, air-gapped-vault',
  ],
  [
    "a second vault that is the first",
    "prod",
    "backup",
    (v) => (v.vaultArn = "arn:aws:backup:us-west-2:123456789012:backup-vault:exchange-backup"),
    'backup.vaultArn: got "arn:aws:backup:us-west-2:123456789012:backup-vault:exchange-backup"; allowed: a vault other than this platform\'s own two, which get a copy anyway',
  ],
  [
    "an address that is none",
    "prod",
    "alarms",
    (v) => (v.emails = ["on-call"]),
    'alarms.emails[0]: got "on-call"; allowed: a mail address',
  ],
  [
    "a budget that nobody hears of",
    "prod",
    "budget",
    (v) => (v.monthlyDollars = 9000),
    "alarms.emails: got []; allowed: at least one address, as budget has nobody else to tell",
  ],
  [
    "a service with a name that Kubernetes refuses",
    "prod",
    "services",
    (v) => (v.Risk = v.archiver),
    "services.Risk: allowed: names like gateway: 2 to 20 lower-case letters, digits and hyphens",
  ],
];

for (const [title, stack, key, change, line] of FIELDS) {
  test(`refused in whole words: ${title}`, async (t) => {
    t.is(await refusal(stack, { [key]: await changed(stack, key, change) }), only(stack, line));
  });
}

test("refused in whole words: too few nodes to lose a zone", async (t) => {
  const services = await changed("prod", "services", (all) => {
    const { gateway } = all;
    for (const name of Object.keys(all)) delete all[name];
    all.gateway = { ...gateway, cpu: "2", memory: "1Gi", replicas: { min: 2, max: 4 }, calls: [] };
  });
  const cluster = await changed("prod", "cluster", (value) => {
    value.nodesPerZone = { min: 1, max: 6 };
  });
  t.is(
    await refusal("prod", { services, cluster }),
    only(
      "prod",
      "cluster.nodesPerZone.min: got 1; allowed: 2 or more: 2 zones have to carry all services at replicas.max, 8 cores and 4096 MiB, with 3.5 and 14848 free on a m7g.xlarge",
    ),
  );
});

test("all problems are reported at once, those of one key and those between keys", async (t) => {
  const network = await changed("dr", "network", (value) => {
    value.secondary.cidr = "10.10.0.0/16";
  });
  t.is(
    await refusal("dr", { region: "us-east-1", role: "primary", network, typo: "1", smokeToken: "short" }),
    `The configuration of stack dr has 5 problems:
  typo: allowed: no such key; known are name, accountId, region, regions, role, traffic, maintenance, acceptGeneration, allowUnreadableJournal, smokeToken, databasePassword, databaseIncarnation, journalIncarnation, dns, listener, journal, maintenanceWindow, network, database, cluster, backup, alarms, budget, services
  role: got "primary"; allowed: one of passive, promoting, active
  smokeToken: got a secret that does not fit; allowed: a secret of 16 to 200 printable characters without spaces
  region: got "us-east-1"; allowed: us-west-2: stack dr is the secondary region
  network.secondary.cidr: got "10.10.0.0/16"; allowed: a range that does not overlap network.primary.cidr (10.10.0.0/16)
Correct Pulumi.dr.yaml and run again; nothing was changed.`,
  );
});

test("no message contains a secret", async (t) => {
  const secret = `${SMOKE_TOKEN} with a space`;
  const message = await refusal("prod", { smokeToken: secret, databasePassword: "päss" });
  t.false(message.includes(SMOKE_TOKEN));
  t.false(message.includes("päss"));
});

test("a maintenance window names a zone that exists, a day and hours in their order", async (t) => {
  const window = (change: (value: { timeZone: string; weekday: string; hours: object }) => void) =>
    changed("prod", "maintenanceWindow", change).then((maintenanceWindow) =>
      refusal("prod", { maintenanceWindow }),
    );
  t.is(
    await window((value) => {
      value.timeZone = "America/Gotham";
    }),
    only(
      "prod",
      'maintenanceWindow.timeZone: got "America/Gotham"; allowed: an IANA time zone, e.g. America/New_York',
    ),
  );
  t.is(
    await window((value) => {
      value.weekday = "saturday";
    }),
    only(
      "prod",
      'maintenanceWindow.weekday: got "saturday"; allowed: one of Monday, Tuesday, Wednesday, Thursday, Friday, Saturday, Sunday',
    ),
  );
  t.is(
    await window((value) => {
      value.hours = { from: 12, to: 6 };
    }),
    only("prod", 'maintenanceWindow.hours: got {"from":12,"to":6}; allowed: from before to'),
  );
  t.is(
    parseConfig(await rawConfig("prod", { maintenanceWindow: null }), "prod").maintenanceWindow,
    undefined,
  );
});
