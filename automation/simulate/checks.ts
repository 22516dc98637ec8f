/** When the name's keepers change their mind about an address: checkers' turns, their streaks, whose opinion counts. */
import type { DnsProvider } from "../../components/model.ts";
import type { Draws } from "./draws.ts";
import type { LatencyTable } from "./latencies.ts";

/** Groups of checkers: so many members convince a group, so many groups the keeper. */
interface Jury {
  readonly groups: number;
  readonly members: number;
  readonly ofMembers: number;
  readonly ofGroups: number;
}

export interface Checks {
  readonly wait: "healthChecks" | "lostSide";
  readonly provider: DnsProvider;
  readonly verdict: "healthy" | "unhealthy";
  readonly intervalSeconds: number;
  /** Equal answers in a row that convince a checker. */
  readonly threshold: number;
  /** Which address of its region; each has checkers of its own. */
  readonly address: number;
  /** How long the load balancer still knows no healthy target behind the address: it then tries one that may be none. */
  readonly blindSeconds: number;
}

type Place = Pick<LatencyTable, "checkers" | "takeTurns" | "reached">;

/** https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/dns-failover-determining-health-of-endpoints.html */
const HEALTHY_SHARE = 0.18;
/** Of one address' luck: turns first, then which probes were lost. */
const ROOM = 1_024;

const majority = (count: number): number => Math.floor(count / 2) + 1;

function juryOf({ provider, verdict }: Checks, { route53, cloudflare }: Place["checkers"]): Jury {
  if (provider === "cloudflare") {
    const { regions: groups, dataCenters: members } = cloudflare;
    return { groups, members, ofMembers: majority(members), ofGroups: majority(groups) };
  }
  const tolerated = Math.floor(HEALTHY_SHARE * route53);
  const ofMembers = verdict === "healthy" ? tolerated + 1 : route53 - tolerated;
  return { groups: 1, members: route53, ofMembers, ofGroups: 1 };
}

/** Seconds from the address' first answer of the new kind until its keeper believes it. */
export function convincedSeconds(draws: Draws, checks: Checks, place: Place): number {
  const { groups, members, ofMembers, ofGroups } = juryOf(checks, place.checkers);
  const count = groups * members;
  const luck = (index: number): number => draws.share(checks.wait, checks.address * ROOM + index);
  const offset = draws.share(checks.wait);
  const opinions = new Float64Array(groups);
  const convinced = new Float64Array(members);
  for (let group = 0; group < groups; group++) {
    for (let member = 0; member < members; member++) {
      const position = member * groups + group;
      const turn = place.takeTurns ? (position / count + offset) % 1 : luck(position);
      const arrives = (round: number): boolean => luck(count * (round + 1) + position) < place.reached;
      convinced[member] = streakEnd(turn, checks, arrives);
    }
    opinions[group] = smallest(ofMembers, convinced);
  }
  return smallest(ofGroups, opinions);
}

/** @param turn share of an interval until the first check */
function streakEnd(
  turn: number,
  { intervalSeconds, threshold, blindSeconds }: Checks,
  arrives: (round: number) => boolean,
): number {
  let streak = 0;
  for (let round = 0; ; round++) {
    const at = (turn + round) * intervalSeconds;
    streak = at >= blindSeconds || arrives(round) ? streak + 1 : 0;
    if (streak === threshold) return at;
  }
}

const smallest = (k: number, times: Float64Array): number => times.sort()[k - 1] ?? Number.POSITIVE_INFINITY;
