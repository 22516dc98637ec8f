/** CPU quantities and counts as Kubernetes writes them. */
import type { CountOrPercent } from "./manifests.ts";

/** `250m` → 0.25 cores; undefined → 0. https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/ */
export function cores(quantity: string | undefined): number {
  if (quantity === undefined) return 0;
  const match = /^(\d+(?:\.\d+)?)(m?)$/.exec(quantity);
  if (match === null)
    throw new Error(`cpu quantity "${quantity}": expected cores like 2 or 0.5, or millicores like 250m`);
  return Number(match[1]) / (match[2] === "m" ? 1000 : 1);
}

/** maxSurge rounds up, maxUnavailable down, so that a rollout of one replica can move at all. */
export function count(value: CountOrPercent, of: number, round: (n: number) => number): number {
  return typeof value === "number" ? value : round((Number.parseInt(value, 10) / 100) * of);
}

/** vCPUs by EC2 size: `m7g.xlarge` has 4, `m7g.4xlarge` 16. https://aws.amazon.com/ec2/instance-types/ */
export function instanceCores(instanceType: string): number {
  const size = instanceType.split(".")[1] ?? "";
  const small: Record<string, number> = { nano: 2, micro: 2, small: 2, medium: 2, large: 2, xlarge: 4 };
  const multiple = /^(\d+)xlarge$/.exec(size);
  const found = multiple === null ? small[size] : Number(multiple[1]) * 4;
  if (found === undefined)
    throw new Error(`The following supplied instance types do not exist: [${instanceType}]`);
  return found;
}

/**
 * What pods may request: the instance less what EKS reserves for the kubelet.
 * https://github.com/awslabs/amazon-eks-ami (kube-reserved: 6 % of the first core, 1 % of the second, 0.5 % of the
 * next two, 0.25 % of the rest)
 */
export function allocatableCores(total: number): number {
  const shares: readonly (readonly [number, number])[] = [
    [1, 0.06],
    [1, 0.01],
    [2, 0.005],
    [Number.POSITIVE_INFINITY, 0.0025],
  ];
  let [left, reserved] = [total, 0];
  for (const [cores, share] of shares) {
    reserved += Math.min(left, cores) * share;
    left = Math.max(0, left - cores);
  }
  return total - reserved;
}

const GIB_PER_CORE: Readonly<Record<string, number>> = { c: 2, m: 4, r: 8 };
const MIB = 2 ** 20;

/**
 * The instance's memory by its family, less 255 MiB and 11 MiB per pod for the kubelet and 100 MiB before it evicts.
 * https://github.com/awslabs/amazon-eks-ami (kube-reserved)
 */
export function allocatableBytes(instanceType: string, pods: number): number {
  const gib = (GIB_PER_CORE[instanceType[0] ?? ""] ?? 2) * instanceCores(instanceType);
  return gib * 1024 * MIB - (255 + 11 * pods + 100) * MIB;
}
