/** A small world for clients: a name server whose answers and TTL are set by hand, and HTTP servers that count. */
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import type { Clock } from "../../../sandbox/clients/schedule.ts";

interface Packet {
  readonly id: number;
  readonly questions: readonly object[];
}
const packets = createRequire(import.meta.url)("dns-packet") as {
  decode(bytes: Buffer): Packet;
  encode(packet: object): Buffer;
};

export interface NameServer {
  readonly address: string;
  /** Questions answered so far. */
  questions: number;
  addresses: readonly string[];
  ttlSeconds: number;
  close(): void;
}

export async function nameServer(name: string, addresses: readonly string[], ttlSeconds: number) {
  const socket = createSocket("udp4");
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  const server: NameServer = {
    address: `127.0.0.1:${socket.address().port}`,
    questions: 0,
    addresses,
    ttlSeconds,
    close: () => socket.close(),
  };
  socket.on("message", (message, from) => {
    server.questions++;
    const { id, questions } = packets.decode(message);
    const answers = server.addresses.map((data) => ({ type: "A", name, ttl: server.ttlSeconds, data }));
    const reply = packets.encode({ type: "response", id, flags: 0x0400, questions, answers });
    socket.send(reply, from.port, from.address);
  });
  return server;
}

type Answering = (request: IncomingMessage, response: ServerResponse) => void;

export interface Side {
  readonly host: string;
  readonly port: number;
  requests: number;
  connections: number;
  answering: Answering;
  close(): void;
}

/** @param port 0 for any */
export async function side(host: string, port: number, answering: Answering): Promise<Side> {
  const server = createServer((request, response) => {
    self.requests++;
    request.resume().once("end", () => self.answering(request, response));
  });
  server.listen(port, host);
  await once(server, "listening");
  const self: Side = {
    host,
    port: (server.address() as AddressInfo).port,
    requests: 0,
    connections: 0,
    answering,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
  server.on("connection", () => self.connections++);
  return self;
}

export const ACK = { shard: 0, epoch: 1, seq: 1, hash: "00" };

/** Acknowledges whatever is asked, in the name of a region. */
export function accepting(region: string): Answering {
  return (request, response) => {
    const state = request.method === "GET" ? { status: "open", remaining: 1 } : { status: "accepted" };
    const headers = { "content-type": "application/json", "x-region": region, "x-pod": `${region}-pod` };
    response.writeHead(request.method === "POST" ? 201 : 200, headers);
    response.end(JSON.stringify({ ...state, quantity: 1, ack: ACK, region }));
  };
}

/** Time that stands still until it is told to pass. */
export class FakeClock implements Clock {
  #now = 1_000_000;
  #timers: { readonly at: number; readonly callback: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  after(milliseconds: number, callback: () => void): () => void {
    const timer = { at: this.#now + milliseconds, callback };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** Runs what falls due, in order, each at its own time. */
  pass(milliseconds: number): void {
    const end = this.#now + milliseconds;
    for (;;) {
      const due = this.#timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (due === undefined) break;
      this.#timers = this.#timers.filter((timer) => timer !== due);
      this.#now = Math.max(this.#now, due.at);
      due.callback();
    }
    this.#now = end;
  }

  /** Time passes without anybody being woken: a busy process. */
  stall(milliseconds: number): void {
    this.#now += milliseconds;
  }
}
