/** Asks the new region's API for orders, and its load balancers whether they serve. */

import { request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { orderKey } from "../audit/second-fold.ts";
import type { ApiAnswer } from "../audit/writes.ts";

const CONCURRENT = 16;
const TRIES = 5;
const PAUSE_MILLISECONDS = 1_000;
const TIMEOUT_MILLISECONDS = 3_000;

const body = z.object({
  status: z.string(),
  remaining: z.int(),
  ack: z.object({ shard: z.int(), epoch: z.int(), seq: z.int(), hash: z.string() }),
});

export interface Api {
  /** Addresses of its load balancer. */
  readonly addresses: readonly string[];
  readonly port: number;
  readonly publicName: string;
}

export interface Wanted {
  readonly client: string;
  readonly clientOrderId: string;
}

/**
 * By order key. Each order is asked for until it has an answer other than "not now"; after the limit no further
 * order is asked for, and has no entry.
 */
export async function askOrders(
  api: Api,
  orders: readonly Wanted[],
  limitMilliseconds: number,
): Promise<Map<string, ApiAnswer>> {
  const answers = new Map<string, ApiAnswer>();
  const queue = orders.values();
  const deadline = performance.now() + limitMilliseconds;
  const ask = async (): Promise<void> => {
    for (const order of queue) {
      if (performance.now() > deadline) return;
      answers.set(orderKey(order.client, order.clientOrderId), await askOrder(api, order));
    }
  };
  await Promise.all(Array.from({ length: CONCURRENT }, ask));
  return answers;
}

async function askOrder(api: Api, { client, clientOrderId }: Wanted): Promise<ApiAnswer> {
  const path = `/orders/${encodeURIComponent(clientOrderId)}?client=${encodeURIComponent(client)}`;
  let last: ApiAnswer = { status: null };
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const address = api.addresses[attempt % api.addresses.length] ?? "";
    const { status, text } = await get(api, address, path);
    last = answerOf(status, text);
    if (status === 200 || status === 404) return last;
    // "Not now" says nothing of the order; asked again at once it would only be said again.
    if (attempt + 1 < TRIES) await sleep(PAUSE_MILLISECONDS);
  }
  return last;
}

function answerOf(status: number | null, text: string): ApiAnswer {
  if (status !== 200) return { status };
  const parsed = body.safeParse(json(text));
  if (!parsed.success) return { status };
  const { ack, ...state } = parsed.data;
  return { status, ack, state };
}

/** Those that lead to a gateway which says that it serves. */
export async function activeAddresses(api: Api): Promise<readonly string[]> {
  const answers = await Promise.all(
    api.addresses.map(async (address) => ({ address, ...(await get(api, address, "/active")) })),
  );
  return answers.filter(({ status }) => status === 200).map(({ address }) => address);
}

/** Whether the region says that it decides and serves: what the health checks ask. */
export async function isActive(api: Api): Promise<boolean> {
  const saying = api.addresses.map(async (address) => {
    const { status } = await get(api, address, "/active");
    if (status !== 200) throw new Error(`${address}: ${status ?? "no answer"}`);
  });
  // One is enough: a zone whose address is silent must not date the others' answer later.
  return await Promise.any(saying).then(
    () => true,
    () => false,
  );
}

function get(
  { port, publicName }: Api,
  host: string,
  path: string,
): Promise<{ readonly status: number | null; readonly text: string }> {
  const { promise, resolve } = Promise.withResolvers<{ status: number | null; text: string }>();
  const none = { status: null, text: "" };
  const signal = AbortSignal.timeout(TIMEOUT_MILLISECONDS);
  const outgoing = request({ host, port, path, signal, headers: { host: publicName } });
  outgoing.on("error", () => resolve(none));
  outgoing.on("response", (response) => {
    let text = "";
    response.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
    });
    response.on("end", () => resolve({ status: response.statusCode ?? null, text }));
    response.on("error", () => resolve(none));
  });
  outgoing.end();
  return promise;
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
