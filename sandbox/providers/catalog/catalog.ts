/** What the sandbox knows of each resource type: its properties, who sets them, and what replaces the resource. */
import { readFileSync } from "node:fs";

/** Who gives the value: the program must, may, may (and the cloud does otherwise), or only the cloud. */
export type Role = "required" | "optional" | "computed" | "output";
/** What a change does. `unclassified`: nobody has looked it up, so the property may not be used. */
export type Rule = "replace" | "update" | "unclassified" | "-";

export interface Property {
  readonly role: Role;
  readonly rule: Rule;
}

export interface ResourceType {
  readonly properties: ReadonlyMap<string, Property>;
  /** Rules of parts of a property that differ from the whole's: `vpcConfig.subnetIds`. */
  readonly nested: ReadonlyMap<string, Rule>;
}

export type Catalog = ReadonlyMap<string, ResourceType>;

/** Reads the table that `generate.ts` writes. */
export function parseCatalog(text: string): Catalog {
  const catalog = new Map<string, ResourceType>();
  let properties = new Map<string, Property>();
  let nested = new Map<string, Rule>();
  for (const line of text.split("\n")) {
    if (line === "" || line.startsWith("#")) continue;
    const [name = "", role = "", rule = ""] = line.trim().split(" ");
    if (!line.startsWith(" ")) {
      properties = new Map();
      nested = new Map();
      catalog.set(name, { properties, nested });
    } else if (name.includes(".")) {
      nested.set(name, rule as Rule);
    } else {
      properties.set(name, { role: role as Role, rule: rule as Rule });
    }
  }
  return catalog;
}

export const loadCatalog = (provider: "aws" | "cloudflare"): Catalog =>
  parseCatalog(readFileSync(new URL(`${provider}.txt`, import.meta.url), "utf8"));
