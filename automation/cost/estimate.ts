/** What a configuration would cost in a month: pure, from config, prices and assumptions that are printed with it. */
import type { Region } from "../../components/model.ts";
import { type Config, type NetworkConfig, PLACES, type Place } from "../../stacks/config.ts";
import { instanceHour, type Prices } from "./prices.ts";

export const HOURS_PER_MONTH = 730;
const SECONDS_PER_MONTH = HOURS_PER_MONTH * 3600;
const KILOBYTES_PER_GIGABYTE = 1e6;

/** What config does not say. */
export interface Assumptions {
  /** Of the whole platform, on average over the month; config has the peak. */
  readonly averageKilobytesPerSecond: number;
  readonly databaseGigabytes: number;
}
/** Of `journal.kilobytesPerSecond`. */
export const AVERAGE_OF_PEAK = 0.1;
export const DEFAULT_DATABASE_GIGABYTES = 100;

/** How many of each the program makes in a region; a test counts them in the program itself. */
export const PER_REGION = {
  interfaceEndpoints: 5,
  /** At most: database, storage, Kubernetes secrets, backups, notifications, images; the journal's own or its replica. */
  keys: 7,
  nodeDiskGigabytes: 50,
} as const;

/** One before the load balancer, and one before the NAT gateway where it is ours. */
export const addressesPerZone = ({ existing }: NetworkConfig): number => (existing === undefined ? 2 : 1);

export interface Line {
  readonly region: Region;
  readonly part: string;
  readonly item: string;
  readonly quantity: number;
  /** Dollars; null: the table has no such price. */
  readonly monthly: number | null;
  /** Whether it follows from an assumption rather than from config. */
  readonly isAssumed: boolean;
}

export const STANDBYS = ["warm", "cold-reserved", "cold"] as const;
export type Standby = (typeof STANDBYS)[number];

export interface StandbyCost {
  readonly standby: Standby;
  /** Of the passive region's nodes and reservations alone. */
  readonly nodesMonthly: number | null;
  /** Of everything, with this standby. */
  readonly totalMonthly: number | null;
  readonly means: string;
}

export interface Estimate {
  readonly isEstimate: true;
  readonly pricesDate: string;
  readonly assumptions: Assumptions;
  /** Without the passive region's nodes, which the standby decides. */
  readonly lines: readonly Line[];
  readonly standbys: readonly StandbyCost[];
  /** What the configuration says. */
  readonly configured: Standby;
  readonly notCounted: readonly string[];
}

const MEANS: Readonly<Record<Standby, string>> = {
  warm: "nodes run: a failover waits for no machine",
  "cold-reserved":
    "one node per zone runs, the others' place is kept: a failover waits about a minute for them to start. An unused reservation costs what a running instance costs",
  cold: "one node per zone runs, nothing is kept: in a region-wide loss others want the same machines, and the wait has no bound",
};

export const NOT_COUNTED = [
  "data transfer to clients and through NAT gateways",
  "logs, metrics, alarms, dashboards, images, and copies by AWS Backup",
  "growth after the first month: journal and archive are never deleted",
  "nodes and replicas above their minimum",
  "support, taxes, Savings Plans and other discounts",
] as const;

type Quantity = readonly [item: string, unit: string, quantity: number];

export function estimate(config: Config, prices: Prices, assumptions: Assumptions): Estimate {
  const price = (region: Region, amount: number | undefined): number | null =>
    amount === undefined || !prices.regions.includes(region) ? null : amount;
  const line = (region: Region, part: string, [item, unit, quantity]: Quantity, isAssumed = false): Line => ({
    region,
    part,
    item,
    quantity,
    monthly: price(region, times(prices.units[unit]?.usd, quantity)),
    isAssumed,
  });
  const machines = (region: Region, part: string, instance: string, count: number): Line => ({
    region,
    part,
    item: `${count} × ${instance}`,
    quantity: count,
    monthly: price(region, times(instanceHour(prices, instance), count * HOURS_PER_MONTH)),
    isAssumed: false,
  });
  const nodes = (place: Place, running: number, paid: number): readonly Line[] => {
    if (config.cluster.existing[place] !== undefined) return [];
    const region = config.regions[place];
    const disks = running * PER_REGION.nodeDiskGigabytes;
    return [
      machines(region, "cluster", config.cluster.instanceType, paid),
      line(region, "cluster", ["node disks, GB", "gp3-gigabyte-month", disks]),
    ];
  };

  const zonesOf = (place: Place) => config.network[place].zones.length;
  const allNodes = (place: Place) => zonesOf(place) * config.cluster.nodesPerZone.min;
  const lines = PLACES.flatMap((place) => {
    const region = config.regions[place];
    const isPrimary = place === "primary";
    const instances = config.database.instances[place];
    return [
      ...fixed(config, place).map(([part, quantity]) => line(region, part, quantity)),
      machines(region, "database", config.database.instanceClass, instances),
      ...used(assumptions, isPrimary).map(([part, quantity]) => line(region, part, quantity, true)),
      ...(isPrimary ? nodes(place, allNodes(place), allNodes(place)) : []),
    ];
  });
  const [all, few] = [allNodes("secondary"), zonesOf("secondary")];
  const standbyNodes: Readonly<Record<Standby, readonly Line[]>> = {
    warm: nodes("secondary", all, all),
    "cold-reserved": nodes("secondary", few, all),
    cold: nodes("secondary", few, few),
  };
  return {
    isEstimate: true,
    pricesDate: prices.date,
    assumptions,
    lines,
    standbys: STANDBYS.map((standby) => ({
      standby,
      nodesMonthly: total(standbyNodes[standby]),
      totalMonthly: total([...lines, ...standbyNodes[standby]]),
      means: MEANS[standby],
    })),
    configured: standbyOf(config),
    notCounted: NOT_COUNTED,
  };
}

