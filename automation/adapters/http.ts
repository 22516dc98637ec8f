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
  const limit = AbortSignal.timeout(request.timeoutMilliseconds);
  const options: RequestOptions = {
    method: request.method ?? "GET",
    headers: { ...request.headers },
    agent: false,
    signal: request.signal ? AbortSignal.any([limit, request.signal]) : limit,
    ...(request.serverName === undefined ? {} : { servername: request.serverName }),
    ...(request.certificateAuthority === undefined ? {} : { ca: request.certificateAuthority }),
  };
  const start = target.protocol === "https:" ? secureRequest : plainRequest;
  return new Promise((resolve, reject) => {
    const failed = (cause: Error) => {
      const { code = cause.message } = cause as NodeJS.ErrnoException;
      const reason = limit.aborted ? `no answer within ${request.timeoutMilliseconds} ms` : code;
      reject(new NoAnswerError(`${options.method} ${target.origin}${target.pathname}`, reason, { cause }));
    };
    const outgoing = start(target, options, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
      incoming.once("error", failed);
      incoming.once("end", () =>
        resolve({
          status: incoming.statusCode ?? 0,
          headers: incoming.headers,
          body: Buffer.concat(chunks).toString("utf8"),
        }),
      );
    });
    outgoing.once("error", failed);
    outgoing.end(request.body);
  });
}
