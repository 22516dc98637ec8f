/** A region's gateways through the load balancer's own addresses, as clients reach them, without DNS. */
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import type { Region } from "../../components/model.ts";
import type { Acknowledgement } from "../../journal/model.ts";
import type { GatewayStatus } from "../../workload/api.ts";
import type { GatewayPort } from "../failover/ports.ts";
import { exchange, type HttpAnswer, NoAnswerError } from "./http.ts";

export interface Listener {
  readonly addresses: readonly string[];
  readonly port: number;
  /** Name that the certificate is for. */
  readonly serverName: string;
}

const TIMEOUT_MILLISECONDS = 2_000;
/** Several times what a healthy gateway needs. From far away some questions are put twice: all of them may be. */
const PATIENCE_MILLISECONDS = 60;
/** How often each address is tried in one question, unless it refuses. */
const ROUNDS = 10;

/** 443 is TLS, as everywhere in this project; a listener on another port is plain. */
export function listenerUrl(host: string, port: number, path: string): string {
  return `${port === 443 ? "https" : "http"}://${host}:${port}${path}`;
}

const acknowledgement = z.object({ shard: z.int(), epoch: z.int(), seq: z.int(), hash: z.string() });
const answerSchema = z.object({ ack: acknowledgement, region: z.string() });
const engine = z.object({
  shard: z.int(),
  ready: z.boolean(),
  generation: z.int().nullable(),
  epoch: z.int().nullable(),
  phase: z.string(),
  reason: z.string(),
  head: z.object({ epoch: z.int(), seq: z.int(), hash: z.string() }).nullable(),
  tailReplayed: z.int(),
});
const statusSchema = z.looseObject({
  region: z.string(),
  generation: z.int().nullable(),
  shards: z.array(z.looseObject(engine.shape)),
  projector: z
    .looseObject({
      writable: z.boolean(),
      watermarks: z.array(acknowledgement),
      stopped: z.array(z.object({ shard: z.int(), reason: z.string() })),
    })
    .nullable(),
  requests: z.object({ total: z.int(), accepted: z.int() }),
});

export class Gateway implements GatewayPort {
  readonly #listener: Listener;
  readonly #region: Region;
  readonly #token: () => Promise<string>;
  #preferred = 0;

  constructor(region: Region, listener: Listener, token: () => Promise<string>) {
    this.#region = region;
    this.#listener = listener;
    this.#token = token;
  }

  async status(): Promise<GatewayStatus> {
    const answer = await this.#ask("GET", "/status");
    if (answer.status !== 200) throw new Error(`GET /status: ${answer.status} ${answer.body.slice(0, 200)}`);
    return statusSchema.parse(JSON.parse(answer.body)) as unknown as GatewayStatus;
  }

  async smoke(shard: number, runId: string) {
    const instrument = `SMOKE-${shard}`;
    const clientOrderId = `${instrument}:${runId}`;
    const client = "dr-smoke";
    const placed = await this.#trade("POST", "/orders", {
      client,
      clientOrderId,
      instrument,
      side: "buy",
      price: 1,
      quantity: 1,
    });
    const cancelled = await this.#trade(
      "DELETE",
      `/orders/${encodeURIComponent(clientOrderId)}?client=${client}`,
    );
    return { placed, cancelled };
  }

  async #trade(method: string, path: string, body?: object): Promise<Acknowledgement> {
    const answer = await this.#ask(method, path, body);
    if (answer.status !== 200 && answer.status !== 201) {
      throw new Error(`${method} ${path}: ${answer.status} ${answer.body.slice(0, 200)}`);
    }
    const { ack, region } = answerSchema.parse(JSON.parse(answer.body));
    if (region !== this.#region)
      throw new Error(`${method} ${path}: answered by ${region}, not ${this.#region}`);
    return ack;
  }

  /**
   * Asks the address that answered last and, every moment without an answer, the next one, on a connection of its
   * own. Until a load balancer's checks have found the new pods it sends connections to nodes without any, which
   * drop them silently: seconds of silence are seconds of outage. All that is asked here may be asked twice.
   */
  async #ask(method: string, path: string, body?: object): Promise<HttpAnswer> {
    const { addresses } = this.#listener;
    const authorization = `Bearer ${await this.#token()}`;
    const answered = Promise.withResolvers<HttpAnswer>();
    answered.promise.catch(() => {});
    const done = new AbortController();
    const reasons = new Set<string>();
    const refusing = new Set<number>();
    const attempt = async (index: number): Promise<void> => {
      try {
        answered.resolve(
          await this.#askAt(index, { method, path, authorization, body, signal: done.signal }),
        );
        if (!done.signal.aborted) this.#preferred = index;
      } catch (error) {
        if (!(error instanceof NoAnswerError)) return answered.reject(error);
        refusing.add(index);
        reasons.add(error.reason);
      }
    };
    const first = this.#preferred;
    const attempts: Promise<void>[] = [];
    try {
      for (let turn = 0; turn < ROUNDS * addresses.length; turn++) {
        const index = (first + turn) % addresses.length;
        if (refusing.has(index)) continue;
        const mine = attempt(index);
        attempts.push(mine);
        const answer = await Promise.race([answered.promise, mine, sleep(PATIENCE_MILLISECONDS)]);
        if (answer !== undefined) return answer;
      }
      const answer = await Promise.race([answered.promise, Promise.all(attempts).then(() => undefined)]);
      if (answer !== undefined) return answer;
    } finally {
      done.abort();
    }
    const list = addresses.length === 1 ? addresses[0] : `${addresses.length} addresses`;
    throw new NoAnswerError(`${method} ${path} at ${list} of ${this.#region}`, [...reasons].join("; "));
  }

  #askAt(index: number, { method, path, authorization, body, signal }: Question): Promise<HttpAnswer> {
    const { addresses, port, serverName } = this.#listener;
    return exchange(listenerUrl(addresses[index] ?? "", port, path), {
      method,
      timeoutMilliseconds: TIMEOUT_MILLISECONDS,
      serverName,
      signal,
      headers: {
        host: serverName,
        authorization,
        ...(body ? { "content-type": "application/json" } : {}),
      },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
  }
}

interface Question {
  readonly method: string;
  readonly path: string;
  readonly authorization: string;
  readonly body: object | undefined;
  readonly signal: AbortSignal;
}