/** Reserved or not, warm nodes cost what they cost. */
const standbyOf = ({ cluster }: Config): Standby =>
  cluster.standby === "warm" ? "warm" : cluster.reserved ? "cold-reserved" : "cold";

const times = (price: number | undefined, quantity: number): number | undefined =>
  price === undefined ? undefined : price * quantity;

/** Null when one of them is unknown: a sum without it would be called the cost. */
export const total = (lines: readonly Line[]): number | null =>
  lines.reduce<number | null>(
    (sum, { monthly }) => (sum === null || monthly === null ? null : sum + monthly),
    0,
  );

type Parts = readonly (readonly [part: string, quantity: Quantity])[];

/** What is adopted is on its owner's bill. */
function fixed({ dns, network, cluster }: Config, place: Place): Parts {
  const { interfaceEndpoints, keys } = PER_REGION;
  const { zones: named, existing } = network[place];
  const zones = named.length;
  const hours = (count: number) => count * HOURS_PER_MONTH;
  const made: Parts = [
    ["network", ["NAT gateways, hours", "nat-hour", hours(zones)]],
    ["network", ["interface endpoints, hours", "interface-endpoint-hour", hours(interfaceEndpoints * zones)]],
  ];
  const controlPlane: Parts = [["cluster", ["EKS control plane, hours", "eks-hour", hours(1)]]];
  return [
    ...(cluster.existing[place] === undefined ? controlPlane : []),
    ...(existing === undefined ? made : []),
    [
      "network",
      ["public addresses, hours", "public-ipv4-hour", hours(zones * addressesPerZone(network[place]))],
    ],
    ["traffic", ["load balancer, hours", "nlb-hour", hours(1)]],
    ["traffic", ["load balancer capacity, hours", "nlb-capacity-hour", hours(1)]],
    ["keys", ["encryption keys", "kms-key-month", keys]],
    ...(dns.provider === "route53"
      ? ([["traffic", ["HTTPS health checks every 10 s", "health-check-month", zones]]] as const)
      : []),
  ];
}

function used({ averageKilobytesPerSecond, databaseGigabytes }: Assumptions, isPrimary: boolean): Parts {
  const kilobytes = averageKilobytesPerSecond * SECONDS_PER_MONTH;
  const gigabytes = kilobytes / KILOBYTES_PER_GIGABYTE;
  return [
    // One unit per KB in each replica; the witness, whose price AWS does not name apart, is counted on the writer's side.
    [
      "journal",
      ["replicated writes, million", "dynamodb-million-writes", (kilobytes / 1e6) * (isPrimary ? 2 : 1)],
    ],
    // Followers in each region read all of it, 4 KB a unit.
    ["journal", ["reads by followers, million", "dynamodb-million-reads", (kilobytes / 4 / 1e6) * 3]],
    ["journal", ["first month's log, GB", "dynamodb-gigabyte-month", gigabytes]],
    ["journal", ["its point-in-time recovery, GB", "dynamodb-pitr-gigabyte-month", gigabytes]],
    ["archive", ["first month's archive, GB", "s3-gigabyte-month", gigabytes]],
    ["database", ["storage, GB", "aurora-gigabyte-month", databaseGigabytes]],
    [
      "database",
      ["35 days of backup beyond the free share, GB", "aurora-backup-gigabyte-month", databaseGigabytes],
    ],
    ["database", ["I/O, million", "aurora-million-io", kilobytes / 4 / 1e6]],
    ...(isPrimary
      ? ([
          ["database", ["replicated writes, million", "aurora-million-io", kilobytes / 4 / 1e6]],
          ["journal", ["to the other regions, GB", "region-transfer-gigabyte", gigabytes * 2]],
          ["database", ["to the other region, GB", "region-transfer-gigabyte", gigabytes]],
        ] as const)
      : []),
  ];
}
