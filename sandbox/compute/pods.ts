/** The pods of one cluster and the IPs they hold. */
import { randomBytes } from "node:crypto";
import type { Region } from "../../components/model.ts";
import type { Addresses } from "../addresses.ts";
import { type Kubelet, Pod, type PodBirth } from "./pod.ts";

const IPS = 254;

export class Pods {
  readonly #addresses: Addresses;
  readonly #region: Region;
  readonly #kubelet: Kubelet;
  readonly #pods = new Map<string, Pod>();
  #cursor = 0;

  constructor(addresses: Addresses, region: Region, kubelet: Kubelet) {
    this.#addresses = addresses;
    this.#region = region;
    this.#kubelet = kubelet;
  }

  get all(): readonly Pod[] {
    return [...this.#pods.values()];
  }

  /** Of one Deployment, terminating ones included. */
  of(namespace: string, deployment: string): readonly Pod[] {
    return this.all.filter(
      ({ birth }) =>
        birth.namespace === namespace && birth.owner === deployment && birth.completion === undefined,
    );
  }

  /** Of one Job, ended and terminating ones included. */
  ofJob(uid: string): readonly Pod[] {
    return this.all.filter(({ birth }) => birth.completion?.jobUid === uid);
  }

  get(namespace: string, name: string): Pod | undefined {
    return this.#pods.get(`${namespace}/${name}`);
  }

  withIp(ip: string): Pod | undefined {
    return this.all.find((pod) => pod.ip === ip);
  }

  create(birth: Omit<PodBirth, "name">): Pod {
    const name = `${birth.owner}-${birth.completion?.index ?? birth.template}-${randomBytes(3).toString("hex").slice(0, 5)}`;
    const pod = new Pod({ ...birth, name }, this.#kubelet);
    this.#pods.set(`${birth.namespace}/${name}`, pod);
    return pod;
  }

  /** Forgets those that terminated. @returns whether there were any */
  sweep(): boolean {
    const gone = [...this.#pods].filter(([, pod]) => pod.gone);
    for (const [key] of gone) this.#pods.delete(key);
    return gone.length > 0;
  }

  /** Round robin, so that an address of the recent past does not answer for somebody else. */
  freshIp(): string {
    const taken = new Set(this.all.map(({ ip }) => ip));
    for (let tries = 0; tries < IPS; tries++) {
      const ip = this.#addresses.podIp(this.#region, this.#cursor++ % IPS);
      if (!taken.has(ip)) return ip;
    }
    throw new Error(`all ${IPS} pod IPs of ${this.#region} are taken: scale something down`);
  }
}
