/** An HTTP server for a test that answers by a function and remembers what it was asked. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { ExecutionContext } from "ava";

export interface Asked {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

export interface Answered {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Text as it is, anything else as JSON. */
  readonly body?: unknown;
}

export interface TestServer {
  readonly port: number;
  readonly asked: readonly Asked[];
}

/** `answer` returning undefined: accepted and never answered. */
export async function serve(
  t: ExecutionContext,
  answer: (request: Asked) => Answered | undefined,
  host = "127.0.0.1",
  port = 0,
): Promise<TestServer> {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => (body += chunk));
    request.on("end", () => {
      const one = { method: request.method ?? "", url: request.url ?? "", headers: request.headers, body };
      asked.push(one);
      const given = answer(one);
      if (given === undefined) return;
      response
        .writeHead(given.status ?? 200, given.headers)
        .end(typeof given.body === "string" ? given.body : JSON.stringify(given.body ?? {}));
    });
  });
  await new Promise<void>((resolve) => server.listen(port, host, resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, asked };
}
