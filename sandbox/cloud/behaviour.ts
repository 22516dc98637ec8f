/** The seam between the Pulumi providers and the parts of the sandbox that act when a resource exists. */
import type { Region } from "../../components/model.ts";

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type Properties = { readonly [key: string]: Json };

export interface Placement {
  /** Where the resource lives; `global` for types without a region (IAM, Route 53, Cloudflare). */
  readonly region: Region | "global";
  /** Pulumi type token, e.g. `aws:rds/cluster:Cluster`. */
  readonly type: string;
  readonly urn: string;
}

/**
 * What a type does in the world. Never called at preview; property values are plain (secrets and outputs
 * unwrapped). Returned properties are merged over the inputs and the generic computed outputs.
 * Throw an `Error` whose message is what the cloud would say.
 *
 * Types `kubernetes:*` get and return whole API objects. The provider merges by server-side apply what `read`
 * returns (the live object) with the program's manifest, and passes the outcome, `metadata.managedFields` included, to
 * `create` or `update` (as `news`), which stores it as it is. Who changes an object otherwise (autoscaler,
 * `scale`, PATCH) does it through `plainUpdate` or `serverSideApply` of `fields.ts`, so that its owners are kept. The id is
 * `namespace/name`, or `name` without a namespace.
 */
export interface Behaviour {
  create?(inputs: Properties, at: Placement): Promise<Properties & { readonly id?: string }>;
  update?(id: string, olds: Properties, news: Properties, at: Placement): Promise<Properties>;
  delete?(id: string, olds: Properties, at: Placement): Promise<void>;
  /**
   * Waits until it works (a Deployment: until its new replicas are available) and returns its live state. The
   * Kubernetes provider calls it after create and update, unless the object says `pulumi.com/skipAwait: "true"`.
   * Rejects when `signal` aborts (10 minutes by default), with what is still missing.
   */
  ready?(id: string, state: Properties, at: Placement, signal: AbortSignal): Promise<Properties>;
  /** Undefined: it no longer exists. */
  read?(id: string, last: Properties, at: Placement): Promise<Properties | undefined>;
}

export type Behaviours = Readonly<Record<string, Behaviour>>;
/** Data sources by token, e.g. `aws:dynamodb/getTableItem:getTableItem`. */
export type Invocations = Readonly<Record<string, (args: Properties, region: Region) => Promise<Properties>>>;

/** One part of the sandbox's cloud, composed by `sandbox/sandbox.ts`. */
export interface Service {
  readonly behaviours: Behaviours;
  readonly invocations?: Invocations;
  /** What this part does not do as the real one does, in words; printed with every result. */
  readonly modelled?: readonly string[];
  close(): Promise<void>;
}
