/**
 * The only calls towards the region that may be lost: short, in parallel, to its load balancer's addresses. They
 * hold no AWS client of that region.
 */
import { z } from "zod";
import type { Region } from "../../components/model.ts";
import { messageOf } from "../errors.ts";
import type { Probe } from "../failover/decide.ts";
import type { ProbePort } from "../failover/ports.ts";
import { type Listener, listenerUrl } from "./gateway.ts";
import { exchange, type HttpAnswer } from "./http.ts";

export const PROBE_MILLISECONDS = 3_000;
const statusSchema = z.object({ requests: z.object({ accepted: z.int() }) });

export class Probes implements ProbePort {
  readonly #region: Region;
  readonly #listener: Listener;
  readonly #token: () => Promise<string>;

  /** @param token the survivor's smoke token; an old side that has another one just does not say */
  constructor(region: Region, listener: Listener, token: () => Promise<string>) {
    this.#region = region;
    this.#listener = listener;
    this.#token = token;
  }

  async addresses(timeoutMilliseconds = PROBE_MILLISECONDS): Promise<readonly Probe[]> {
    return await Promise.all(
      this.#listener.addresses.map(async (address) => {
        const name = `${address} (${this.#region})`;
        try {
          const { status } = await this.#ask(address, "/healthz", {}, timeoutMilliseconds);
          return { name, answered: true, detail: `HTTP ${status}` };
        } catch (error) {
          return { name, answered: false, detail: messageOf(error) };
        }
      }),
    );
  }

  async acceptedByOldSide(): Promise<number | undefined> {
    const authorization = `Bearer ${await this.#token()}`;
    const answers = await Promise.allSettled(
      this.#listener.addresses.map((address) => this.#ask(address, "/status", { authorization })),
    );
    const counts = answers.flatMap((one) => (one.status === "fulfilled" ? acceptedOf(one.value) : []));
    // Behind every address are the same gateways: adding up would count them again.
    return counts.length === 0 ? undefined : Math.max(...counts);
  }

  #ask(
    address: string,
    path: string,
    headers: Record<string, string> = {},
    timeoutMilliseconds = PROBE_MILLISECONDS,
  ): Promise<HttpAnswer> {
    const { port, serverName } = this.#listener;
    return exchange(listenerUrl(address, port, path), {
      timeoutMilliseconds,
      serverName,
      headers: { host: serverName, ...headers },
    });
  }
}

function acceptedOf({ status, body }: HttpAnswer): readonly number[] {
  if (status !== 200) return [];
  return [statusSchema.parse(JSON.parse(body)).requests.accepted];
}
