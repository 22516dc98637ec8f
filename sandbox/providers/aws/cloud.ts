/** AWS, as the `aws` provider sees it. */
import type { Region, RegionTriple } from "../../../components/model.ts";
import type { Properties } from "../../cloud/behaviour.ts";
import type { Place } from "../../faults.ts";
import type { Cloud, ControlPlane, Operation, Target } from "../bridge/cloud.ts";
import { type Catalog, loadCatalog } from "../catalog/catalog.ts";
import { unwrap, type Value, type Values } from "../protocol/value.ts";
import type { Location, Registry } from "../registry.ts";
import { CONTROL_REGION, needsControlRegion } from "./controlPlanes.ts";
import { DATA } from "./data.ts";
import type { Making } from "./making.ts";
import { NETWORK } from "./network.ts";
import { PLATFORM } from "./platform.ts";
import { checkDeletion } from "./protection.ts";
import { checkReferences } from "./references.ts";
import { checkRules } from "./rules.ts";

const MAKERS = { ...NETWORK, ...DATA, ...PLATFORM };
const WITHOUT_REGION = /^aws:(budgets|iam|route53)\//;

/** Types whose creation puts a setting on something that exists, and so replaces an earlier one. */
const OVERWRITING =
  /^aws:(s3\/bucket[A-Z]|iam\/rolePolicy|autoscaling\/|sns\/|backup\/vaultLock|acm\/certificateValidation)/;

/** https://github.com/pulumi/pulumi-aws/blob/master/provider/resources.go (`AutoName`, `SetAutonaming(255, "-")`) */
const LONGEST_NAME = 255;
const NAMED: Readonly<Record<string, { property: string; maximum: number } | undefined>> = {
  "aws:eks/nodeGroup:NodeGroup": { property: "nodeGroupName", maximum: 63 },
  "aws:lb/loadBalancer:LoadBalancer": { property: "name", maximum: 32 },
  "aws:lb/targetGroup:TargetGroup": { property: "name", maximum: 32 },
  "aws:iam/role:Role": { property: "name", maximum: 64 },
  "aws:s3/bucket:Bucket": { property: "bucket", maximum: 63 },
};

/** The SDK sends what is no string as JSON. */
function readConfig(value: Value | undefined): Value | undefined {
  const plain = unwrap(value ?? null);
  if (typeof plain !== "string") return plain ?? undefined;
  try {
    return JSON.parse(plain) as Value;
  } catch {
    return plain;
  }
}

export interface AwsOptions {
  readonly version: string;
  readonly accountId: string;
  readonly regions: RegionTriple;
  readonly registry: Registry;
}

export class AwsCloud implements Cloud {
  readonly version: string;
  readonly catalog: Catalog = loadCatalog("aws");
  readonly #accountId: string;
  readonly #regions: readonly Region[];
  readonly #registry: Registry;

  constructor({ version, accountId, regions, registry }: AwsOptions) {
    this.version = version;
    this.#accountId = accountId;
    this.#regions = [regions.primary, regions.secondary, regions.witness];
    this.#registry = registry;
  }

  /**
   * Asks the Security Token Service who it is, in the region given for that, unless told not to.
   * https://registry.terraform.io/providers/hashicorp/aws/latest/docs#argument-reference
   */
  async configure(config: Values, reach: (place: Place) => Promise<void>): Promise<void> {
    const of = (name: string) => readConfig(config[name]);
    const region = of("stsRegion") ?? of("region");
    if (of("skipCredentialsValidation") === true || typeof region !== "string") return;
    try {
      await reach(region);
    } catch (error) {
      throw new Error(`retrieving caller identity from STS in ${region}`, { cause: error });
    }
    const allowed = of("allowedAccountIds");
    if (Array.isArray(allowed) && !allowed.includes(this.#accountId)) {
      throw new Error(`AWS account ID not allowed: ${this.#accountId}`);
    }
  }

  named(type: string) {
    const isOptional = this.catalog.get(type)?.properties.get("name")?.role === "computed";
    return NAMED[type] ?? (isOptional ? { property: "name", maximum: LONGEST_NAME } : undefined);
  }

  locate(type: string, inputs: Values, config: Values | undefined): Location {
    return WITHOUT_REGION.test(type) ? "global" : this.regionOf(config, inputs);
  }

  regionOf(config: Values | undefined, args: Values): Region {
    const given = unwrap(args["region"] ?? config?.["region"] ?? null);
    const region = this.#regions.find((known) => known === given);
    if (region !== undefined) return region;
    throw new Error(
      given === null
        ? "no region: neither the resource nor its provider names one: pass an explicit aws.Provider with a region"
        : `region ${JSON.stringify(given)} is not in this sandbox: it has ${this.#regions.join(", ")}`,
    );
  }

  controlPlanes({ type, location }: Target, operation: Operation, properties: Properties): ControlPlane[] {
    const reason = needsControlRegion(type, operation, properties);
    return [
      ...(location === "global" ? [] : [{ place: location }]),
      ...(reason === undefined ? [] : [{ place: CONTROL_REGION, why: reason.why, page: reason.page }]),
    ];
  }

  conceive(target: Target, inputs: Properties) {
    const make = MAKERS[target.type];
    if (make === undefined)
      throw new Error(`${target.type}: the sandbox makes up no identifiers for this type`);
    const { id, outputs = {} } = make(this.#making(target, inputs));
    if (!OVERWRITING.test(target.type) && this.#registry.get(target.type, target.location, id)) {
      throw new Error(`AlreadyExists: ${target.type} ${id} already exists in ${target.location}`);
    }
    return { id, outputs };
  }

  derive({ type, location }: Target, inputs: Properties): Properties {
    const properties = this.catalog.get(type)?.properties;
    return {
      ...(properties?.has("region") && location !== "global" && { region: location }),
      ...(properties?.has("tagsAll") && { tagsAll: inputs["tags"] ?? {} }),
    };
  }

  /** https://github.com/hashicorp/terraform-provider-aws/blob/main/internal/service/route53/record.go (`StateFunc`) */
  normalise(type: string, property: string, text: string): string {
    return type === "aws:route53/record:Record" && property === "name"
      ? text.replace(/\.$/, "").toLowerCase()
      : text;
  }

  validate({ type, location }: Target, inputs: Properties, before: Properties | undefined): void {
    checkReferences(this.#registry, type, location, inputs);
    checkRules(type, { inputs, region: location, before, registry: this.#registry });
  }

  mayDelete({ type, location }: Target, id: string, outputs: Properties): void {
    checkDeletion(type, { id, outputs, region: location, registry: this.#registry });
  }

  #making({ location, name }: Target, inputs: Properties): Making {
    const region = location === "global" ? CONTROL_REGION : location;
    return { region, accountId: this.#accountId, name, inputs };
  }
}
