/** Route 53 as the provider sees it: record sets and health checks, with the constraints its API enforces. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Behaviours, Json, Properties } from "../cloud/behaviour.ts";
import { isObject } from "../cloud/fields.ts";
import { list } from "../cloud/lists.ts";
import { cloudId } from "../compute/subnets.ts";
import type { NameSource } from "./dns.ts";
import { type EndpointCheck, HealthCheck } from "./health.ts";
import { type Answer, answer, type Policy, type RecordSet, type View } from "./recordSets.ts";

export interface Propagation {
  /** From an edit until all name servers answer by it (INSYNC): up to 60,000 really. */
  readonly recordMilliseconds: number;
  /** From a health check's change until the name servers act on it. */
  readonly healthMilliseconds: number;
}

export const normalName = (name: Json | undefined): string =>
  String(name ?? "")
    .toLowerCase()
    .replace(/\.$/, "");

const firstObject = (value: Json | undefined): Properties | undefined => list(value).find(isObject);
const describe = ({ name, type, setIdentifier }: RecordSet): string =>
  `[name='${name}.', type='${type}'${setIdentifier === "" ? "" : `, set-identifier='${setIdentifier}'`}]`;

const invalid = (message: string): Error => new Error(`InvalidChangeBatch: [${message}]`);

function policyOf(inputs: Properties): Policy {
  const failover = firstObject(inputs["failoverRoutingPolicies"]);
  const weighted = firstObject(inputs["weightedRoutingPolicies"]);
  for (const unknown of ["latency", "geolocation", "geoproximity", "cidr"]) {
    if (firstObject(inputs[`${unknown}RoutingPolicies`]) !== undefined) {
      throw new Error(`${unknown} routing is not modelled by the sandbox: extend sandbox/net/recordSets.ts`);
    }
  }
  if (failover?.["type"] === "PRIMARY" || failover?.["type"] === "SECONDARY") {
    return { kind: "failover", role: failover["type"] };
  }
  if (weighted !== undefined) return { kind: "weighted", weight: Number(weighted["weight"]) };
  return inputs["multivalueAnswerRoutingPolicy"] === true ? { kind: "multivalue" } : { kind: "simple" };
}

function recordSetOf(inputs: Properties): RecordSet {
  const alias = firstObject(inputs["aliases"]);
  return {
    name: normalName(inputs["name"]),
    type: String(inputs["type"]),
    policy: policyOf(inputs),
    setIdentifier: String(inputs["setIdentifier"] ?? ""),
    healthCheckId: typeof inputs["healthCheckId"] === "string" ? inputs["healthCheckId"] : undefined,
    content:
      alias === undefined
        ? { kind: "values", ttlSeconds: Number(inputs["ttl"]), values: list(inputs["records"]).map(String) }
        : {
            kind: "alias",
            target: normalName(alias["name"]),
            evaluateTargetHealth: alias["evaluateTargetHealth"] === true,
          },
  };
}

/** The sandbox's health checkers speak plain HTTP where Route 53 would speak TLS, which it does not verify either. */
function checkOf(inputs: Properties): EndpointCheck {
  const type = String(inputs["type"]);
  if (!["HTTP", "HTTPS", "TCP"].includes(type)) {
    throw new Error(`health check type ${type} is not modelled by the sandbox: allowed are HTTP, HTTPS, TCP`);
  }
  const interval = Number(inputs["requestInterval"] ?? 30);
  const threshold = Number(inputs["failureThreshold"] ?? 3);
  if (interval !== 10 && interval !== 30) {
    throw new Error(`InvalidInput: Invalid parameter : RequestInterval ${interval}: must be 10 or 30`);
  }
  if (!Number.isInteger(threshold) || threshold < 1 || threshold > 10) {
    throw new Error(`InvalidInput: Invalid parameter : FailureThreshold ${threshold}: must be 1 to 10`);
  }
  const host = inputs["ipAddress"];
  if (typeof host !== "string") {
    throw new Error("a health check without ipAddress is not modelled by the sandbox: give the address");
  }
  return {
    protocol: type === "TCP" ? "TCP" : "HTTP",
    host,
    port: Number(inputs["port"] ?? (type === "HTTPS" ? 443 : 80)),
    path: String(inputs["resourcePath"] ?? "/"),
    hostHeader: typeof inputs["fqdn"] === "string" ? inputs["fqdn"] : undefined,
    intervalSeconds: interval,
    failureThreshold: threshold,
    inverted: inputs["invertHealthcheck"] === true,
  };
}

export class Route53 implements NameSource {
  readonly #zones: Readonly<Record<string, string>>;
  readonly #propagation: Propagation;
  readonly #checks = new Map<string, HealthCheck>();
  /** What the API knows, and what the name servers answer: a change is in both once it is INSYNC. */
  #stored: readonly RecordSet[] = [];
  #served: readonly RecordSet[] = [];

  constructor(zones: Readonly<Record<string, string>>, propagation: Propagation) {
    this.#zones = zones;
    this.#propagation = propagation;
  }

