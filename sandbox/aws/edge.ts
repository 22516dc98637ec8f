/**
 * The doors to AWS: one for operators, one inside each region for its pods. A request's region and service are
 * those of its signature's credential scope, as with AWS' own endpoints; signatures are not verified.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { isRegion, type Region } from "../../components/model.ts";
import type { Address } from "../addresses.ts";
import { type Faults, type Place, UnreachableError } from "../faults.ts";
import { type AwsRequest, type AwsResponse, type AwsService, NoAnswer } from "./protocol.ts";

export interface EdgesOptions {
  readonly faults: Faults;
  readonly services: readonly AwsService[];
  /** One door per place: `internet` for operators, a region for its pods. Port 0 takes a free one. */
  readonly doors: readonly (Address & { readonly place: Place })[];
  /** Calls remembered for the audit; the oldest are forgotten first. */
  readonly auditLimit?: number;
}

/** One call that arrived at a door, whether or not its region could be reached. */
export interface Call {
  readonly from: Place;
  readonly region: Region;
  readonly service: string;
  readonly operation: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

export interface Edges {
  /** Where the door of `place` listens. */
  address(place: Place): Address;
  /** Every call since `sinceMilliseconds` (default: all remembered), oldest first. */
  calls(sinceMilliseconds?: number): readonly Call[];
  close(): Promise<void>;
}

export const DEFAULT_AUDIT_LIMIT = 200_000;

/** Longer than clients keep idle connections: a request must not meet a connection that is just being closed. */
const KEEP_ALIVE_MILLISECONDS = 300_000;

interface Scope {
  readonly region: Region;
  readonly service: string;
}

const CREDENTIAL = /Credential=[^/,\s]+\/\d{8}\/([^/,\s]+)\/([^/,\s]+)\/aws4_request/;

function scopeOf(authorization: string): Scope | undefined {
  const [, region, service] = CREDENTIAL.exec(authorization) ?? [];
  return isRegion(region) && service !== undefined ? { region, service } : undefined;
}

export async function createEdges({ faults, services, doors, auditLimit }: EdgesOptions): Promise<Edges> {
  const byName = new Map(services.map((service) => [service.name, service]));
  const audit = new Audit(auditLimit ?? DEFAULT_AUDIT_LIMIT);
  const servers = new Map<Place, Server>();
  for (const { place, host, port } of doors) {
    const server = createServer(
      { keepAlive: true, keepAliveTimeout: KEEP_ALIVE_MILLISECONDS },
      (request, response) => {
        serve(place, request, response).catch((error: unknown) => fail(response, error));
      },
    );
    // Under a dead place existing connections must not outlive it: `cut` resets them, `blackhole` leaves them hang.
    const sever = () => {
      if (faults.state(place, place) === "cut") server.closeAllConnections();
    };
    faults.on("change", sever);
    server.once("close", () => faults.off("change", sever));
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, host, resolve);
    });
    servers.set(place, server);
  }

  async function serve(from: Place, incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const hangUp = new AbortController();
    response.once("close", () => hangUp.abort(new NoAnswer("the caller hung up")));
    const body = await read(incoming);
    const scope = scopeOf(incoming.headers.authorization ?? "");
    const service = scope && byName.get(scope.service);
    if (!scope || !service) return refuse(response, scope, [...byName.keys()]);
    const url = new URL(incoming.url ?? "/", "http://edge");
    const request: AwsRequest = {
      from,
      region: scope.region,
      method: incoming.method ?? "GET",
      path: (incoming.url ?? "/").split("?")[0] ?? "/",
      query: url.searchParams,
      headers: flatten(incoming.headers),
      body,
      signal: hangUp.signal,
    };
    audit.add({ from, ...scope, operation: service.operation(request), at: Date.now() });
    await faults.pass(from, from, hangUp.signal);
    await faults.pass(from, scope.region, hangUp.signal);
    const outcome = await service.handle(request).then(
      (answer) => ({ answer }),
      (error: unknown) => ({ error }),
    );
    // The way back may be cut when the way there was not; out of a black hole not even a reset comes.
    await faults.pass(scope.region, from, hangUp.signal);
    if ("error" in outcome) throw outcome.error;
    send(response, outcome.answer);
  }

  return {
    address(place) {
      const bound = servers.get(place)?.address();
      if (typeof bound !== "object" || bound === null) {
        throw new RangeError(`no AWS edge at ${place}: there are ${[...servers.keys()].join(", ")}`);
      }
      return { host: bound.address, port: bound.port };
    },
    calls: (since = 0) => audit.since(since),
    async close() {
      await Promise.all(
        [...servers.values()].map((server) => {
          const closed = new Promise<void>((resolve) => server.close(() => resolve()));
          server.closeAllConnections();
          return closed;
        }),
      );
    },
  };
}

class Audit {
  readonly #limit: number;
  #calls: Call[] = [];

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(call: Call): void {
    this.#calls.push(call);
    if (this.#calls.length > this.#limit * 2) this.#calls = this.#calls.slice(-this.#limit);
  }

  since(milliseconds: number): readonly Call[] {
    return this.#calls.filter(({ at }) => at >= milliseconds);
  }
}

async function read(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  return chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks);
}

const flatten = (headers: IncomingMessage["headers"]): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(", ") : (value ?? ""),
    ]),
  );

function send(response: ServerResponse, { status, headers, body }: AwsResponse): void {
  if (response.destroyed) return;
  response.writeHead(status, { "content-length": Buffer.byteLength(body ?? ""), ...headers });
  response.end(body);
}

function refuse(response: ServerResponse, scope: Scope | undefined, known: readonly string[]): void {
  const message = scope
    ? `the sandbox has no AWS service "${scope.service}": it has ${known.join(", ")}`
    : "the request carries no AWS Signature Version 4 with a known region in its credential scope";
  send(response, { status: 403, headers: { "content-type": "text/plain" }, body: message });
}

/** Nothing sensible can be answered: the socket says so. */
function fail(response: ServerResponse, error: unknown): void {
  if (error instanceof UnreachableError || error instanceof NoAnswer) response.socket?.resetAndDestroy();
  else if (!response.headersSent) {
    console.error("sandbox AWS edge:", error);
    send(response, { status: 500, body: String(error) });
  } else response.destroy();
}
