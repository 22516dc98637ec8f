/** The rules behind the SDK's own proxies, as the engine calls them: an unknown value throws when it is read. */
import { createRequire } from "node:module";
import type { PolicyResource, ResourceValidationArgs } from "@pulumi/policy";
import test from "ava";
import { policiesOf } from "../../policy/pack.ts";
import { RULES } from "../../policy/rules/index.ts";
import { type Seen, UNKNOWN } from "../../policy/seen.ts";
import { broken } from "./resources.ts";

// Internal to the SDK, hence without types.
const { unknownCheckingProxy, unknownStringValue, UnknownValueError } = createRequire(import.meta.url)(
  "@pulumi/policy/proxy.js",
);

const toWire = (value: unknown): unknown => {
  if (value === UNKNOWN) return unknownStringValue;
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(toWire);
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, toWire(one)]));
};

const shown = ({ urn, type, name, props, protect, ignoreChanges, region }: Seen) => ({
  urn,
  type,
  name,
  props: unknownCheckingProxy(toWire(props)),
  opts: { protect, ignoreChanges },
  provider: { props: unknownCheckingProxy({ region: toWire(region) }) },
});

/** Runs the pack as the server does: every resource by itself, then the stack with what its outputs would be. */
function run(resources: readonly Seen[], outputs: (seen: Seen) => Seen = (seen) => seen): readonly string[] {
  const found: string[] = [];
  const policies = policiesOf(RULES);
  const guarded = (name: string, check: (report: (message: string) => void) => void) => {
    try {
      check((message) => found.push(`! ${name}: ${message}`));
    } catch (error) {
      if (!(error instanceof UnknownValueError)) throw error;
      found.push(`? ${name}: ${(error as Error).message}`);
    }
  };
  for (const policy of policies) {
    if (!("validateResource" in policy)) continue;
    const { name, validateResource } = policy;
    for (const one of resources) {
      const args = shown(one) as unknown as ResourceValidationArgs;
      if (typeof validateResource === "function")
        guarded(name, (report) => void validateResource(args, report));
    }
  }
  for (const policy of policies) {
    if (!("validateStack" in policy)) continue;
    const all = resources.map((one) => ({
      ...shown(outputs(one)),
      propertyDependencies: Object.fromEntries(
        Object.entries(one.needs).map(([key, urns]) => [key, urns.map((urn) => ({ urn }))]),
      ),
    })) as unknown as PolicyResource[];
    const args = { resources: all } as Parameters<typeof policy.validateStack>[0];
    guarded(policy.name, (report) => void policy.validateStack(args, report));
  }
  return found;
}

test("a good stack passes through the proxies", (t) => {
  t.deepEqual(run(broken({})), []);
});

test("an unknown value that no rule reads stops nothing", (t) => {
  t.deepEqual(run(broken({ "database.props.endpoint": UNKNOWN, "database.props.kmsKeyId": "no key" })), [
    "! encrypted-in-region: database: kmsKeyId is no ARN of a key: name a key of us-east-1",
  ]);
});

test("an unknown value that decides is told as unknown, and hides no violation of another resource", (t) => {
  t.deepEqual(
    run(
      broken({
        "table.props.replicas": UNKNOWN,
        "rolePolicy.props.policy": UNKNOWN,
        "database.props.backupRetentionPeriod": 1,
      }),
    ),
    [
      "? no-wildcard-iam: rolePolicy: policy is known only after the update",
      "! backed-up: database: set backupRetentionPeriod: 35",
      "? backed-up: table: replicas is known only after the update",
      "? replicated: table: where its replicas are is known only after the update",
    ],
  );
});

test("a balancer before its parts are made: which monitor is unknown, that there is one is not; whether it is proxied decides", (t) => {
  const found = (changes: Readonly<Record<string, unknown>>) => run(broken(changes));
  t.deepEqual(found({ "pool.props.monitor": UNKNOWN }), []);
  t.deepEqual(found({ "pool.props.monitor": undefined, "proxy.props.proxied": UNKNOWN }), [
    "? short-ttl: proxy: proxied is known only after the update",
    "! health-from-outside: pool: set monitor: a pool without one counts as healthy",
  ]);
});

test("an unknown region is unknown, a region that nothing names is a violation", (t) => {
  t.deepEqual(run(broken({ "cluster.region": UNKNOWN })), [
    "? encrypted-in-region: cluster: its region is known only after the update",
  ]);
  t.deepEqual(run(broken({ "cluster.region": undefined })), [
    "! encrypted-in-region: cluster: its region is known only after the update",
  ]);
});

test("stack rules judge inputs: outputs of a resource whose provider is not configured yet are empty", (t) => {
  const empty = (seen: Seen) => ({ ...seen, props: {} });
  t.deepEqual(run(broken({}), empty), []);
  t.deepEqual(run(broken({ "budget.props.spec.maxUnavailable": 0 }), empty), [
    "! zones-and-budgets: budget: allow one pod to be moved (maxUnavailable: 1): no node could be drained",
  ]);
});
