/**
 * A TCP proxy whose connections obey the faults: what a load balancer's address or a Kubernetes Service's IP is here.
 * Cut: reset at once, new ones too. Black hole: accepted, nothing passes, nothing is told. Both ways are judged apart.
 */
import { connect, createServer, type Server, type Socket } from "node:net";
import type { Address } from "../addresses.ts";
import type { Faults, Place } from "../faults.ts";

export interface Backend {
  readonly host: string;
  readonly port: number;
  readonly place: Place;
  /** Whether its machine lost power: it then answers nothing at all, not even with a reset. */
  readonly dead?: () => boolean;
}

export interface ProxyOptions {
  readonly faults: Faults;
  readonly listen: Address;
  /** Where the proxy stands; undefined: at its client's side. */
  readonly place?: Place;
  readonly clientPlace: (remoteAddress: string) => Place;
  /** Undefined: there is nowhere to go, the connection is reset. */
  readonly choose: (client: Place) => Backend | undefined;
  readonly onConnection?: () => void;
  /** What clients sent, before it passes on. */
  readonly onData?: (chunk: Buffer) => void;
}

/**
 * A reset, as far as Node can: while a FIN is being sent, libuv refuses to reset the handle and Node 24 then holds it
 * closing for ever, which spins at exit (`TCPWrap::Reset` sets its state before it looks at the error).
 */
function reset(socket: Socket): void {
  if (socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}

/**
 * A real connection through a black hole never comes about, and its client gives up. Here it was accepted, and that the
 * client left is not seen before something is read: without this, all that was given up would arrive when the hole heals.
 */
const GIVEN_UP_MILLISECONDS = 5_000;

type Hop = readonly [from: Place, to: Place];

/** One direction of a connection. */
class Flow {
  readonly #faults: Faults;
  readonly #hops: readonly Hop[];
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #aborted = new AbortController();
  #queue: Promise<void> | undefined;

  constructor(faults: Faults, hops: readonly Hop[], from: Socket, to: Socket) {
    this.#faults = faults;
    this.#hops = hops;
    this.#from = from;
    this.#to = to;
    from.on("data", (chunk: Buffer) => this.#later(() => this.#write(chunk)));
    from.on("end", () => this.#later(() => to.end()));
    to.on("close", () => this.#aborted.abort());
  }

  /** The other end is gone without a goodbye: say so as far as news still travels. */
  reset(): void {
    this.#later(() => reset(this.#to));
  }

  get isCut(): boolean {
    return this.#hops.some(([from, to]) => this.#faults.state(from, to) === "cut");
  }

  get #isOpen(): boolean {
    return this.#hops.every(([from, to]) => this.#faults.state(from, to) === "open");
  }

  #write(chunk: Buffer): void {
    if (this.#to.destroyed || this.#to.write(chunk)) return;
    this.#from.pause();
    this.#to.once("drain", () => this.#from.resume());
  }

  /** In order: at once while the way is open and nothing waits before it. */
  #later(act: () => void): void {
    if (this.#queue === undefined && this.#isOpen) {
      act();
      return;
    }
    this.#from.pause();
    const queue = (this.#queue ?? Promise.resolve()).then(async () => {
      for (const [from, to] of this.#hops) await this.#faults.pass(from, to, this.#aborted.signal);
      act();
    });
    const settled = queue
      .catch(() => {
        // Cut, or the receiver left: both sockets go, by the reset below or by themselves.
        reset(this.#to);
        reset(this.#from);
      })
      .then(() => {
        if (this.#queue !== settled) return;
        this.#queue = undefined;
        this.#from.resume();
      });
    this.#queue = settled;
  }
}

export class TcpProxy {
  readonly #options: ProxyOptions;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #flows = new Map<Socket, readonly Flow[]>();
  readonly #onFault = () => this.#resetCut();

  private constructor(options: ProxyOptions) {
    this.#options = options;
    this.#server = createServer(
      { allowHalfOpen: true, noDelay: true },
      (client) => void this.#accept(client),
    );
  }

  /** Rejects when the address is taken. */
  static async listen(options: ProxyOptions): Promise<TcpProxy> {
    const proxy = new TcpProxy(options);
    await new Promise<void>((resolve, reject) => {
      proxy.#server.once("error", reject);
      proxy.#server.listen(options.listen.port, options.listen.host, resolve);
    });
    options.faults.on("change", proxy.#onFault);
    return proxy;
  }

  /** Resets the connections that lead to this backend host, as a load balancer does when a target turns unhealthy. */
  resetBackend(host: string): void {
    for (const socket of this.#sockets) if (socket.remoteAddress === host) reset(socket);
  }

  async close(): Promise<void> {
    this.#options.faults.off("change", this.#onFault);
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #track(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => this.#sockets.delete(socket));
  }

  async #accept(client: Socket): Promise<void> {
    this.#track(client);
    const { faults, place, clientPlace, choose, onConnection, onData } = this.#options;
    onConnection?.();
    const origin = clientPlace(client.remoteAddress ?? "");
    const entrance: Hop[] = place === undefined ? [] : [[origin, place]];
    const left = new AbortController();
    client.once("close", () => left.abort());
    const began = performance.now();
    try {
      await this.#handshake(entrance, left.signal);
      const backend = choose(origin);
      if (backend === undefined) throw new Error("no backend");
      const there: Hop[] = [...entrance, [place ?? origin, backend.place]];
      await this.#handshake(there, left.signal);
      if (performance.now() - began > GIVEN_UP_MILLISECONDS) throw new Error("given up");
      // The client waits for an answer that never comes, until it gives up.
      if (backend.dead?.()) return;
      const server = connect({ host: backend.host, port: backend.port, allowHalfOpen: true, noDelay: true });
      this.#track(server);
      const back = there.toReversed().map(([from, to]): Hop => [to, from]);
      if (onData !== undefined) client.on("data", onData);
      this.#join(
        client,
        new Flow(faults, there, client, server),
        server,
        new Flow(faults, back, server, client),
        backend,
      );
    } catch {
      reset(client);
    }
  }

  /** A connection needs both ways. */
  async #handshake(hops: readonly Hop[], signal: AbortSignal): Promise<void> {
    const { faults } = this.#options;
    for (const [from, to] of hops) {
      if (faults.state(from, to) !== "open") await faults.pass(from, to, signal);
      if (faults.state(to, from) !== "open") await faults.pass(to, from, signal);
    }
  }

  #join(client: Socket, there: Flow, server: Socket, back: Flow, backend: Backend): void {
    this.#flows.set(client, [there, back]);
    const orderly = new Set<Socket>();
    for (const socket of [client, server]) socket.once("end", () => orderly.add(socket));
    client.once("close", () => {
      this.#flows.delete(client);
      if (!server.destroyed && !(orderly.has(client) && orderly.has(server))) there.reset();
    });
    server.once("close", () => {
      if (client.destroyed || (orderly.has(client) && orderly.has(server)) || backend.dead?.()) return;
      if (!orderly.has(server)) back.reset();
    });
  }

  #resetCut(): void {
    for (const [client, flows] of this.#flows) {
      if (flows.some((flow) => flow.isCut)) reset(client);
    }
  }
}
