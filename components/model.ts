/** The vocabulary of the whole project. Imports nothing, so that every layer may import it. */

/**
 * Region sets in which DynamoDB multi-Region strong consistency is offered; sets cannot be mixed, and a table
 * needs three regions of one set.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/multi-region-strong-consistency-gt.html
 */
export const REGION_SETS = {
  us: ["us-east-1", "us-east-2", "us-west-2"],
  eu: ["eu-west-1", "eu-west-2", "eu-west-3", "eu-central-1"],
  ap: ["ap-northeast-1", "ap-northeast-2", "ap-northeast-3"],
} as const;

export type Region = (typeof REGION_SETS)[keyof typeof REGION_SETS][number];

export const REGIONS: readonly Region[] = Object.values(REGION_SETS).flat();

export const isRegion = (value: unknown): value is Region =>
  typeof value === "string" && (REGIONS as readonly string[]).includes(value);

/** `prod` deploys the region that starts active, `dr` the one that starts passive. */
export const STACKS = ["prod", "dr"] as const;
export type StackName = (typeof STACKS)[number];

/** The three regions of a deployment: where it starts, where it goes, and the third vote (also the state's home). */
export interface RegionTriple {
  readonly primary: Region;
  readonly secondary: Region;
  readonly witness: Region;
}

export const ROLES = ["passive", "promoting", "active"] as const;
export type Role = (typeof ROLES)[number];

export type OnOff = "on" | "off";

/** The one way round: a step that skips `promoting` would leave no replicas and report success. */
const NEXT_ROLE: Record<Role, Role> = { passive: "promoting", promoting: "active", active: "passive" };

/** Whether a stack whose last deployed role is `from` (none on first deployment) may be deployed with `to`. */
export function isLegalRoleStep(from: Role | undefined, to: Role): boolean {
  return from === undefined || from === to || NEXT_ROLE[from] === to;
}

export const WEEKDAYS = [
  "Monday",
  "Tuesday",
  "Wednesday",
  "Thursday",
  "Friday",
  "Saturday",
  "Sunday",
] as const;

/** When production may be disturbed on purpose. */
export interface MaintenanceWindow {
  /** IANA name, e.g. `America/New_York`. */
  readonly timeZone: string;
  readonly weekday: (typeof WEEKDAYS)[number];
  /** Whole hours of that day, 0 to 24; `to` is no longer inside. */
  readonly hours: { readonly from: number; readonly to: number };
}

export const DNS_PROVIDERS = ["route53", "cloudflare"] as const;
export type DnsProvider = (typeof DNS_PROVIDERS)[number];
