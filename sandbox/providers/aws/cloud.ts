/** AWS, as the `aws` provider sees it. */
import { isRegion, type Region } from "../../../components/model.ts";
import type { Properties } from "../../cloud/behaviour.ts";
import type { Cloud, Operation, Target } from "../bridge/cloud.ts";
import { type Catalog, loadCatalog } from "../catalog/catalog.ts";
import { unwrap, type Value, type Values } from "../protocol/value.ts";
import type { Location } from "../registry.ts";
import { DATA } from "./data.ts";
import type { Making } from "./making.ts";
import { NETWORK } from "./network.ts";
import { PLATFORM } from "./platform.ts";

const MAKERS = { ...NETWORK, ...DATA, ...PLATFORM };
const WITHOUT_REGION = /^aws:(iam|route53)\//;
/** Types whose bridge-given name is not called `name`. */
const NAMED: Record<string, string> = { "aws:s3/bucket:Bucket": "bucket" };

function regionIn(value: Value | undefined, where: string): Region {
  const region = value === undefined ? undefined : unwrap(value);
  if (isRegion(region)) return region;
  throw new Error(
    region === undefined
      ? `no region: neither the resource nor the provider ${where} names one: use an explicit provider`
      : `region ${JSON.stringify(region)} is not in the sandbox`,
  );
}

export class AwsCloud implements Cloud {
  readonly version: string;
  readonly catalog: Catalog = loadCatalog("aws");
  readonly #accountId: string;

  constructor(version: string, accountId: string) {
    this.version = version;
    this.#accountId = accountId;
  }

  named(type: string): string | undefined {
    return (
      NAMED[type] ??
      (this.catalog.get(type)?.properties.get("name")?.role === "output" ? undefined : this.#name(type))
    );
  }

  #name(type: string): string | undefined {
    return this.catalog.get(type)?.properties.has("name") ? "name" : undefined;
  }

  locate(type: string, inputs: Values, config: Values | undefined): Location {
    if (WITHOUT_REGION.test(type)) return "global";
    return regionIn(inputs["region"] ?? config?.["region"], "of this connection");
  }

  regionOf(config: Values | undefined, args: Values): Region {
    return regionIn(args["region"] ?? config?.["region"], "of this connection");
  }

  controlPlanes(_type: string, _operation: Operation, location: Location): readonly string[] {
    return [location];
  }

  deletesBeforeReplacing(_type: string): boolean {
    return false;
  }

  conceive(target: Target, inputs: Properties): { readonly id: string; readonly outputs: Properties } {
    const make = MAKERS[target.type];
    if (make === undefined)
      throw new Error(`${target.type}: the sandbox makes up no identifiers for this type`);
    const { id, outputs } = make(this.#making(target, inputs));
    return { id, outputs: outputs ?? {} };
  }

  derive(target: Target, _id: string, inputs: Properties): Properties {
    const properties = this.catalog.get(target.type)?.properties;
    return {
      ...(properties?.has("region") && target.location !== "global" && { region: target.location }),
      ...(properties?.has("tagsAll") && { tagsAll: inputs["tags"] ?? {} }),
    };
  }

  validate(_target: Target, _inputs: Properties, _before: Properties | undefined): void {}

  mayDelete(_target: Target, _id: string, _outputs: Properties): void {}

  #making({ location, name }: Target, inputs: Properties): Making {
    return {
      region: location === "global" ? "us-east-1" : location,
      accountId: this.#accountId,
      name,
      inputs,
    };
  }
}
