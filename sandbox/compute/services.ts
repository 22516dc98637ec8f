/** Kubernetes Services: an IP each, whose ports lead to a random ready pod, as kube-proxy does. */

import type { Region } from "../../components/model.ts";
import type { Addresses } from "../addresses.ts";
import type { Faults, Place } from "../faults.ts";
import { type Backend, TcpProxy } from "../net/proxy.ts";
import { portOf } from "./container.ts";
import type { KubernetesService } from "./manifests.ts";
import type { Pod } from "./pod.ts";

export interface ServiceView {
  readonly service: KubernetesService;
  readonly clusterIP: string | undefined;
  readonly nodePorts: Readonly<Record<number, number>>;
}

export interface ServicesOptions {
  readonly faults: Faults;
  readonly addresses: Addresses;
  readonly region: Region;
  /** Where a connection comes from. */
  readonly placeOf: (ip: string) => Place;
  /** Pods that a selector chooses and that the endpoints list, ready or not. */
  readonly endpoints: (service: KubernetesService) => readonly { readonly pod: Pod; readonly zone: string }[];
  readonly isDead: (pod: Pod) => boolean;
}

interface Running {
  view: ServiceView;
  readonly proxies: Map<number, TcpProxy>;
}

type Port = KubernetesService["spec"]["ports"][number];
const FIRST_NODE_PORT = 30_000;
const IPS = 254;

export class Services {
  readonly #options: ServicesOptions;
  readonly #running = new Map<string, Running>();
  /** Opening and closing listeners of one sandbox is serial: a replaced Service reuses its address. */
  #work: Promise<void> = Promise.resolve();

  constructor(options: ServicesOptions) {
    this.#options = options;
  }

  get all(): readonly ServiceView[] {
    return [...this.#running.values()].map(({ view }) => view);
  }

  get(namespace: string, name: string): ServiceView | undefined {
    return this.#running.get(`${namespace}/${name}`)?.view;
  }

  /** Opens, changes; resolves when its ports listen. */
  apply(service: KubernetesService): Promise<ServiceView> {
    return this.#serially(async () => {
      const { namespace, name } = service.metadata;
      const key = `${namespace}/${name}`;
      const before = this.#running.get(key);
      const clusterIP =
        service.spec.clusterIP === "None" ? undefined : (before?.view.clusterIP ?? this.#freeIp());
      const view = { service, clusterIP, nodePorts: this.#nodePorts(service, before?.view) };
      const running = before ?? { view, proxies: new Map<number, TcpProxy>() };
      running.view = view;
      this.#running.set(key, running);
      const ports = clusterIP === undefined ? [] : service.spec.ports.map(({ port }) => port);
      for (const [port, proxy] of running.proxies) {
        if (ports.includes(port)) continue;
        running.proxies.delete(port);
        await proxy.close();
      }
      for (const port of ports) {
        if (clusterIP === undefined || running.proxies.has(port)) continue;
        running.proxies.set(port, await this.#listen(running, clusterIP, port));
      }
      return view;
    });
  }

  remove(namespace: string, name: string): Promise<void> {
    return this.#serially(async () => {
      const key = `${namespace}/${name}`;
      const running = this.#running.get(key);
      this.#running.delete(key);
      for (const proxy of running?.proxies.values() ?? []) await proxy.close();
    });
  }

  async close(): Promise<void> {
    for (const { service } of this.all) await this.remove(service.metadata.namespace, service.metadata.name);
  }

  /** Whether it selects pods and none of them is ready. */
  needsEndpoints(namespace: string, name: string): boolean {
    const view = this.get(namespace, name);
    if (view === undefined || view.clusterIP === undefined || view.service.spec.selector === undefined)
      return false;
    return this.#options.endpoints(view.service).length === 0;
  }

  /**
   * Where a node's port leads. With `externalTrafficPolicy: Local` only to pods on the node itself: empty when they are
   * all elsewhere. Undefined: nobody is behind the port at all, connections are refused.
   */
  nodePort(node: string, nodePort: number): readonly Backend[] | undefined {
    for (const { service, nodePorts } of this.all) {
      const port = service.spec.ports.find((candidate) => nodePorts[candidate.port] === nodePort);
      if (port === undefined) continue;
      const everywhere = this.#backends(service, port);
      if (everywhere.length === 0) return undefined;
      if (service.spec.externalTrafficPolicy === "Cluster") return everywhere;
      return this.#backends(service, port, (pod) => pod.node === node);
    }
    return undefined;
  }

  #backends(service: KubernetesService, port: Port, filter = (_pod: Pod) => true): readonly Backend[] {
    return this.#options.endpoints(service).flatMap(({ pod, zone }): Backend[] => {
      const target = portOf(pod.container, port.targetPort ?? port.port);
      if (target === undefined || pod.ip === undefined || !filter(pod)) return [];
      return [{ host: pod.ip, port: target, place: zone, dead: () => this.#options.isDead(pod) }];
    });
  }

  #listen(running: Running, host: string, port: number): Promise<TcpProxy> {
    const { faults, placeOf } = this.#options;
    return TcpProxy.listen({
      faults,
      listen: { host, port },
      clientPlace: placeOf,
      choose: () => {
        const { service } = running.view;
        const spec = service.spec.ports.find((candidate) => candidate.port === port);
        const backends = spec === undefined ? [] : this.#backends(service, spec);
        return backends[Math.floor(Math.random() * backends.length)];
      },
    });
  }

  #freeIp(): string {
    const taken = new Set(this.all.map(({ clusterIP }) => clusterIP));
    for (let n = 0; n < IPS; n++) {
      const ip = this.#options.addresses.serviceIp(this.#options.region, n);
      if (!taken.has(ip)) return ip;
    }
    throw new Error(`all ${IPS} cluster IPs of ${this.#options.region} are taken: delete a Service`);
  }

  #nodePorts(service: KubernetesService, before: ServiceView | undefined): Record<number, number> {
    if (service.spec.type !== "NodePort") return {};
    const { namespace, name } = service.metadata;
    const others = this.all.filter(
      ({ service: { metadata } }) => metadata.namespace !== namespace || metadata.name !== name,
    );
    const taken = new Set(others.flatMap(({ nodePorts }) => Object.values(nodePorts)));
    const chosen: Record<number, number> = {};
    for (const { port, nodePort } of service.spec.ports) {
      if (nodePort !== undefined && taken.has(nodePort)) {
        throw new Error(
          `Service "${name}" is invalid: spec.ports.nodePort: ${nodePort}: provided port is already allocated`,
        );
      }
      let free = nodePort ?? before?.nodePorts[port] ?? FIRST_NODE_PORT;
      while (nodePort === undefined && taken.has(free)) free++;
      chosen[port] = free;
      taken.add(free);
    }
    return chosen;
  }

  #serially<T>(act: () => Promise<T>): Promise<T> {
    const done = this.#work.then(act);
    this.#work = done.then(
      () => undefined,
      () => undefined,
    );
    return done;
  }
}
