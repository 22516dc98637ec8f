/** One HTTP request and what came of it; never rejects. */
import { type Agent, request } from "node:http";
import type { Socket } from "node:net";
import type { Clock } from "./schedule.ts";

export interface Timeouts {
  readonly connectMilliseconds: number;
  /** From the moment the request leaves. */
  readonly answerMilliseconds: number;
}

export interface Question {
  /** `host:port` */
  readonly address: string;
  /** What the `host` header says: the name that was resolved. */
  readonly name: string;
  readonly method: "POST" | "DELETE" | "GET";
  readonly path: string;
  readonly body?: unknown;
}

export interface Reply {
  readonly sent: number;
  readonly answered: number;
  /** False: no connection came about, so that nobody can have read the request. */
  readonly connected: boolean;
  readonly status: number | null;
  readonly region: string | null;
  readonly pod: string | null;
  /** Parsed JSON; undefined when there was none. */
  readonly body: unknown;
  readonly error?: string;
}

/** @param agent keeps connections; false makes a new one and closes it */
export function exchange(
  question: Question,
  timeouts: Timeouts,
  agent: Agent | false,
  clock: Clock,
): Promise<Reply> {
  const { promise, resolve } = Promise.withResolvers<Reply>();
  const [host, port] = question.address.split(":");
  const body = question.body === undefined ? undefined : JSON.stringify(question.body);
  const sent = clock.now();
  let connected = false;
  let cancel = (): void => {};

  const outgoing = request({
    host,
    port,
    agent,
    method: question.method,
    path: question.path,
    headers: {
      host: question.name,
      ...(body === undefined
        ? {}
        : { "content-type": "application/json", "content-length": Buffer.byteLength(body) }),
    },
  });
  const fail = (error: string): void => {
    cancel();
    const none = { status: null, region: null, pod: null, body: undefined };
    resolve({ sent, answered: clock.now(), connected, ...none, error });
    outgoing.destroy();
  };
  const awaitAnswer = (): void => {
    cancel();
    connected = true;
    cancel = clock.after(timeouts.answerMilliseconds, () => {
      fail(`no answer within ${timeouts.answerMilliseconds} ms`);
    });
  };

  cancel = clock.after(timeouts.connectMilliseconds, () => {
    fail(`no connection within ${timeouts.connectMilliseconds} ms`);
  });
  outgoing.on("socket", (socket: Socket) => {
    if (socket.connecting) socket.once("connect", awaitAnswer);
    else awaitAnswer();
  });
  outgoing.on("error", (error) => fail(error.message));
  outgoing.on("response", (response) => {
    const chunks: Buffer[] = [];
    response.on("data", (chunk: Buffer) => chunks.push(chunk));
    response.on("error", (error) => fail(error.message));
    response.on("end", () => {
      cancel();
      resolve({
        sent,
        answered: clock.now(),
        connected,
        status: response.statusCode ?? null,
        region: header(response.headers["x-region"]),
        pod: header(response.headers["x-pod"]),
        body: parse(Buffer.concat(chunks).toString()),
      });
    });
  });
  outgoing.end(body);
  return promise;
}

const header = (value: string | string[] | undefined): string | null =>
  (Array.isArray(value) ? value[0] : value) ?? null;

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
