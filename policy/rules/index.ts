/** Every rule of one stack. Rules that need both are in `pair.ts`. */
import type { Rule } from "../rule.ts";
import { backedUp } from "./backup.ts";
import { noBlindSpots } from "./drift.ts";
import { encryptedInRegion } from "./encryption.ts";
import { clusterEndpoint, oneDoor, privateBuckets, privateDatabase } from "./exposure.ts";
import { noWildcardIam } from "./identity.ts";
import { statefulProtected } from "./protection.ts";
import { replicated } from "./replication.ts";
import { healthFromOutside, shortTtl, tlsForced } from "./traffic.ts";
import { hardenedPods, zonesAndBudgets } from "./workload.ts";

export const RULES: readonly Rule[] = [
  statefulProtected,
  encryptedInRegion,
  backedUp,
  replicated,
  shortTtl,
  healthFromOutside,
  tlsForced,
  privateDatabase,
  privateBuckets,
  clusterEndpoint,
  oneDoor,
  noWildcardIam,
  zonesAndBudgets,
  hardenedPods,
  noBlindSpots,
];
