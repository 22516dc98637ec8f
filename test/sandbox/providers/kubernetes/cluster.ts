/** A cluster without pods: it stores what the provider gives it, and an autoscaler may interfere. */
import type { Behaviour, Behaviours, Json, Properties } from "../../../../sandbox/cloud/behaviour.ts";
import { plainUpdate } from "../../../../sandbox/cloud/fields.ts";

export const SERVER = "https://0123.gr7.us-east-1.eks.amazonaws.com";

export const kubeconfig = (server = SERVER, certificate = "YQ=="): string =>
  JSON.stringify({
    "current-context": "c",
    contexts: [{ name: "c", context: { cluster: "c", user: "u" } }],
    clusters: [{ name: "c", cluster: { server, "certificate-authority-data": certificate } }],
    users: [{ name: "u", user: {} }],
  });

export class FakeCluster {
  readonly objects = new Map<string, Properties>();
  /** How often a readiness wait was begun. */
  waits = 0;
  isReady = true;

  get behaviours(): Behaviours {
    const behaviour: Behaviour = {
      create: async (object, { type }) => this.#put(type, object),
      update: async (_, __, object, { type }) => this.#put(type, object),
      delete: async (id, _, { type }) => {
        this.objects.delete(`${type} ${id}`);
      },
      read: async (id, _, { type }) => this.objects.get(`${type} ${id}`),
      ready: async (_, state, __, signal) => {
        this.waits++;
        if (!this.isReady) {
          await new Promise((_resolve, reject) => {
            signal.addEventListener("abort", () => reject(new Error("0 of 3 replicas available")));
          });
        }
        return state;
      },
    };
    const kinds = ["apps/v1:Deployment", "core/v1:Service", "core/v1:Secret", "core/v1:ConfigMap"];
    return Object.fromEntries(kinds.map((kind) => [`kubernetes:${kind}`, behaviour]));
  }

  get(kind: string, name: string): Properties | undefined {
    return [...this.objects].find(([key]) => key.includes(`:${kind} `) && key.endsWith(`/${name}`))?.[1];
  }

  replicas(name: string): Json | undefined {
    return (this.get("Deployment", name)?.["spec"] as Properties | undefined)?.["replicas"];
  }

  /** As the autoscaler does, through the `scale` subresource. */
  scale(name: string, replicas: number): void {
    for (const [key, object] of this.objects) {
      if (!key.endsWith(`:Deployment exchange/${name}`)) continue;
      const next = { ...object, spec: { ...(object["spec"] as Properties), replicas } };
      this.objects.set(key, plainUpdate(object, next, "kube-controller-manager", "scale"));
    }
  }

  #put(type: string, object: Properties): Properties {
    const { namespace, name } = object["metadata"] as Properties;
    this.objects.set(`${type} ${namespace}/${name}`, object);
    return object;
  }
}
