/** The authoritative DNS server, on UDP and TCP, in front of whoever knows the names. */
import { createSocket, type RemoteInfo, type Socket as UdpSocket } from "node:dgram";
import { createServer, type Server, type Socket } from "node:net";
import packets, { type Packet, type Question, type ResourceRecord } from "dns-packet";
import type { Address } from "../addresses.ts";
import type { Answer } from "./recordSets.ts";

export interface NameSource {
  /** Undefined: does not know name and type. */
  answer(name: string, type: string): Answer | undefined;
  /** Whether the name exists with any type: no data then, instead of no such domain. */
  has(name: string): boolean;
}

/** Without EDNS, which authoritative answers of this size never need. */
const UDP_LIMIT = 512;
const NXDOMAIN = 3;
const NOTIMP = 4;
const REFUSED = 5;
const SOA_TTL_SECONDS = 900;
const NS_TTL_SECONDS = 172_800;
const IDLE_MILLISECONDS = 10_000;

/** How long a resolver may remember that a name is not there: 15 min, as Route 53's own SOA says. */
const soa = (zone: string): ResourceRecord => ({
  name: zone,
  type: "SOA",
  ttl: SOA_TTL_SECONDS,
  data: {
    mname: `ns-1.${zone}`,
    rname: `hostmaster.${zone}`,
    serial: 1,
    refresh: 7_200,
    retry: 900,
    expire: 1_209_600,
    minimum: 86_400,
  },
});

/** Four, as a hosted zone has; nobody is behind them, whoever asks is here already. */
const nameServers = (zone: string): ResourceRecord[] =>
  [1, 2, 3, 4].map((number) => ({
    name: zone,
    type: "NS",
    ttl: NS_TTL_SECONDS,
    data: `ns-${number}.${zone}`,
  }));

const within = (name: string, zone: string): boolean => name === zone || name.endsWith(`.${zone}`);

export class DnsServer {
  readonly #zones: readonly string[];
  readonly #sources: readonly NameSource[];
  readonly #udp: UdpSocket;
  readonly #tcp: Server;
  readonly #connections = new Set<Socket>();

  private constructor(zones: readonly string[], sources: readonly NameSource[]) {
    this.#zones = zones;
    this.#sources = sources;
    this.#udp = createSocket("udp4", (message, from) => this.#onMessage(message, from));
    this.#tcp = createServer((socket) => this.#onConnection(socket));
  }

  /** @param zones domains it is responsible for; @param sources asked in turn */
  static async listen(
    address: Address,
    zones: readonly string[],
    sources: readonly NameSource[],
  ): Promise<DnsServer> {
    const server = new DnsServer(zones, sources);
    await new Promise<void>((resolve, reject) => {
      server.#tcp.once("error", reject);
      server.#udp.once("error", reject);
      server.#tcp.listen(address.port, address.host, () => {
        server.#udp.bind(address.port, address.host, () => resolve());
      });
    });
    return server;
  }

  async close(): Promise<void> {
    for (const connection of this.#connections) connection.destroy();
    await new Promise<void>((resolve) => this.#udp.close(() => resolve()));
    await new Promise<void>((resolve) => this.#tcp.close(() => resolve()));
  }

  #onMessage(message: Buffer, from: RemoteInfo): void {
    const reply = this.#reply(message);
    if (reply === undefined) return;
    const full = packets.encode(reply);
    const truncated = { ...reply, answers: [], flags: (reply.flags ?? 0) | packets.TRUNCATED_RESPONSE };
    this.#udp.send(full.length > UDP_LIMIT ? packets.encode(truncated) : full, from.port, from.address);
  }

  #onConnection(socket: Socket): void {
    this.#connections.add(socket);
    let pending = Buffer.alloc(0);
    socket.setTimeout(IDLE_MILLISECONDS, () => socket.destroy());
    socket.on("close", () => this.#connections.delete(socket));
    socket.on("error", () => socket.destroy());
    socket.on("data", (chunk) => {
      pending = Buffer.concat([pending, chunk]);
      while (pending.length >= 2 && pending.length >= 2 + pending.readUInt16BE(0)) {
        const end = 2 + pending.readUInt16BE(0);
        const reply = this.#reply(pending.subarray(2, end));
        pending = pending.subarray(end);
        if (reply !== undefined) socket.write(packets.streamEncode(reply));
      }
    });
  }

  /** Undefined: not a question. */
  #reply(message: Buffer): Packet | undefined {
    let query: Packet;
    try {
      query = packets.decode(message);
    } catch {
      return undefined;
    }
    const { id = 0, flags = 0, questions = [] } = query;
    const [question] = questions;
    if (query.type !== "query" || question === undefined) return undefined;
    const echoed = flags & packets.RECURSION_DESIRED;
    const head = { id, type: "response", questions: [question] } as const;
    if (query.opcode !== undefined && query.opcode !== "QUERY") return { ...head, flags: echoed | NOTIMP };
    return { ...head, ...this.#answer(question, echoed) };
  }

  #answer(question: Question, echoed: number): Packet {
    const name = question.name.toLowerCase();
    const zone = this.#zones.find((candidate) => within(name, candidate));
    if (zone === undefined) return { flags: echoed | REFUSED };
    const flags = echoed | packets.AUTHORITATIVE_ANSWER;
    if (question.type === "SOA" && name === zone) return { flags, answers: [soa(zone)] };
    if (question.type === "NS" && name === zone) return { flags, answers: nameServers(zone) };
    for (const source of this.#sources) {
      for (const type of [question.type, "CNAME"]) {
        const found = source.answer(name, type);
        if (found === undefined) continue;
        const { ttlSeconds: ttl, values } = found;
        return {
          flags,
          answers: values.map((data) => ({ name: question.name, type, ttl, data: wire(type, data) })),
        };
      }
    }
    const exists = name === zone || this.#sources.some((source) => source.has(name));
    return { flags: exists ? flags : flags | NXDOMAIN, authorities: [soa(zone)] };
  }
}

/** TXT values are written with quotes in zone files and APIs, and without on the wire. */
function wire(type: string, value: string): string | readonly string[] {
  if (type !== "TXT") return value;
  const quoted = [...value.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, text = ""]) =>
    text.replaceAll('\\"', '"'),
  );
  return quoted.length > 0 ? quoted : [value];
}
