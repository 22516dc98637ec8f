/** What must hold so that a zone may be lost, backups are what they promise, and nothing is done by a slip. */
import { fullLoad, nodeCapacity, nodesNeeded } from "../components/capacity.ts";
import { backupVaultName } from "../components/names.ts";
import { ZONES_PER_REGION } from "../components/subnets.ts";
import { PAGES } from "./pages.ts";
import { type Rule, show } from "./rule.ts";

export const allButOneZoneCarryAll: Rule = ({ cluster, services, journal, network }) => {
  if (cluster === undefined || services === undefined || journal === undefined) return [];
  // Where the zones themselves are wrong, that is said elsewhere.
  const zones = Math.max(
    Math.min(...(network ? [network.primary.zones.length, network.secondary.zones.length] : [])),
    ZONES_PER_REGION.min,
  );
  const node = nodeCapacity(cluster.instanceType);
  if (node === undefined || node.cores <= 0 || node.mebibytes <= 0) {
    return [
      {
        key: "cluster.instanceType",
        got: show(cluster.instanceType),
        allowed:
          "a general, compute or memory instance of size large or more, whose capacity can be reckoned with",
      },
    ];
  }
  const load = fullLoad(services, journal.shards);
  const needed = nodesNeeded(load, node, zones - 1);
  return [
    cluster.nodesPerZone.min < needed && {
      key: "cluster.nodesPerZone.min",
      got: show(cluster.nodesPerZone.min),
      allowed:
        `${needed} or more: ${zones - 1} zones have to carry all services at replicas.max, ` +
        `${load.cores} cores and ${load.mebibytes} MiB, with ${node.cores} and ${node.mebibytes} free on a ${cluster.instanceType}`,
    },
  ];
};

export const irreversibleTwice: Rule = ({ backup }) => {
  const [once, again] = [backup?.irreversible ?? [], backup?.irreversibleAgain ?? []];
  const differ = once
    .filter((what) => !again.includes(what))
    .concat(again.filter((what) => !once.includes(what)));
  return [
    differ.length > 0 && {
      key: "backup.irreversibleAgain",
      got: show(again),
      allowed: `the same as backup.irreversible (${once.join(", ") || "nothing"}): what cannot be undone is said twice (${PAGES.vaultLock})`,
    },
  ];
};

export const someoneToTell: Rule = ({ budget, alarms }) => [
  budget !== undefined &&
    alarms?.emails.length === 0 && {
      key: "alarms.emails",
      got: "[]",
      allowed: "at least one address, as budget has nobody else to tell",
    },
];

export const otherVault: Rule = ({ backup, accountId, region, regions, name }) => {
  const [, , , vaultRegion, vaultAccount, , vaultName] = backup?.vaultArn?.split(":") ?? [];
  if (backup?.vaultArn === undefined || accountId === undefined || name === undefined) return [];
  const isOurs =
    vaultAccount === accountId &&
    vaultName === backupVaultName({ name, accountId }) &&
    (vaultRegion === region || vaultRegion === regions?.primary || vaultRegion === regions?.secondary);
  return [
    isOurs && {
      key: "backup.vaultArn",
      got: show(backup.vaultArn),
      allowed: "a vault other than this platform's own two, which get a copy anyway",
    },
  ];
};

/** Oldest minor of each major with which a planned switchover takes seconds instead of minutes. */
const FAST_SWITCHOVER: Readonly<Record<number, number>> = { 14: 17, 15: 12, 16: 8 };
const OLDEST_MAJOR = 14;
export const fastSwitchover: Rule = ({ database }) => {
  const [major = 0, minor = 0] = database?.engineVersion.split(".").map(Number) ?? [];
  const isFast = major >= OLDEST_MAJOR && minor >= (FAST_SWITCHOVER[major] ?? 0);
  const oldest = Object.entries(FAST_SWITCHOVER).map(([of, from]) => `${of}.${from}`);
  return [
    database !== undefined &&
      !isFast && {
        key: "database.engineVersion",
        got: show(database.engineVersion),
        allowed: `17 or newer, or at least ${oldest.join(", ")}: with older ones a planned switchover takes minutes (${PAGES.globalFailover})`,
      },
  ];
};

/** By name, why config may not set them. */
const OWN_PARAMETERS: Readonly<Record<string, string>> = {
  "rds.force_ssl": "nothing: the program forces TLS",
  "rds.global_db_rpo":
    "nothing: it works by blocking commits, with two regions it would block the survivor, and no order waits for " +
    `the database (${PAGES.globalFailover})`,
};
export const ownParameters: Rule = ({ database }) =>
  Object.entries(database?.parameters ?? {}).flatMap(([name, value]) => {
    const allowed = OWN_PARAMETERS[name];
    return allowed === undefined ? [] : [{ key: `database.parameters.${name}`, got: show(value), allowed }];
  });
