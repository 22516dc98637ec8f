/** The public name as clients use it: asked anew, and followed to whoever answers there, to write. */
import { z } from "zod";
import type { Region } from "../../components/model.ts";
import { messageOf } from "../errors.ts";
import type { DoorPort, Knock } from "../maintenance/ports.ts";
import { Gateway, listenerUrl } from "./gateway.ts";
import { exchange } from "./http.ts";
import type { PublicName } from "./names.ts";

const REQUEST_MILLISECONDS = 3_000;
/** Reserved for the smoke principal: without its token a serving gateway refuses it, so that it can never be an order. */
const NEVER_AN_ORDER = JSON.stringify({
  client: "dr-knock",
  clientOrderId: "SMOKE-0:knock",
  instrument: "SMOKE-0",
  side: "buy",
  price: 1,
  quantity: 1,
});
const declined = z.object({ status: z.string() });

export interface DoorOptions {
  readonly name: string;
  readonly port: number;
  /** Of the load balancer; the name is answered with some of them. */
  readonly elasticIps: readonly string[];
  /** That must answer. */
  readonly region: Region;
  readonly names: Pick<PublicName, "resolve">;
  readonly smokeToken: () => Promise<string>;
}

export class Door implements DoorPort {
  readonly #options: DoorOptions;

  constructor(options: DoorOptions) {
    this.#options = options;
  }

  async knock(): Promise<readonly Knock[]> {
    const answers = await this.#options.names.resolve();
    const knocks = answers.map(async ({ resolver, addresses, error }): Promise<readonly Knock[]> => {
      const none = { resolver, address: null, status: null, said: null, retryAfter: null };
      if (addresses.length === 0) return [{ ...none, reason: error ?? `${resolver} gives no address` }];
      return await Promise.all(addresses.map((address) => this.#knockAt(resolver, address)));
    });
    const given = new Set(answers.flatMap(({ addresses }) => addresses));
    const others = this.#options.elasticIps.filter((address) => !given.has(address));
    const direct = Promise.all(others.map((address) => this.#knockAt(null, address)));
    return (await Promise.all([...knocks, direct])).flat();
  }

  async smoke(shard: number, runId: string) {
    const { name, port, region, names, smokeToken } = this.#options;
    const addresses = [...new Set((await names.resolve()).flatMap((answer) => answer.addresses))];
    if (addresses.length === 0) throw new Error(`no resolver gives an address of ${name}`);
    return await new Gateway(region, { addresses, port, serverName: name }, smokeToken).smoke(shard, runId);
  }

  async #knockAt(resolver: string | null, address: string): Promise<Knock> {
    const { name, port } = this.#options;
    try {
      const { status, headers, body } = await exchange(listenerUrl(address, port, "/orders"), {
        method: "POST",
        timeoutMilliseconds: REQUEST_MILLISECONDS,
        serverName: name,
        headers: { host: name, "content-type": "application/json" },
        body: NEVER_AN_ORDER,
      });
      const retryAfter = headers["retry-after"];
      return {
        ...{ resolver, address, status },
        said: statusIn(body),
        retryAfter: typeof retryAfter === "string" ? retryAfter : null,
      };
    } catch (error) {
      return { resolver, address, status: null, said: null, retryAfter: null, reason: messageOf(error) };
    }
  }
}

function statusIn(body: string): string | null {
  try {
    return declined.parse(JSON.parse(body)).status;
  } catch {
    return null;
  }
}
