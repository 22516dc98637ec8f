/** The platform's public HTTP API. */
import { createHash, timingSafeEqual } from "node:crypto";
import { declined } from "../api.ts";
import type { Reply, Request } from "../http.ts";
import { isReserved, MalformedError, shardOf } from "../orders.ts";
import { type OrderRequest, parseOrderRequest } from "../requests.ts";
import type { ShardEngine } from "./engine.ts";
import type { Gateway } from "./gateway.ts";
import { type Answer, NoAnswerError, NotSentError } from "./upstream.ts";

/** Longer than an append ever takes in health; shorter than clients and load balancers wait. */
export const ORDER_DEADLINE_MS = 4000;

export interface GatewayApiOptions {
  readonly gateway: Gateway;
  readonly smokeToken: string;
  readonly metrics: () => Promise<string>;
  /** Turns `/ready` off, so that load balancers stop sending. */
  readonly draining: () => boolean;
}

export function gatewayApi(options: GatewayApiOptions): (request: Request) => Promise<Reply> {
  const { gateway, metrics, draining } = options;
  const isSmoke = smokePrincipal(options.smokeToken);
  return async (request) => {
    switch (request.path) {
      case "/healthz":
        return { status: 200, body: "alive\n" };
      case "/ready":
        return draining() ? { status: 503, body: "draining\n" } : { status: 200, body: "ready\n" };
      case "/active": {
        const verdict = gateway.activity();
        return verdict.active
          ? { status: 200, body: "active\n" }
          : { status: 503, body: `${verdict.reason}\n`, headers: { "retry-after": "1" } };
      }
      case "/metrics":
        return { status: 200, body: await metrics() };
      case "/status":
        return isSmoke(request)
          ? { status: 200, body: await gateway.status() }
          : declined(401, "unauthorised", "needs authorization: Bearer <smoke token>");
    }
    const begun = performance.now();
    const { requests } = gateway;
    requests.total += 1;
    const reply = await orders(gateway, request, isSmoke(request)).catch((error: unknown) => {
      if (error instanceof MalformedError) return declined(400, "malformed", error.message);
      requests.failed += 1;
      throw error;
    });
    requests.milliseconds += performance.now() - begun;
    if (reply.status >= 500) requests.failed += 1;
    if (request.method === "POST" && reply.status < 300) requests.accepted += 1;
    return reply;
  };
}

async function orders(gateway: Gateway, request: Request, smoke: boolean): Promise<Reply> {
  const shut = refusal(gateway, smoke);
  if (shut !== undefined) return shut;
  const order = await parseOrderRequest(request);
  if (order === undefined) return declined(404, "not-found", `no ${request.method} ${request.path} here`);
  if (isReserved(order.instrument) !== smoke) {
    const reason = smoke ? "the smoke principal may only use reserved instruments" : "reserved instrument";
    return declined(422, "refused", reason);
  }
  const engine = gateway.engines[shardOf(order.instrument, gateway.engines.length)];
  if (engine === undefined) throw new Error(`no engine for ${order.instrument}`);
  const answer = await forward(engine, order);
  if ("body" in answer) return answer;
  const retry = answer.retryAfter === undefined ? {} : { "retry-after": answer.retryAfter };
  return {
    status: answer.status,
    body: answer.text,
    headers: { "content-type": "application/json", ...retry },
  };
}

/** Why nothing is taken now, for this principal. */
function refusal(gateway: Gateway, smoke: boolean): Reply | undefined {
  const stand = gateway.standing();
  if (stand.kind === "serving" || (stand.kind === "dark" && smoke)) return undefined;
  return declined(503, stand.kind === "maintenance" ? "maintenance" : "not-active", stand.reason);
}

async function forward(engine: ShardEngine, request: OrderRequest): Promise<Answer | Reply> {
  try {
    if (request.kind === "place") {
      const { type: _, ...content } = request.command;
      return await engine.send("POST", "/orders", JSON.stringify(content), ORDER_DEADLINE_MS);
    }
    const { client, clientOrderId } = request.order;
    const path = `/orders/${encodeURIComponent(clientOrderId)}?client=${client}`;
    return await engine.send(request.kind === "read" ? "GET" : "DELETE", path, "", ORDER_DEADLINE_MS);
  } catch (error) {
    if (error instanceof NotSentError) {
      const status = request.kind === "read" ? "not-active" : "never-appended";
      return declined(503, status, "the engine is not reachable");
    }
    if (error instanceof NoAnswerError) {
      return declined(504, "unknown", "no answer from the engine: ask again with the same client order id");
    }
    throw error;
  }
}

/** Compares digests: their length tells nothing of the token's. */
function smokePrincipal(token: string): (request: Request) => boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  const expected = digest(`Bearer ${token}`);
  return ({ headers: { authorization } }) =>
    authorization !== undefined && timingSafeEqual(digest(authorization), expected);
}
