/** What must hold between values: one rule, one entry. */
import { RESERVED_ENVIRONMENT } from "../components/environment.ts";
import { REGION_SETS, type Region } from "../components/model.ts";
import { cidrsOverlap, parseCidr, ZONES_PER_REGION } from "../components/subnets.ts";
import { adoptedClusters, adoptedNetworks } from "./adoptionRules.ts";
import { PAGES } from "./pages.ts";
import { type Rule, show } from "./rule.ts";
import {
  allButOneZoneCarryAll,
  fastSwitchover,
  irreversibleTwice,
  otherVault,
  ownParameters,
  someoneToTell,
} from "./safetyRules.ts";

/** A partition takes 1,000 write units of 1 KB a second and an epoch's log is one partition key. */
export const MAX_KILOBYTES_PER_SECOND_PER_SHARD = 800;

/** The active one and its standby, each in a zone of its own, with a third zone to go to. */
const MOST_PER_SHARD = 2;

const regionSet: Rule = ({ regions }) => {
  if (regions === undefined) return [];
  const all = [regions.primary, regions.secondary, regions.witness];
  const sets: readonly (readonly Region[])[] = Object.values(REGION_SETS);
  return [
    new Set(all).size < all.length && {
      key: "regions",
      got: all.join(", "),
      allowed: `three different regions: two replicas and a witness (${PAGES.strongConsistency})`,
    },
    !sets.some((set) => all.every((region) => set.includes(region))) && {
      key: "regions",
      got: all.join(", "),
      allowed: `three regions of one set (${sets.map((set) => set.join(", ")).join("; or ")}): strong consistency is offered only within one (${PAGES.strongConsistency})`,
    },
  ];
};

const ownRegion: Rule = ({ region, regions }, stack) => {
  if (region === undefined || regions === undefined) return [];
  const which = stack === "prod" ? "primary" : "secondary";
  return [
    region !== regions[which] && {
      key: "region",
      got: show(region),
      allowed: `${regions[which]}: stack ${stack} is the ${which} region`,
    },
  ];
};

const zones: Rule = ({ network, regions }) => {
  if (network === undefined) return [];
  return (["primary", "secondary"] as const).flatMap((which) => {
    const { zones } = network[which];
    const region = regions?.[which];
    return [
      (zones.length < ZONES_PER_REGION.min ||
        zones.length > ZONES_PER_REGION.max ||
        new Set(zones).size !== zones.length) && {
        key: `network.${which}.zones`,
        got: show(zones),
        allowed: `${ZONES_PER_REGION.min} to ${ZONES_PER_REGION.max} different zones`,
      },
      ...zones.map(
        (zone, n) =>
          region !== undefined &&
          zone.slice(0, -1) !== region && {
            key: `network.${which}.zones[${n}]`,
            got: show(zone),
            allowed: `a zone of ${region}`,
          },
      ),
    ];
  });
};

const rangesApart: Rule = ({ network }) => {
  const [a, b] = [parseCidr(network?.primary.cidr ?? ""), parseCidr(network?.secondary.cidr ?? "")];
  return [
    a !== undefined &&
      b !== undefined &&
      cidrsOverlap(a, b) && {
        key: "network.secondary.cidr",
        got: show(network?.secondary.cidr),
        allowed: `a range that does not overlap network.primary.cidr (${network?.primary.cidr})`,
      },
  ];
};

const shardLoad: Rule = ({ journal }) => {
  if (journal === undefined) return [];
  const perShard = Math.ceil(journal.kilobytesPerSecond / journal.shards);
  return [
    perShard > MAX_KILOBYTES_PER_SECOND_PER_SHARD && {
      key: "journal.kilobytesPerSecond",
      got: `${journal.kilobytesPerSecond} over ${journal.shards} shards, ${perShard} KB/s each`,
      allowed: `at most ${MAX_KILOBYTES_PER_SECOND_PER_SHARD} KB/s per shard: raise journal.shards to ${Math.ceil(journal.kilobytesPerSecond / MAX_KILOBYTES_PER_SECOND_PER_SHARD)} or more (${PAGES.partitions})`,
    },
  ];
};

