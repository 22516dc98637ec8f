/**
 * Writes `aws.txt` and `cloudflare.txt`: `node sandbox/providers/catalog/generate.ts`. Who sets a property comes from
 * the Pulumi SDK's declarations, what replaces from CloudFormation's specification (`createOnlyProperties`), both
 * corrected by `overrides.ts`, because the Terraform providers behind Pulumi do not always do as CloudFormation.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { loadAwsServiceSpec } from "@aws-cdk/aws-service-spec";
import type { Rule } from "./catalog.ts";
import { OVERRIDES } from "./overrides.ts";
import { Sdk } from "./sdk.ts";
import { AWS_TYPES, CLOUDFLARE_TYPES } from "./types.ts";

const normalise = (name: string): string =>
  name
    .toLowerCase()
    .replace(/(ie)?s$/, "")
    .replace(/y$/, "");

const require = createRequire(import.meta.url);
const SPECIFICATION_VERSION = (
  JSON.parse(readFileSync(require.resolve("@aws-cdk/aws-service-spec/package.json"), "utf8")) as {
    version: string;
  }
).version;

type Source = readonly [rule: Rule, from: string];

async function cloudFormationRules(): Promise<(cloudFormationType: string) => Map<string, Source>> {
  const specification = await loadAwsServiceSpec();
  return (cloudFormationType) => {
    const resource = specification
      .lookup("resource", "cloudFormationType", "equals", cloudFormationType)
      .only();
    const entries = Object.entries(resource.properties).map(([name, { causesReplacement }]) => {
      const rule: Rule =
        causesReplacement === "yes" ? "replace" : causesReplacement === "maybe" ? "unclassified" : "update";
      return [normalise(name), [rule, name]] as const;
    });
    return new Map(entries);
  };
}

function lines(sdk: Sdk, type: string, specified: ReadonlyMap<string, Source>): string[] {
  const overrides = new Map<string, Source>();
  for (const name of OVERRIDES[type]?.replace ?? []) overrides.set(name, ["replace", "override"]);
  for (const name of OVERRIDES[type]?.update ?? []) overrides.set(name, ["update", "override"]);
  const { roles, filledIn } = sdk.resource(type);
  const unknown = [...overrides.keys()].filter((name) => !roles.has(name.replace(/\..*/, "")));
  if (unknown.length > 0) throw new Error(`overrides.ts: ${type} has no ${unknown.join(", ")}`);
  const properties = [...roles].map(([name, role]) => {
    if (role === "output") return `  ${name} output -`;
    const [rule, from] = overrides.get(name) ??
      PROVIDERS[name] ??
      specified.get(normalise(name)) ?? ["unclassified", "-"];
    return `  ${name} ${role} ${rule} ${from}`;
  });
  return [
    type,
    ...properties,
    ...[...overrides]
      .filter(([name]) => name.includes("."))
      .map(([name, [rule, from]]) => `  ${name} part ${rule} ${from}`),
    ...filledIn.map((path) => `  ${path} computed -`),
  ];
}

/** Properties that every type has from the provider itself. */
const PROVIDERS: Readonly<Record<string, Source>> = {
  tags: ["update", "provider"],
  region: ["replace", "provider"],
};

/** The tables' texts, by provider. */
export async function generate(): Promise<Record<"aws" | "cloudflare", string>> {
  const rules = await cloudFormationRules();
  const [aws, cloudflare] = [new Sdk("aws"), new Sdk("cloudflare")];
  const text = (sources: string, types: readonly string[]) =>
    [
      `# Written by generate.ts from ${sources}. Do not edit.`,
      "# A type, then its properties: who sets it, what a change does, according to what.",
      ...types,
      "",
    ].join("\n");
  const specification = `@aws-cdk/aws-service-spec ${SPECIFICATION_VERSION}`;
  return {
    aws: text(
      `@pulumi/aws ${aws.version} and ${specification}`,
      Object.entries(AWS_TYPES).flatMap(([type, name]) =>
        lines(aws, type, name === null ? new Map() : rules(name)),
      ),
    ),
    cloudflare: text(
      `@pulumi/cloudflare ${cloudflare.version}`,
      CLOUDFLARE_TYPES.flatMap((type) => lines(cloudflare, type, new Map())),
    ),
  };
}

if (import.meta.main) {
  for (const [provider, table] of Object.entries(await generate())) {
    writeFileSync(new URL(`${provider}.txt`, import.meta.url), table);
  }
}
