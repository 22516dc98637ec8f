/**
 * Cloudflare's edge: an HTTP reverse proxy that sends each request to the first healthy pool. Every request is steered
 * anew, whatever connection of the client it comes on. Zero-downtime failover is off: nothing is tried twice.
 */
import {
  Agent,
  createServer,
  type IncomingMessage,
  request,
  type Server,
  type ServerResponse,
} from "node:http";
import { addressOf, type Origin, type Pool } from "./pool.ts";

export interface Steering {
  /** By Host header; undefined: no such name here. */
  readonly pools: (
    host: string,
  ) => { readonly ordered: readonly Pool[]; readonly fallback: Pool | undefined } | undefined;
  readonly resolve: (name: string) => string | undefined;
}

/** https://developers.cloudflare.com/fundamentals/reference/connection-limits/ */
const CONNECT_MILLISECONDS = 19_000;
const ANSWER_MILLISECONDS = 120_000;
/** https://developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-5xx-errors/ */
const STATUS = { empty: 520, refused: 521, unreachable: 522, slow: 524, unresolved: 530 } as const;

/** Of a header's value, without a port. */
const nameOf = (host: string | undefined): string => (host ?? "").replace(/:\d+$/, "").toLowerCase();

function pickByWeight(origins: readonly Origin[]): Origin | undefined {
  let left = Math.random() * origins.reduce((sum, { weight }) => sum + weight, 0);
  for (const origin of origins) {
    left -= origin.weight;
    if (left < 0) return origin;
  }
  return origins[0];
}

function steer(steering: Steering, host: string): Origin | undefined {
  const pools = steering.pools(host);
  const pool = pools?.ordered.find(({ healthy }) => healthy) ?? pools?.fallback;
  if (pool === undefined) return undefined;
  const healthy = pool.healthyOrigins;
  return pickByWeight(healthy.length > 0 ? healthy : pool.origins.filter(({ enabled }) => enabled));
}

function fail(response: ServerResponse, status: number): void {
  if (response.headersSent) response.destroy();
  else
    response
      .writeHead(status, { "content-type": "text/plain", server: "cloudflare" })
      .end(`error code: ${status}`);
}

export class Edge {
  readonly #host: string;
  readonly #steering: Steering;
  readonly #agent = new Agent({ keepAlive: true });
  readonly #servers = new Map<number, Server>();

  constructor(host: string, steering: Steering) {
    this.#host = host;
    this.#steering = steering;
  }

  /** Opens and closes listeners until they are exactly these. */
  async listenOn(ports: ReadonlySet<number>): Promise<void> {
    for (const port of this.#servers.keys()) if (!ports.has(port)) await this.#stop(port);
    for (const port of ports) {
      if (this.#servers.has(port)) continue;
      const server = createServer((from, to) => this.#forward(from, to));
      this.#servers.set(port, server);
      await new Promise<void>((resolve, reject) => {
        server.once("error", reject);
        server.listen(port, this.#host, resolve);
      });
    }
  }

  async close(): Promise<void> {
    await this.listenOn(new Set());
    this.#agent.destroy();
  }

  async #stop(port: number): Promise<void> {
    const server = this.#servers.get(port);
    this.#servers.delete(port);
    server?.closeAllConnections();
    await new Promise<void>((resolve) => (server === undefined ? resolve() : server.close(() => resolve())));
  }

  #forward(from: IncomingMessage, to: ServerResponse): void {
    const origin = steer(this.#steering, nameOf(from.headers.host));
    const host = origin === undefined ? undefined : addressOf(origin, this.#steering.resolve);
    if (origin === undefined || host === undefined) {
      fail(to, STATUS.unresolved);
      return;
    }
    const headers = {
      ...from.headers,
      host: origin.hostHeader ?? from.headers.host,
      "cf-connecting-ip": from.socket.remoteAddress,
    };
    let late: number | undefined;
    const options = {
      host,
      port: origin.port,
      method: from.method,
      path: from.url,
      headers,
      agent: this.#agent,
    };
    const upstream = request(options, (response) => {
      clearTimeout(timer);
      to.writeHead(response.statusCode ?? STATUS.empty, response.headers);
      response.on("error", () => to.destroy());
      response.pipe(to);
    });
    const giveUp = (status: number) => () => {
      late = status;
      upstream.destroy();
    };
    let timer = setTimeout(giveUp(STATUS.unreachable), CONNECT_MILLISECONDS);
    const connected = () => {
      clearTimeout(timer);
      timer = setTimeout(giveUp(STATUS.slow), ANSWER_MILLISECONDS);
    };
    upstream.once("socket", (socket) => {
      if (socket.connecting) socket.once("connect", connected);
      else connected();
    });
    upstream.once("error", (error: NodeJS.ErrnoException) => {
      clearTimeout(timer);
      fail(to, late ?? (error.code === "ECONNREFUSED" ? STATUS.refused : STATUS.empty));
    });
    to.once("close", () => {
      clearTimeout(timer);
      upstream.destroy();
    });
    from.pipe(upstream);
  }
}
