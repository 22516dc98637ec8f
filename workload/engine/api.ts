/** The engine over HTTP: what its shard's gateway calls. */
import type { Region } from "../../components/model.ts";
import {
  type Accepted,
  type Cancelled,
  declined,
  type EngineReport,
  type EngineStatus,
  type OrderView,
} from "../api.ts";
import type { Reply, Request } from "../http.ts";
import { MalformedError, shardOf } from "../orders.ts";
import { parseOrderRequest } from "../requests.ts";
import type { CancelOrder } from "./events.ts";
import type { Outcome, Sequencer } from "./sequencer.ts";

/** The running engine, as the API sees it. */
export interface EngineFace {
  report(): EngineReport;
  /** Costs a pass over all orders, for the checksum. */
  status(): EngineStatus;
  /** Null while it takes nothing. */
  readonly sequencer: Pick<Sequencer, "submit" | "read"> | null;
}

export interface EngineApiOptions {
  readonly face: EngineFace;
  readonly metrics: () => Promise<string>;
  readonly region: Region;
  readonly shard: number;
  readonly shards: number;
}

export function engineApi(options: EngineApiOptions): (request: Request) => Promise<Reply> {
  const { face } = options;
  return async (request) => {
    switch (request.path) {
      case "/healthz":
        return { status: 200, body: "alive\n" };
      case "/ready": {
        const { ready, phase, reason } = face.report();
        // A standby is as ready as it can be: a rolling update must not wait until it is the active one.
        return { status: ready || phase === "standby" ? 200 : 503, body: `${phase}: ${reason}\n` };
      }
      case "/state":
        return { status: 200, body: face.report() };
      case "/status":
        return { status: 200, body: face.status() };
      case "/metrics":
        return { status: 200, body: await options.metrics() };
    }
    return orders(options, request).catch((error: unknown) => {
      if (error instanceof MalformedError) return declined(400, "malformed", error.message);
      throw error;
    });
  };
}

async function orders({ face, region, shard, shards }: EngineApiOptions, request: Request): Promise<Reply> {
  const order = await parseOrderRequest(request);
  if (order === undefined) return declined(404, "not-found", `no ${request.method} ${request.path} here`);
  const right = shardOf(order.instrument, shards);
  if (right !== shard) {
    return declined(
      503,
      "never-appended",
      `${order.instrument} belongs to shard ${right}, this is shard ${shard}`,
    );
  }
  if (face.sequencer === null) {
    const { phase, reason } = face.report();
    const otherwise = order.kind === "read" ? "not-active" : "never-appended";
    const isClosed = phase === "maintenance" || phase === "halted";
    return declined(503, isClosed ? "maintenance" : otherwise, reason);
  }
  switch (order.kind) {
    case "place": {
      const { command } = order;
      return replyTo(await face.sequencer.submit(command), command.clientOrderId, region);
    }
    case "cancel": {
      const command: CancelOrder = { type: "cancel", ...order.order };
      return replyTo(await face.sequencer.submit(command), command.clientOrderId, region);
    }
    case "read": {
      const { client, clientOrderId } = order.order;
      const found = await face.sequencer.read(client, clientOrderId);
      if (found === undefined) return declined(404, "unknown-order", "no such order");
      const { status, remaining, ack } = found;
      return { status: 200, body: { status, remaining, ack, region } satisfies OrderView };
    }
  }
}

function replyTo(outcome: Outcome, clientOrderId: string, region: Region): Reply {
  switch (outcome.kind) {
    case "accepted": {
      const { ack, duplicate } = outcome;
      const body: Accepted = { status: "accepted", clientOrderId, ack, region };
      return duplicate
        ? { status: 200, body: { ...body, duplicate } satisfies Accepted }
        : { status: 201, body };
    }
    case "cancelled": {
      const { ack, quantity } = outcome;
      return { status: 200, body: { status: "cancelled", quantity, ack, region } satisfies Cancelled };
    }
    case "refused":
      return declined(422, "refused", outcome.reason);
    case "conflict":
      return declined(409, "conflict", `${clientOrderId} is taken by an order with other content`);
    case "unknown-order":
      return declined(404, "unknown-order", "no such order");
    case "never-appended":
      return declined(503, "never-appended", outcome.reason);
    case "beat":
      throw new Error("a heartbeat is never asked for over HTTP");
  }
}
