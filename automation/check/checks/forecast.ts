/** Whether a failover now would meet its objectives. */
import { RTO_SECONDS, ZONE_SECONDS } from "../../objectives.ts";
import { type Check, fail, known, ok, unknown, warn } from "../check.ts";
import type { ReadinessFacts } from "../facts.ts";

export const forecast: readonly Check<Pick<ReadinessFacts, "forecast" | "journalTable">>[] = [
  {
    id: "predicted-rto",
    title: "a failover now would meet its recovery time",
    judge: ({ forecast: found }) =>
      known(found, "its facts must be known first", ({ recovery }) => {
        const { p50, p95 } = recovery.fromImpact;
        const why = `${p50.toFixed(0)} s, 95 of 100 within ${p95.toFixed(0)} s, of ${RTO_SECONDS} s`;
        return p95 > RTO_SECONDS
          ? fail(why, `shorten ${recovery.shares[0]?.name ?? "the longest share"} first: dr simulate`)
          : ok(why);
      }),
  },
  {
    id: "predicted-zone-loss",
    title: "a zone's loss now would end for clients in time",
    judge: ({ forecast: found }) =>
      known(found, "its facts must be known first", ({ zoneLoss: { p50, p99 } }) => {
        const why = `${p50.toFixed(0)} s, 99 of 100 within ${p99.toFixed(0)} s, of ${ZONE_SECONDS} s`;
        const todo = "lower dns.ttlSeconds, or dns.healthCheck.failureThreshold, in both stack files";
        if (p50 > ZONE_SECONDS) return fail(why, todo);
        return p99 > ZONE_SECONDS ? warn(why, todo) : ok(why);
      }),
  },
  {
    id: "predicted-loss",
    title: "a failover now would lose no acknowledged order",
    judge: ({ forecast: found, journalTable }) =>
      known(found, "its facts must be known first", ({ loss }) =>
        known(journalTable, "the journal's replicas must be known first", () => {
          if (loss.databaseEvents === null) {
            return unknown(
              "how far the database is behind is unknown",
              "run it where the passive database can be reached",
            );
          }
          return ok(
            `orders 0, the journal is here; the database would be behind by ${loss.databaseEvents} event(s), which it gets from the journal`,
          );
        }),
      ),
  },
];