  readonly behaviours: Behaviours = {
    "aws:route53/record:Record": {
      create: async (inputs) => {
        const set = recordSetOf(inputs);
        this.#check(set, inputs, this.#stored);
        await this.#change((sets) => [...sets.filter((other) => describe(other) !== describe(set)), set]);
        const id = [
          inputs["zoneId"],
          set.name,
          set.type,
          ...(set.setIdentifier === "" ? [] : [set.setIdentifier]),
        ];
        return { id: id.join("_"), fqdn: set.name, name: set.name };
      },
      update: async (_id, olds, news) => {
        const [before, after] = [recordSetOf(olds), recordSetOf(news)];
        const others = this.#stored.filter((set) => describe(set) !== describe(before));
        this.#check(after, news, others);
        await this.#change((sets) => [...sets.filter((set) => describe(set) !== describe(before)), after]);
        return { fqdn: after.name, name: after.name };
      },
      delete: async (_id, olds) => {
        const gone = describe(recordSetOf(olds));
        await this.#change((sets) => sets.filter((set) => describe(set) !== gone));
      },
    },
    "aws:route53/healthCheck:HealthCheck": {
      create: async (inputs, { urn }) => {
        const id = cloudId("hc", urn);
        this.#checks.set(id, new HealthCheck(checkOf(inputs), this.#propagation.healthMilliseconds));
        return { id };
      },
      update: async (id, _olds, news) => {
        const replacement = new HealthCheck(checkOf(news), this.#propagation.healthMilliseconds);
        this.#checks.get(id)?.close();
        this.#checks.set(id, replacement);
        return {};
      },
      delete: async (id) => {
        const user = this.#stored.find(({ healthCheckId }) => healthCheckId === id);
        if (user !== undefined)
          throw new Error(`HealthCheckInUse: ${describe(user)} still uses health check ${id}`);
        this.#checks.get(id)?.close();
        this.#checks.delete(id);
      },
    },
  };

  answer(name: string, type: string): Answer | undefined {
    return answer(this.#view, name, type);
  }

  has(name: string): boolean {
    return this.#served.some((set) => set.name === name || set.name.endsWith(`.${name}`));
  }

  /** By id, as the name servers know it. */
  isHealthy(healthCheckId: string): boolean {
    // A check that was deleted under its record counts as healthy.
    return this.#checks.get(healthCheckId)?.healthy ?? true;
  }

  close(): void {
    for (const check of this.#checks.values()) check.close();
  }

  get #view(): View {
    return { sets: this.#served, isHealthy: (id) => this.isHealthy(id), random: Math.random };
  }

  async #change(edit: (sets: readonly RecordSet[]) => readonly RecordSet[]): Promise<void> {
    this.#stored = edit(this.#stored);
    await sleep(this.#propagation.recordMilliseconds);
    this.#served = edit(this.#served);
  }

  /** Throws what ChangeResourceRecordSets says. */
  #check(set: RecordSet, inputs: Properties, others: readonly RecordSet[]): void {
    const zone = this.#zones[String(inputs["zoneId"])];
    if (zone === undefined) {
      throw new Error(`NoSuchHostedZone: No hosted zone found with ID: ${String(inputs["zoneId"])}`);
    }
    const { name, type, policy, setIdentifier, healthCheckId, content } = set;
    if (name !== zone && !name.endsWith(`.${zone}`)) {
      throw invalid(`RRSet with DNS name ${name}. is not permitted in zone ${zone}.`);
    }
    const group = others.filter((other) => other.name === name && other.type === type);
    if (inputs["allowOverwrite"] !== true && group.some((other) => other.setIdentifier === setIdentifier)) {
      throw invalid(`Tried to create resource record set ${describe(set)} but it already exists`);
    }
    if (policy.kind !== "simple" && setIdentifier === "") {
      throw invalid(`Missing field 'SetIdentifier' in Change with ${describe(set)}`);
    }
    const other = group.find((member) => member.policy.kind !== policy.kind);
    if (other !== undefined) {
      throw invalid(
        `RRSet with DNS name ${name}., type ${type}, SetIdentifier ${setIdentifier} cannot be created as a ` +
          `${other.policy.kind} set exists with the same name and type`,
      );
    }
    const twin = (member: RecordSet) =>
      member.policy.kind === "failover" && policy.kind === "failover" && member.policy.role === policy.role;
    if (group.some((member) => member.setIdentifier !== setIdentifier && twin(member))) {
      throw invalid(`Failover ${name}., type ${type}: there is already a ${JSON.stringify(policy)}`);
    }
    if (healthCheckId !== undefined && !this.#checks.has(healthCheckId)) {
      throw new Error(`NoSuchHealthCheck: No health check exists with the specified ID: ${healthCheckId}`);
    }
    if (content.kind === "values") return;
    if (policy.kind === "multivalue") throw invalid("Multivalue answer alias records are not supported");
    if (!others.some((target) => target.name === content.target && target.type === type)) {
      throw invalid(
        `Tried to create an alias that targets ${content.target}., type ${type} in zone ${String(inputs["zoneId"])}, ` +
          "but that target was not found",
      );
    }
  }
}
