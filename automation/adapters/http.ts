/** One HTTP exchange on a connection of its own: no pool, no retry, no redirect, and a limit on all of it. */
import { request as plainRequest } from "node:http";
import { type RequestOptions, request as secureRequest } from "node:https";

export interface HttpRequest {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** For everything: connecting, sending, the whole answer. */
  readonly timeoutMilliseconds: number;
  /** PEM; besides it nothing is trusted. */
  readonly certificateAuthority?: string;
  /** Name to ask for in TLS when the URL names an address. */
  readonly serverName?: string;
  readonly signal?: AbortSignal;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** There was no answer. Whether the request arrived is unknown. */
export class NoAnswerError extends Error {
  override readonly name = "NoAnswerError";
  readonly reason: string;

  constructor(request: string, reason: string, options?: ErrorOptions) {
    super(`${request}: ${reason}`, options);
    this.reason = reason;
  }
}

/** @throws NoAnswerError */
export function exchange(url: string | URL, request: HttpRequest): Promise<HttpAnswer> {
  const target = new URL(url);
  const limit = new Patience(request.timeoutMilliseconds);
  const options: RequestOptions = {
    method: request.method ?? "GET",
    headers: { ...request.headers },
    agent: false,
    signal: request.signal ? AbortSignal.any([limit.signal, request.signal]) : limit.signal,
    ...(request.serverName === undefined ? {} : { servername: request.serverName }),
    ...(request.certificateAuthority === undefined ? {} : { ca: request.certificateAuthority }),
  };
  const start = target.protocol === "https:" ? secureRequest : plainRequest;
  return new Promise((resolve, reject) => {
    const failed = (cause: Error) => {
      limit.end();
      const { code = cause.message } = cause as NodeJS.ErrnoException;
      const reason = limit.signal.aborted ? `no answer within ${request.timeoutMilliseconds} ms` : code;
      reject(new NoAnswerError(`${options.method} ${target.origin}${target.pathname}`, reason, { cause }));
    };
    const outgoing = start(target, options, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
      incoming.once("error", failed);
      incoming.once("end", () => {
        limit.end();
        resolve({
          status: incoming.statusCode ?? 0,
          headers: incoming.headers,
          body: Buffer.concat(chunks).toString("utf8"),
        });
      });
    });
    outgoing.once("error", failed);
    outgoing.end(request.body);
  });
}

const TICK_MILLISECONDS = 50;

/**
 * A limit that counts only time in which this process could hear an answer. Loading the Pulumi program blocks it for
 * seconds: to an ordinary timer every peer would have been silent meanwhile, and a living region looked dead.
 */
class Patience {
  readonly #expired = new AbortController();
  readonly #timer: NodeJS.Timeout;

  constructor(milliseconds: number) {
    let left = milliseconds;
    let before = performance.now();
    this.#timer = setInterval(() => {
      const now = performance.now();
      left -= Math.min(now - before, 2 * TICK_MILLISECONDS);
      before = now;
      if (left <= 0) this.#expired.abort();
    }, TICK_MILLISECONDS);
  }

  get signal(): AbortSignal {
    return this.#expired.signal;
  }

  end(): void {
    clearInterval(this.#timer);
  }
}
