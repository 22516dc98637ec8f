/** How AWS makes up identifiers. */
import { randomBytes, randomInt, randomUUID } from "node:crypto";
import type { Json, Properties } from "../../cloud/behaviour.ts";

export interface Making {
  /** For types without a region: us-east-1, where AWS keeps them. */
  readonly region: string;
  readonly accountId: string;
  /** The Pulumi resource's name. */
  readonly name: string;
  readonly inputs: Properties;
}

export interface Made {
  readonly id: string;
  readonly outputs?: Properties;
}

export type Maker = (making: Making) => Made;
export type Makers = Readonly<Record<string, Maker>>;

export const hex = (length: number): string => randomBytes(length).toString("hex").slice(0, length);
const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
export const letters = (length: number): string =>
  Array.from({ length }, () => LETTERS[randomInt(LETTERS.length)]).join("");

export const uuid = (): string => randomUUID();

/** `subnet-0123456789abcdef0` */
export const resourceId = (prefix: string): string => `${prefix}-0${hex(16)}`;

export const text = (value: Json | undefined): string => (typeof value === "string" ? value : "");

export const arn = ({ region, accountId }: Making, service: string, resource: string): string =>
  `arn:aws:${service}:${region}:${accountId}:${resource}`;

/** Of services without a region in their names, such as IAM. */
export const globalArn = ({ accountId }: Making, service: string, resource: string): string =>
  `arn:aws:${service}::${accountId}:${resource}`;

/** Named by an input, which is also the id. */
export const named =
  (property: string, outputs?: (making: Making, name: string) => Properties): Maker =>
  (making) => {
    const id = text(making.inputs[property]) || `${making.name}-${hex(7)}`;
    return { id, outputs: { [property]: id, ...outputs?.(making, id) } };
  };

/** Numbered by AWS: `vpc-…`. */
export const numbered =
  (prefix: string, outputs?: (making: Making, id: string) => Properties): Maker =>
  (making) => {
    const id = resourceId(prefix);
    return { id, ...(outputs && { outputs: outputs(making, id) }) };
  };

/** A tie between two others: the id is made of theirs. */
export const joined =
  (separator: string, ...properties: string[]): Maker =>
  ({ inputs }) => ({ id: properties.map((property) => text(inputs[property])).join(separator) });
