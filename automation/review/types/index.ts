/** The reviewed table of what resource types stand for, and how a type is looked up in it. */
import { AWS } from "./aws.ts";
import { CLOUDFLARE } from "./cloudflare.ts";
import { KUBERNETES } from "./kubernetes.ts";
import { OTHERS } from "./others.ts";
import type { Group, Standing } from "./standing.ts";

export const GROUPS: readonly Group[] = [...AWS, ...KUBERNETES, ...CLOUDFLARE, ...OTHERS];

const TABLE: ReadonlyMap<string, Standing> = new Map(
  GROUPS.flatMap(({ standing, types }) => types.map((type) => [type, standing] as const)),
);

/** Group and version decide nothing: `kubernetes:apps/v1:Deployment` is `kubernetes:Deployment`. */
export function tableKey(type: string): string {
  if (!type.startsWith("kubernetes:") && !type.startsWith("azure-native:")) return type;
  const [provider = "", module = "", name = ""] = type.split(":");
  if (provider === "kubernetes") return `kubernetes:${name.replace(/Patch$/, "")}`;
  return `azure-native:${module.split("/")[0]}:${name}`;
}

const PLAIN: Standing = { kind: "plain" };

/** Undefined: nobody has said yet what the type stands for. */
export const standingOf = (type: string): Standing | undefined =>
  TABLE.get(type) ?? (type.startsWith("pulumi:") ? PLAIN : TABLE.get(tableKey(type)));

/**
 * Whether replacing or deleting one may lose what the program cannot make again. A type that nobody classified
 * counts: what is not known is not harmless.
 */
export function isStateful(type: string): boolean {
  const standing = standingOf(type);
  return standing === undefined || standing.kind === "stateful" || standing.kind === "replica";
}
