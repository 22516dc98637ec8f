/** The order routes, the same at the gateway and at the engines behind it. */

import type { CancelOrder, PlaceOrder } from "./engine/events.ts";
import type { Request } from "./http.ts";
import { instrumentOf, MalformedError, parseOrderId, parsePlace } from "./orders.ts";

export type OrderRequest =
  | { readonly kind: "place"; readonly instrument: string; readonly command: PlaceOrder }
  | {
      readonly kind: "cancel" | "read";
      readonly instrument: string;
      readonly order: Omit<CancelOrder, "type">;
    };

const PREFIX = "/orders/";

/** Undefined: not a route of orders. Rejects with `MalformedError`, or `BodyTooLargeError`. */
export async function parseOrderRequest(request: Request): Promise<OrderRequest | undefined> {
  const { method, path, query } = request;
  if (path === "/orders" && method === "POST") {
    const command = parsePlace(await request.text());
    return { kind: "place", instrument: command.instrument, command };
  }
  if (!path.startsWith(PREFIX) || (method !== "DELETE" && method !== "GET")) return undefined;
  const order = parseOrderId(query.get("client"), decoded(path.slice(PREFIX.length)));
  const instrument = instrumentOf(order.clientOrderId);
  return { kind: method === "GET" ? "read" : "cancel", instrument, order };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (cause) {
    throw new MalformedError([`clientOrderId: is not URL-encoded: ${text.slice(0, 80)}`], { cause });
  }
}
