/** A container's environment, as the kubelet builds it from the manifest. Pure. */
import type { Container, EnvironmentVariable, KubernetesService } from "./manifests.ts";

export interface PodIdentity {
  readonly name: string;
  readonly hostname: string;
  readonly namespace: string;
  readonly ip: string;
  readonly node: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly serviceAccount: string;
}

/** `secret "x" not found` and the like: the container waits in CreateContainerConfigError. */
export class ContainerConfigError extends Error {
  override readonly name = "ContainerConfigError";
}

export interface Lookups {
  /** A Secret's or ConfigMap's decoded value; undefined: no such object or key. */
  readonly value: (kind: "Secret" | "ConfigMap", name: string, key: string) => string | undefined;
}

/** `ENGINE_0_SERVICE_HOST` and `_PORT` of the services that existed when the container started. */
export function serviceVariables(
  services: readonly { readonly service: KubernetesService; readonly clusterIP: string | undefined }[],
): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const { service, clusterIP } of services) {
    const [first] = service.spec.ports;
    if (clusterIP === undefined || first === undefined) continue;
    const prefix = service.metadata.name.toUpperCase().replaceAll("-", "_");
    variables[`${prefix}_SERVICE_HOST`] = clusterIP;
    variables[`${prefix}_SERVICE_PORT`] = String(first.port);
    for (const { name, port } of service.spec.ports) {
      if (name === undefined) continue;
      variables[`${prefix}_SERVICE_PORT_${name.toUpperCase().replaceAll("-", "_")}`] = String(port);
    }
  }
  return variables;
}

/** `$(NAME)` of what is already defined; `$$(NAME)` is literal; an unknown name stays as it is written. */
export function expand(text: string, variables: Readonly<Record<string, string>>): string {
  return text.replace(/\$\$|\$\(([^)]+)\)/g, (written, name: string | undefined) =>
    name === undefined ? "$" : (variables[name] ?? written),
  );
}

function field(path: string, pod: PodIdentity): string {
  const keyed = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(path);
  if (keyed?.[2] !== undefined) return (keyed[1] === "labels" ? pod.labels : pod.annotations)[keyed[2]] ?? "";
  const fields: Record<string, string> = {
    "metadata.name": pod.name,
    "metadata.namespace": pod.namespace,
    "status.podIP": pod.ip,
    "status.hostIP": pod.ip,
    "spec.nodeName": pod.node,
    "spec.serviceAccountName": pod.serviceAccount,
  };
  const value = fields[path];
  if (value === undefined) throw new ContainerConfigError(`field label not supported: ${path}`);
  return value;
}

function reference(
  from: NonNullable<EnvironmentVariable["valueFrom"]>,
  pod: PodIdentity,
  lookups: Lookups,
): string | undefined {
  if (from.fieldRef !== undefined) return field(from.fieldRef.fieldPath, pod);
  const [kind, ref] =
    from.secretKeyRef === undefined
      ? (["ConfigMap", from.configMapKeyRef] as const)
      : (["Secret", from.secretKeyRef] as const);
  if (ref === undefined) return undefined;
  const value = lookups.value(kind, ref.name, ref.key);
  if (value === undefined && !ref.optional) {
    throw new ContainerConfigError(
      `couldn't find key ${ref.key} in ${kind} ${pod.namespace}/${ref.name}, or ${kind.toLowerCase()} "${ref.name}" not found`,
    );
  }
  return value;
}

/** The manifest's variables in order, over the service variables. */
export function containerEnvironment(
  container: Container,
  pod: PodIdentity,
  services: Readonly<Record<string, string>>,
  lookups: Lookups,
): Record<string, string> {
  const variables: Record<string, string> = { ...services, HOSTNAME: pod.hostname };
  for (const { name, value, valueFrom } of container.env) {
    const resolved =
      valueFrom === undefined ? expand(value ?? "", variables) : reference(valueFrom, pod, lookups);
    if (resolved !== undefined) variables[name] = resolved;
  }
  return variables;
}
