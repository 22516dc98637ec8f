/** Which cluster a kubeconfig speaks of. */
import { isRecord, unwrap, type Value, type Values } from "../protocol/value.ts";

/** A kubeconfig is an object or its JSON; the program writes JSON, which is YAML too. */
function parse(kubeconfig: Value): Values {
  const plain = unwrap(kubeconfig);
  if (isRecord(plain)) return plain;
  try {
    const parsed: unknown = JSON.parse(String(plain));
    if (isRecord(parsed as Value)) return parsed as Values;
  } catch (error) {
    throw new Error("kubeconfig: the sandbox reads JSON, not YAML: pass JSON.stringify({…})", {
      cause: error,
    });
  }
  throw new Error(`kubeconfig: expected an object, got ${JSON.stringify(plain)}`);
}

const list = (value: Value | undefined): readonly Value[] => (Array.isArray(value) ? value : []);

function entry(values: Value | undefined, name: Value | undefined, key: string): Values | undefined {
  const found = list(values).find((element) => isRecord(element) && element["name"] === name);
  const inner = isRecord(found) ? found[key] : undefined;
  return isRecord(inner) ? inner : undefined;
}

export interface ActiveCluster {
  readonly context: string;
  readonly server: string;
  /** The whole entry, which identifies the cluster as far as the provider can tell. */
  readonly cluster: Values;
}

/** The cluster of the current context. Throws when the kubeconfig names none. */
export function activeCluster(kubeconfig: Value): ActiveCluster {
  const config = parse(kubeconfig);
  const context = entry(config["contexts"], config["current-context"], "context");
  const cluster = entry(config["clusters"], context?.["cluster"], "cluster");
  const server = cluster?.["server"];
  if (cluster === undefined || typeof server !== "string") {
    throw new Error(
      `kubeconfig: context ${JSON.stringify(config["current-context"] ?? null)} leads to no cluster with a server`,
    );
  }
  return { context: String(config["current-context"]), server, cluster };
}
