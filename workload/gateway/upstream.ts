/** Requests to one other program over kept connections, telling "never sent" from "outcome unknown". */
import { Agent, request as httpRequest } from "node:http";
import { KEEP_ALIVE_MS } from "../http.ts";

/** Nothing of the request left this process. */
export class NotSentError extends Error {
  override readonly name = "NotSentError";
}

/** The request, or part of it, was sent and no whole answer came. */
export class NoAnswerError extends Error {
  override readonly name = "NoAnswerError";
}

export interface Answer {
  readonly status: number;
  readonly text: string;
  readonly retryAfter: string | undefined;
}

export class Upstream {
  readonly #url: URL;
  readonly #agent = new Agent({
    keepAlive: true,
    // The newest connection first, so that spare ones grow old; dropped well before the other side would.
    scheduling: "lifo",
    timeout: KEEP_ALIVE_MS / 2,
  });

  constructor(url: string) {
    this.#url = new URL(url);
  }

  /** Rejects with `NotSentError` or `NoAnswerError`, at the latest after `deadlineMs`. */
  send(method: string, path: string, body: string, deadlineMs: number): Promise<Answer> {
    return new Promise((resolve, reject) => {
      let sent = false;
      const request = httpRequest({
        agent: this.#agent,
        hostname: this.#url.hostname,
        port: this.#url.port,
        method,
        path,
        headers: { "content-length": Buffer.byteLength(body), "content-type": "application/json" },
      });
      const fail = (cause: unknown) => {
        clearTimeout(timer);
        const to = `${method} ${path.split("?", 1)[0]} to ${this.#url.host}`;
        reject(
          sent
            ? new NoAnswerError(`${to} was sent and not answered`, { cause })
            : new NotSentError(`${to} was never sent`, { cause }),
        );
      };
      const timer = setTimeout(() => {
        request.destroy(new Error(`no answer within ${deadlineMs} ms`));
      }, deadlineMs);
      request.once("socket", (socket) => {
        if (!socket.connecting) sent = true;
        else socket.once("connect", () => (sent = true));
      });
      request.once("error", fail);
      request.once("response", (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.once("error", fail);
        response.once("end", () => {
          clearTimeout(timer);
          const text = Buffer.concat(chunks).toString();
          resolve({ status: response.statusCode ?? 0, text, retryAfter: response.headers["retry-after"] });
        });
      });
      request.end(body);
    });
  }

  /** A JSON answer with status 200. Rejects on anything else. */
  async get<T>(path: string, deadlineMs: number): Promise<T> {
    const { status, text } = await this.send("GET", path, "", deadlineMs);
    if (status !== 200)
      throw new Error(`GET ${path} of ${this.#url.host} answered ${status}: ${text.slice(0, 200)}`);
    return JSON.parse(text) as T;
  }

  close(): void {
    this.#agent.destroy();
  }
}
