/** What a cloud behind the bridge has to say about its types; `aws/` and `cloudflare.ts` each answer for one. */
import type { Region } from "../../../components/model.ts";
import type { Properties } from "../../cloud/behaviour.ts";
import type { Place } from "../../faults.ts";
import type { Catalog } from "../catalog/catalog.ts";
import type { Values } from "../protocol/value.ts";
import type { Location } from "../registry.ts";

export interface Target {
  readonly type: string;
  readonly urn: string;
  readonly name: string;
  readonly location: Location;
}

export type Operation = "create" | "read" | "update" | "delete";

/** A place that must answer for an operation. */
export interface ControlPlane {
  readonly place: Place;
  /** What lives there, when it is not simply the resource's own region. */
  readonly why?: string;
  /** Where the vendor says so. */
  readonly page?: string;
}

export interface Cloud {
  readonly version: string;
  readonly catalog: Catalog;
  /** What the provider does before anything else; rejects when its configuration is of no use. */
  configure(config: Values, reach: (place: Place) => Promise<void>): Promise<void>;
  /** The property that gets a name when the program gives none, and how long the name may be. */
  named(type: string): { readonly property: string; readonly maximum: number } | undefined;
  /** Where a resource lives. Throws when neither its inputs nor the provider's configuration say. */
  locate(type: string, inputs: Values, config: Values | undefined): Location;
  /** For data sources, which have no inputs of a resource. */
  regionOf(config: Values | undefined, args: Values): Region;
  controlPlanes(target: Target, operation: Operation, properties: Properties): readonly ControlPlane[];
  /** Id and outputs that the cloud makes up at creation; the behaviour's own answers go over them. */
  conceive(target: Target, inputs: Properties): { readonly id: string; readonly outputs: Properties };
  /** Outputs that follow from inputs, computed again at each update. */
  derive(target: Target, inputs: Properties): Properties;
  /** A property's text in the form in which the cloud gives it back. */
  normalise(type: string, property: string, text: string): string;
  /** Throws what the cloud answers to a dangling reference, a taken name, or a documented rule that is broken. */
  validate(target: Target, inputs: Properties, before: Properties | undefined): void;
  /** Throws what the cloud answers when the resource may not be deleted. */
  mayDelete(target: Target, id: string, outputs: Properties): void;
}
