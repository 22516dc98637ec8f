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
  /** Rules of parts of a property that differ from the whole's: `launchTemplate.id`. */
  readonly parts: ReadonlyMap<string, Rule>;
  /** Parts of arguments that the cloud fills in when the program does not: `vpcConfig.clusterSecurityGroupId`. */
  readonly filledIn: readonly string[];
}

export type Catalog = ReadonlyMap<string, ResourceType>;

/** Reads the table that `generate.ts` writes. */
export function parseCatalog(text: string): Catalog {
  const catalog = new Map<string, ResourceType>();
  let type = { properties: new Map<string, Property>(), parts: new Map<string, Rule>(), filledIn: [""] };
  for (const line of text.split("\n")) {
    if (line === "" || line.startsWith("#")) continue;
    const [name = "", role = "", rule = ""] = line.trim().split(" ");
    if (!line.startsWith(" ")) {
      type = { properties: new Map(), parts: new Map(), filledIn: [] };
      catalog.set(name, type);
    } else if (!name.includes(".")) {
      type.properties.set(name, { role: role as Role, rule: rule as Rule });
    } else if (role === "part") {
      type.parts.set(name, rule as Rule);
    } else {
      type.filledIn.push(name);
    }
  }
  return catalog;
}

export const loadCatalog = (provider: "aws" | "cloudflare"): Catalog =>
  parseCatalog(readFileSync(new URL(`${provider}.txt`, import.meta.url), "utf8"));
