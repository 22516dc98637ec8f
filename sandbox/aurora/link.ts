/** Replication between regions: a TCP proxy that delays what it carries and obeys the faults of the way. */
import { connect, createServer, type Server, type Socket } from "node:net";
import type { Address } from "../addresses.ts";
import type { Faults, Place } from "../faults.ts";

export interface LinkOptions {
  readonly faults: Faults;
  /** Where the standby connects to; any free port. */
  readonly host: string;
  readonly upstreamPlace: Place;
  readonly downstreamPlace: Place;
  /** The present writer; undefined: nobody to follow. */
  readonly upstream: () => Address | undefined;
}

/** Unsent bytes above which the sender is not read any more. */
const HIGH_WATER = 16 * 1024 * 1024;

export class ReplicationLink {
  readonly #options: LinkOptions;
  readonly #server: Server;
  readonly #lanes = new Map<Socket, readonly Lane[]>();
  readonly #onFault = () => this.#pump();
  #lagMilliseconds = 0;

  private constructor(options: LinkOptions) {
    this.#options = options;
    this.#server = createServer({ noDelay: true, allowHalfOpen: false }, (socket) => this.#accept(socket));
    options.faults.on("change", this.#onFault);
  }

  static async open(options: LinkOptions): Promise<ReplicationLink> {
    const link = new ReplicationLink(options);
    await new Promise<void>((resolve, reject) => {
      link.#server.once("error", reject);
      link.#server.listen(0, options.host, resolve);
    });
    return link;
  }

  get address(): Address {
    const bound = this.#server.address();
    if (typeof bound !== "object" || bound === null) throw new Error("the replication link is closed");
    return { host: bound.address, port: bound.port };
  }

  /** Applies to what is on its way, too. */
  setLag(milliseconds: number): void {
    this.#lagMilliseconds = milliseconds;
    this.#pump();
  }

  async close(): Promise<void> {
    this.#options.faults.off("change", this.#onFault);
    for (const socket of this.#lanes.keys()) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #accept(standby: Socket): void {
    const { faults, upstream, upstreamPlace, downstreamPlace } = this.#options;
    const target = upstream();
    if (target === undefined) {
      standby.destroy();
      return;
    }
    const writer = connect({ ...target, noDelay: true });
    const end = () => {
      for (const socket of [standby, writer]) socket.destroy();
      for (const lane of lanes) lane.close();
      this.#lanes.delete(standby);
    };
    const forth = () => faults.state(upstreamPlace, downstreamPlace);
    const back = () => faults.state(downstreamPlace, upstreamPlace);
    const lanes = [
      new Lane(writer, standby, forth, () => this.#lagMilliseconds),
      new Lane(standby, writer, back, () => 0),
    ];
    for (const socket of [standby, writer]) socket.on("error", () => {}).once("close", end);
    this.#lanes.set(standby, lanes);
    this.#pump();
  }

  #pump(): void {
    for (const [standby, lanes] of this.#lanes) {
      if (lanes.some((lane) => lane.isCut)) standby.destroy();
      else for (const lane of lanes) lane.pump();
    }
  }
}

/** One direction of one connection: a delay line. */
class Lane {
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #state: () => ReturnType<Faults["state"]>;
  readonly #lag: () => number;
  readonly #waiting: { readonly chunk: Buffer; readonly arrived: number }[] = [];
  #bytes = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(from: Socket, to: Socket, state: () => ReturnType<Faults["state"]>, lag: () => number) {
    this.#from = from;
    this.#to = to;
    this.#state = state;
    this.#lag = lag;
    from.on("data", (chunk: Buffer) => {
      this.#waiting.push({ chunk, arrived: performance.now() });
      this.#bytes += chunk.length;
      if (this.#bytes > HIGH_WATER) from.pause();
      this.pump();
    });
  }

  get isCut(): boolean {
    return this.#state() === "cut";
  }

  /** Passes on everything that is due, and comes back for the next. */
  pump(): void {
    clearTimeout(this.#timer);
    const state = this.#state();
    if (state === "blackhole" || state === "cut") return;
    const delay = this.#lag() + (typeof state === "number" ? state : 0);
    for (let [next] = this.#waiting; next !== undefined; [next] = this.#waiting) {
      const left = next.arrived + delay - performance.now();
      if (left > 0) {
        this.#timer = setTimeout(() => this.pump(), left);
        return;
      }
      this.#waiting.shift();
      this.#bytes -= next.chunk.length;
      this.#to.write(next.chunk);
    }
    if (this.#bytes <= HIGH_WATER) this.#from.resume();
  }

  close(): void {
    clearTimeout(this.#timer);
  }
}
