/** The public name as fresh clients see it: asked anew of every resolver, and followed to whoever answers there. */
import { Resolver } from "node:dns/promises";
import { isRegion, type Region } from "../../components/model.ts";
import type { NameAnswer } from "../check/facts.ts";
import { messageOf } from "../errors.ts";
import type { Answer, NamesPort } from "../failover/ports.ts";
import { listenerUrl } from "./gateway.ts";
import { exchange } from "./http.ts";

const RESOLVE_MILLISECONDS = 2_000;
const REQUEST_MILLISECONDS = 2_000;

export interface Reached {
  readonly address: string;
  /** Who serves there; null: nobody. */
  readonly region: Region | null;
  readonly milliseconds: number;
}

export class PublicName implements NamesPort {
  readonly #name: string;
  readonly #port: number;
  readonly #resolvers: readonly { readonly label: string; readonly resolver: Resolver }[];

  /** @param resolvers `IP` or `IP:PORT`; none: the machine's own */
  constructor(name: string, port: number, resolvers: readonly string[]) {
    this.#name = name;
    this.#port = port;
    this.#resolvers = (resolvers.length === 0 ? [undefined] : resolvers).map((server) => {
      // c-ares keeps no cache under Node: every look is a new question.
      const resolver = new Resolver({ timeout: RESOLVE_MILLISECONDS, tries: 1 });
      if (server !== undefined) resolver.setServers([server]);
      return { label: server ?? "this machine's resolver", resolver };
    });
  }

  async look(): Promise<readonly Answer[]> {
    return await Promise.all(
      (await this.resolve()).map(async (resolved) => {
        const { addresses } = resolved;
        const address = addresses[Math.floor(Math.random() * addresses.length)];
        return { ...resolved, region: address === undefined ? null : await this.#whoAnswers(address) };
      }),
    );
  }

  /** Addresses that some resolver gives now. @throws when none answers */
  async given(): Promise<readonly string[]> {
    const answers = await this.resolve();
    const heard = answers.filter(({ error }) => error === undefined);
    if (heard.length === 0) throw new Error(answers[0]?.error ?? "no resolver");
    return heard.flatMap(({ addresses }) => addresses);
  }

  async reach(addresses: readonly string[]): Promise<readonly Reached[]> {
    return await Promise.all(
      addresses.map(async (address) => {
        const began = performance.now();
        const region = await this.#whoAnswers(address);
        return { address, region, milliseconds: performance.now() - began };
      }),
    );
  }

  /** Addresses and TTLs, without asking whoever is there. @throws when a resolver does not answer */
  async records(): Promise<readonly NameAnswer[]> {
    return await Promise.all(
      this.#resolvers.map(async ({ label, resolver }) => {
        const answer = await resolver.resolve4(this.#name, { ttl: true });
        return {
          resolver: label,
          addresses: answer.map(({ address }) => address),
          ttlSeconds: Math.max(...answer.map(({ ttl }) => ttl)),
        };
      }),
    );
  }

  /** Of the nearest zone above the name; empty: none of them is delegated. */
  async nameServers(): Promise<readonly string[]> {
    const labels = this.#name.split(".");
    const [first] = this.#resolvers;
    for (let depth = 0; depth < labels.length - 1; depth++) {
      const zone = labels.slice(depth).join(".");
      const servers = await first?.resolver.resolveNs(zone).catch((error: NodeJS.ErrnoException) => {
        if (error.code === "ENODATA" || error.code === "ENOTFOUND") return [];
        throw error;
      });
      if (servers !== undefined && servers.length > 0) return servers;
    }
    return [];
  }

  /** What every resolver says now. */
  async resolve(): Promise<readonly Omit<Answer, "region">[]> {
    return await Promise.all(
      this.#resolvers.map(async ({ label, resolver }) => {
        const answer = await resolver.resolve4(this.#name).catch((error: unknown) => messageOf(error));
        return typeof answer === "string"
          ? { resolver: label, addresses: [], error: answer }
          : { resolver: label, addresses: answer };
      }),
    );
  }

  async #whoAnswers(address: string): Promise<Region | null> {
    const answer = await exchange(listenerUrl(address, this.#port, "/active"), {
      timeoutMilliseconds: REQUEST_MILLISECONDS,
      serverName: this.#name,
      headers: { host: this.#name },
    }).catch(() => undefined);
    const region = answer?.headers["x-region"];
    return answer?.status === 200 && isRegion(region) ? region : null;
  }
}
