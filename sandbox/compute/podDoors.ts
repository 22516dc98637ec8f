/**
 * The network between pods: each has a door in front of it, a proxy that obeys the faults of zones and regions. The
 * pods' own sockets are led there by `podNetwork.ts`; a machine that lost power answers nothing at all.
 */
import { podDoor } from "../addresses.ts";
import type { Faults, Place } from "../faults.ts";
import { TcpProxy } from "../net/proxy.ts";
import type { Pod } from "./pod.ts";

export interface PodDoorsOptions {
  readonly faults: Faults;
  readonly placeOf: (ip: string) => Place;
  readonly isDead: (pod: Pod) => boolean;
}

export class PodDoors {
  readonly #options: PodDoorsOptions;
  /** By pod IP. */
  readonly #doors = new Map<string, Promise<readonly TcpProxy[]>>();

  constructor(options: PodDoorsOptions) {
    this.#options = options;
  }

  /** Opens and closes doors until there is one for each pod with an IP. */
  follow(pods: readonly Pod[]): void {
    const present = new Map(pods.flatMap((pod) => (pod.ip === undefined ? [] : [[pod.ip, pod] as const])));
    for (const ip of this.#doors.keys()) if (!present.has(ip)) void this.#close(ip);
    for (const [ip, pod] of present) if (!this.#doors.has(ip)) this.#doors.set(ip, this.#open(ip, pod));
  }

  async close(): Promise<void> {
    await Promise.all([...this.#doors.keys()].map((ip) => this.#close(ip)));
  }

  #open(ip: string, pod: Pod): Promise<readonly TcpProxy[]> {
    const { faults, placeOf, isDead } = this.#options;
    const host = podDoor(ip);
    if (host === undefined) throw new Error(`${ip} is no pod's address`);
    const doors = pod.container.ports.map(({ containerPort: port }) =>
      TcpProxy.listen({
        faults,
        listen: { host, port },
        clientPlace: placeOf,
        choose: () => ({ host: ip, port, place: placeOf(ip), dead: () => isDead(pod) }),
      }),
    );
    const opened = Promise.all(doors);
    opened.catch((error: unknown) => console.error("sandbox pod network:", error));
    return opened;
  }

  async #close(ip: string): Promise<void> {
    const doors = this.#doors.get(ip);
    this.#doors.delete(ip);
    await Promise.all(((await doors?.catch(() => [])) ?? []).map((door) => door.close()));
  }
}
