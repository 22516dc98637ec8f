/** What the loss of one zone was for the clients, from their own logs. Pure. */
import type { ZoneRound } from "../../report/evidence.ts";
import type { Attempt, ClientLog } from "../client-log.ts";
import type { RoundSeen } from "../drill.ts";
import { SERVED } from "../outage.ts";
import { seconds } from "../recovery.ts";

/** Without a failure for so long, at least, errors count as over. */
export const QUIET_SECONDS = 10;

interface NameAnswer {
  readonly at: number;
  readonly addresses: readonly string[];
}

/** One operation: whether its first attempt was served, and when its client knew. */
type Operation = Pick<Attempt, "client" | "sent" | "answered" | "outcome">;

const isFailed = ({ outcome }: Operation): boolean => !SERVED.has(outcome);

export function roundOf(seen: RoundSeen, log: ClientLog, answers: readonly NameAnswer[]): ZoneRound {
  const { lostAt, watchedUntil, address, ...rest } = seen;
  const operations = operationsDuring(seen, log);
  const watchedSeconds = seconds(lostAt, watchedUntil);
  const lastFailure = Math.max(lostAt, ...operations.filter(isFailed).map(({ answered }) => answered));
  const isOver = watchedUntil - lastFailure >= 1_000 * QUIET_SECONDS;
  return {
    ...rest,
    lostAt: new Date(lostAt).toISOString(),
    watchedSeconds,
    errorsEndSeconds: isOver ? seconds(lostAt, lastFailure) : null,
    nameLeftSeconds: seconds(lostAt, lastAnswer(seen, answers)),
    perSecond: Array.from({ length: Math.ceil(watchedSeconds) }, (_, second) => {
      const from = lostAt + 1_000 * second;
      const within = operations.filter(({ sent }) => sent >= from && sent < from + 1_000);
      return { sent: within.length, failed: within.filter(isFailed).length };
    }),
  };
}

/** From the loss to the end of a client's last failure, over clients that had any, ascending. */
export function outagesOf(seen: RoundSeen, log: ClientLog): number[] {
  const failed = operationsDuring(seen, log).filter(isFailed);
  return [...Map.groupBy(failed, ({ client }) => client).values()]
    .map((mine) => seconds(seen.lostAt, Math.max(...mine.map(({ answered }) => answered))))
    .sort((a, b) => a - b);
}

/** First attempts, fresh clients' included. Who ignores the TTL for ever keeps failing with its zone, and is counted apart. */
function operationsDuring(
  { lostAt, watchedUntil }: RoundSeen,
  { clients, attempts }: ClientLog,
): readonly Operation[] {
  const pinned = new Set(clients.filter((one) => one.pinned).map(({ client }) => client));
  return attempts.filter(
    ({ attempt, client, sent }) =>
      attempt === 1 && sent >= lostAt && sent < watchedUntil && !pinned.has(client),
  );
}

/** When the name was last answered with the zone's address: the end of the last time that it was seen. */
function lastAnswer({ lostAt, watchedUntil, address }: RoundSeen, answers: readonly NameAnswer[]): number {
  const ends = answers.flatMap(({ at, addresses }, index) =>
    // After its return the zone is in the name again.
    at < watchedUntil && addresses.includes(address)
      ? [Math.min(watchedUntil, answers[index + 1]?.at ?? watchedUntil)]
      : [],
  );
  return Math.max(lostAt, ...ends);
}
