/** The little of an HTTP server that the programs need, on Node's own. */
import { createServer, type IncomingMessage, type OutgoingHttpHeaders, type Server } from "node:http";
import { type Log, messageOf } from "./log.ts";

/** A request body is one order; more is an attack or a mistake. */
export const MAX_BODY_BYTES = 16 * 1024;
/** Longer than a client's pool keeps a connection, or a request would meet a closing one and become an unknown. */
export const KEEP_ALIVE_MS = 75_000;

export interface Request {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage["headers"];
  /** Rejects with `BodyTooLargeError`. */
  text(): Promise<string>;
}

export interface Reply {
  readonly status: number;
  /** Text goes out as it is, anything else as JSON. */
  readonly body: unknown;
  readonly headers?: OutgoingHttpHeaders;
}

export type Handler = (request: Request) => Reply | Promise<Reply>;

export class BodyTooLargeError extends Error {
  override readonly name = "BodyTooLargeError";
}

export interface Listening {
  readonly server: Server;
  /** Takes no new connection, waits for requests being answered, at most `timeoutMs`. */
  close(timeoutMs: number): Promise<void>;
}

export interface ListenOptions {
  readonly host: string;
  readonly port: number;
  readonly log: Log;
  /** On every answer. */
  readonly headers: OutgoingHttpHeaders;
}

/** Resolves when listening; rejects when the address is taken. */
export async function listen(handler: Handler, options: ListenOptions): Promise<Listening> {
  const server = createServer((incoming, response) => {
    const [path = "/", query] = (incoming.url ?? "/").split("?", 2);
    const request: Request = {
      method: incoming.method ?? "GET",
      path,
      query: new URLSearchParams(query),
      headers: incoming.headers,
      text: () => textOf(incoming),
    };
    const send = ({ status, body, headers }: Reply) => {
      const text = typeof body === "string" ? body : JSON.stringify(body);
      const type = typeof body === "string" ? "text/plain; charset=utf-8" : "application/json";
      response.writeHead(status, {
        "content-type": type,
        "content-length": Buffer.byteLength(text),
        ...options.headers,
        ...headers,
      });
      response.end(text);
    };
    Promise.resolve(request)
      .then(handler)
      .then(send, (error: unknown) => {
        if (error instanceof BodyTooLargeError) {
          return send({ status: 413, body: { status: "malformed", reason: error.message }, headers: CLOSE });
        }
        options.log("request-failed", { method: request.method, path, error: messageOf(error) });
        // Whatever had begun may have been appended: never a refusal.
        send({
          status: 500,
          body: { status: "unknown", reason: "internal error, ask again with the same id" },
        });
      });
  });
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host: options.host, port: options.port }, () => {
      server.off("error", reject);
      resolve();
    });
  });
  return { server, close: (timeoutMs) => closeWithin(server, timeoutMs) };
}

const CLOSE = { connection: "close" };

async function closeWithin(server: Server, timeoutMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), timeoutMs);
  await closed;
  clearTimeout(timer);
}

async function textOf(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) throw new BodyTooLargeError(`body is larger than ${MAX_BODY_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
