/** Valid configurations of every kind, as overrides of the repository's stack files. */
import fc from "fast-check";
import { REGION_SETS, type Region, type RegionTriple, type StackName } from "../../components/model.ts";

export type Overrides = Readonly<Record<string, string>>;

export interface Platform {
  readonly regions: RegionTriple;
  /** For either stack; all that differs between them is the region. */
  overrides(stack: StackName): Overrides;
}

interface Choices {
  readonly regions: RegionTriple;
  readonly letters: Readonly<Record<"primary" | "secondary", readonly string[]>>;
  readonly settings: Overrides;
}

const IMAGE = `exchange/workload@sha256:${"0".repeat(64)}`;

const regions = fc
  .constantFrom(...Object.values(REGION_SETS))
  .chain((set) => fc.shuffledSubarray([...set] as Region[], { minLength: 3, maxLength: 3 }))
  .map(([primary, secondary, witness]) => ({ primary, secondary, witness }) as RegionTriple);
const letters = fc.shuffledSubarray(["a", "b", "c", "d", "e", "f"], { minLength: 3, maxLength: 6 });

const replicas = fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 0, max: 3 }));
const extra = fc
  .record({ kind: fc.constantFrom("scaled", "perShard", "alwaysOn"), replicas })
  .map((drawn) => {
    const [min, more] = drawn.replicas;
    return {
      image: IMAGE,
      replicas: { min, max: drawn.kind === "scaled" ? min + more : min },
      cpu: "100m",
      memory: "128Mi",
      ...(drawn.kind === "scaled" ? {} : { [drawn.kind]: true }),
      grants: ["journal-read", "database"],
    };
  });
const services = fc
  .dictionary(fc.constantFrom("risk", "feed", "surveillance"), extra, { maxKeys: 2 })
  .map((others) => ({
    gateway: {
      image: IMAGE,
      replicas: { min: 3, max: 6 },
      cpu: "500m",
      memory: "512Mi",
      exposed: true,
      calls: ["engine", ...Object.keys(others)],
      grants: ["journal-read", "smoke-token"],
    },
    engine: {
      image: IMAGE,
      perShard: true,
      replicas: { min: 1, max: 1 },
      cpu: "1",
      memory: "1Gi",
      grants: ["journal-append", "checkpoints-write"],
    },
    ...others,
  }));

const dns = fc.constantFrom(
  { provider: "route53", name: "exchange.example.com", zoneId: "Z0123456789EXAMPLE", ttlSeconds: 10 },
  {
    provider: "cloudflare",
    name: "trade.example.org",
    zoneId: "a".repeat(32),
    cloudflareAccountId: "b".repeat(32),
  },
);
const irreversible = fc.subarray(["compliance-lock", "air-gapped-vault"]);

const settings = fc.record({
  name: fc.stringMatching(/^[a-z][a-z0-9]{1,15}$/),
  dns,
  listener: fc.record({ port: fc.integer({ min: 1, max: 65_535 }) }),
  journal: fc.record({
    shards: fc.integer({ min: 1, max: 5 }),
    kilobytesPerSecond: fc.integer({ min: 1, max: 800 }),
  }),
  database: fc.record({
    engineVersion: fc.constantFrom("16.8", "17.5"),
    instanceClass: fc.constantFrom("db.r7g.large", "db.r8g.4xlarge", "db.x2g.2xlarge"),
    instances: fc.record({
      primary: fc.integer({ min: 2, max: 4 }),
      secondary: fc.integer({ min: 1, max: 3 }),
    }),
  }),
  cluster: fc.record({
    version: fc.constantFrom("1.33", "1.34"),
    instanceType: fc.constantFrom("m7g.xlarge", "c7i.2xlarge", "r8g.4xlarge"),
    nodesPerZone: fc.integer({ min: 10, max: 20 }).map((min) => ({ min, max: min + 5 })),
    standby: fc.constantFrom("warm", "cold"),
    reserved: fc.constantFrom("on", "off"),
    endpointCidrs: fc.constantFrom([], ["203.0.113.0/24"]),
    adminRoles: fc.constantFrom(["arn:aws:iam::123456789012:role/deploy"]),
  }),
  backup: irreversible.map((chosen) => ({ irreversible: chosen, irreversibleAgain: chosen })),
  services,
});

/** Property lists are text, as the engine hands them over. */
const platform = ({ regions, letters, settings }: Choices): Platform => {
  const network = (which: "primary" | "secondary", cidr: string) => ({
    cidr,
    zones: letters[which].map((letter) => regions[which] + letter),
  });
  const common = {
    ...settings,
    regions: JSON.stringify(regions),
    network: JSON.stringify({
      primary: network("primary", "10.10.0.0/16"),
      secondary: network("secondary", "10.20.0.0/16"),
    }),
  };
  return {
    regions,
    overrides: (stack) => ({
      ...common,
      region: stack === "prod" ? regions.primary : regions.secondary,
    }),
  };
};

const choices: fc.Arbitrary<Choices> = fc.record({
  regions,
  letters: fc.record({ primary: letters, secondary: letters }),
  settings: settings.map((drawn) =>
    Object.fromEntries(
      Object.entries(drawn).map(([key, value]) => [
        key,
        typeof value === "string" ? value : JSON.stringify(value),
      ]),
    ),
  ),
});

export const platforms: fc.Arbitrary<Platform> = choices.map(platform);

const exchanged = <T>({ primary, secondary, ...rest }: { readonly primary: T; readonly secondary: T }) => ({
  ...rest,
  primary: secondary,
  secondary: primary,
});

/** The same platform the other way round, beside the straight one. */
export const swappedPlatforms: fc.Arbitrary<{ readonly straight: Platform; readonly swapped: Platform }> =
  choices.map((drawn) => ({
    straight: platform({ ...drawn, letters: { primary: ["a", "b", "c"], secondary: ["a", "b", "c"] } }),
    swapped: platform({
      ...drawn,
      regions: exchanged(drawn.regions) as RegionTriple,
      letters: { primary: ["a", "b", "c"], secondary: ["a", "b", "c"] },
    }),
  }));
