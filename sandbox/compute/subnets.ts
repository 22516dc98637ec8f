/** Subnets, of which the sandbox needs one thing: their availability zone. */
import { createHash } from "node:crypto";
import type { Behaviours, Json } from "../cloud/behaviour.ts";

/** A stable id like AWS's own: prefix and 17 hex digits. */
export const cloudId = (prefix: string, urn: string): string =>
  `${prefix}-${createHash("sha256").update(urn).digest("hex").slice(0, 17)}`;

export class Subnets {
  readonly #zones = new Map<string, string>();

  readonly behaviours: Behaviours = {
    "aws:ec2/subnet:Subnet": {
      create: async (inputs, { urn }) => {
        const id = cloudId("subnet", urn);
        const zone = inputs["availabilityZone"];
        if (typeof zone !== "string") {
          throw new Error(`subnet without availabilityZone: the sandbox needs one, e.g. us-east-1a`);
        }
        this.#zones.set(id, zone);
        return { id };
      },
      delete: async (id) => {
        this.#zones.delete(id);
      },
    },
  };

  /** Throws as EC2 does when there is no such subnet. */
  zoneOf(subnetId: Json | undefined): string {
    const zone = typeof subnetId === "string" ? this.#zones.get(subnetId) : undefined;
    if (zone === undefined) {
      throw new Error(`InvalidSubnetID.NotFound: The subnet ID '${String(subnetId)}' does not exist`);
    }
    return zone;
  }
}
