/** Decides and folds as the engine does, without a journal. */
import { hash } from "node:crypto";
import type { Acknowledgement } from "../../../journal/model.ts";
import { decide } from "../../../workload/engine/decide.ts";
import type { Command, Entry, PlaceOrder } from "../../../workload/engine/events.ts";
import type { State } from "../../../workload/engine/state.ts";

export interface LoggedEntry {
  readonly entry: Entry;
  readonly at: Acknowledgement;
}

export const ackAt = (seq: number, shard = 0): Acknowledgement => ({
  shard,
  epoch: 1,
  seq,
  hash: hash("sha256", `record ${seq}`),
});

/** The log that the accepted commands make, one entry per record; `state` is folded along. */
export function run(state: State, commands: readonly Command[], firstSeq = 1): LoggedEntry[] {
  const log: LoggedEntry[] = [];
  for (const command of commands) {
    const decision = decide(state, command);
    if (decision.kind !== "events") continue;
    const logged = { entry: { command, events: decision.events }, at: ackAt(firstSeq + log.length) };
    state.fold(logged.entry, logged.at);
    log.push(logged);
  }
  return log;
}

export const place = (
  clientOrderId: string,
  side: "buy" | "sell",
  price: number,
  quantity: number,
  client = "ann",
): PlaceOrder => ({
  type: "place",
  client,
  clientOrderId,
  instrument: clientOrderId.slice(0, clientOrderId.indexOf(":")),
  side,
  price,
  quantity,
});