const credentials: Rule = (sections, stack) => [
  // One that does not fit is no section at all, and has been told.
  stack === "prod" &&
    "databasePassword" in sections &&
    sections.databasePassword === undefined && {
      key: "databasePassword",
      got: undefined,
      allowed: "a secret: pulumi config set --secret databasePassword",
    },
  stack === "dr" &&
    sections.databasePassword !== undefined && {
      key: "databasePassword",
      got: "a secret",
      allowed: `nothing in stack dr: a secondary cluster takes its users from the primary (${PAGES.secondaryCluster})`,
    },
];

const quietWhileParked: Rule = ({ role, traffic }) => [
  role === "passive" &&
    traffic === "on" && {
      key: "traffic",
      got: "on",
      allowed: "off while role is passive: nobody would answer",
    },
];

const oneAccount: Rule = ({ cluster, accountId }) =>
  (cluster?.adminRoles ?? []).map(
    (role, n) =>
      accountId !== undefined &&
      role.split(":")[4] !== accountId && {
        key: `cluster.adminRoles[${n}]`,
        got: show(role),
        allowed: `a role of account ${accountId}: the journal's table lives in one account, and so does all else (${PAGES.strongConsistency})`,
      },
  );

const oneDoor: Rule = ({ services }) => {
  if (services === undefined) return [];
  const exposed = Object.keys(services).filter((name) => services[name]?.exposed);
  return [
    exposed.length !== 1 && {
      key: "services",
      got: exposed.length === 0 ? "none exposed" : `${exposed.join(", ")} exposed`,
      allowed: "exactly one service with exposed: true, which the load balancer sends clients to",
    },
  ];
};

const eachService: Rule = ({ services = {}, region }) =>
  Object.entries(services).flatMap(([name, service]) => {
    const key = (field: string) => `services.${name}.${field}`;
    const { min, max } = service.replicas;
    const registry = /\.dkr\.ecr\.([a-z0-9-]+)\./.exec(service.image)?.[1];
    return [
      (service.perShard || service.alwaysOn) &&
        min < max && {
          key: key("replicas.max"),
          got: show(max),
          allowed: `replicas.min (${min}): a service ${service.perShard ? "per shard" : "that is always on"} is not scaled by load`,
        },
      service.perShard &&
        min > MOST_PER_SHARD && {
          key: key("replicas.min"),
          got: show(min),
          allowed: `1, or ${MOST_PER_SHARD} for a hot standby in another zone: a shard has one writer`,
        },
      service.perShard &&
        service.exposed && {
          key: key("exposed"),
          got: "true",
          allowed: "false: the load balancer cannot tell shards apart",
        },
      registry !== undefined &&
        registry !== region && {
          key: key("image"),
          got: show(service.image),
          allowed: `an image of the registry in ${region}: another region's may be dead when it is pulled, and each region has its own (${PAGES.registries})`,
        },
      ...service.calls.map(
        (callee, n) =>
          (callee === name || services[callee] === undefined) && {
            key: key(`calls[${n}]`),
            got: show(callee),
            allowed: `another service of this config (${Object.keys(services)
              .filter((other) => other !== name)
              .join(", ")})`,
          },
      ),
      ...Object.keys(service.environment)
        .filter((variable) => RESERVED_ENVIRONMENT.has(variable))
        .map((variable) => ({
          key: key(`environment.${variable}`),
          got: undefined,
          allowed: "nothing: the program sets this variable itself",
        })),
    ];
  });

export const RULES: readonly Rule[] = [
  regionSet,
  ownRegion,
  zones,
  rangesApart,
  shardLoad,
  quietWhileParked,
  credentials,
  oneAccount,
  oneDoor,
  eachService,
  allButOneZoneCarryAll,
  adoptedNetworks,
  adoptedClusters,
  irreversibleTwice,
  otherVault,
  fastSwitchover,
  ownParameters,
  someoneToTell,
];
