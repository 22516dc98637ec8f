/**
 * Writes `aws.txt` and `cloudflare.txt`: `node sandbox/providers/catalog/generate.ts`. Who sets a property comes from
 * the Pulumi SDK's declarations, what replaces from CloudFormation's specification (`createOnlyProperties`), both
 * corrected by `overrides.ts`, because the Terraform providers behind Pulumi do not always do as CloudFormation.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { loadAwsServiceSpec } from "@aws-cdk/aws-service-spec";
import ts from "typescript";
import type { Role, Rule } from "./catalog.ts";
import { OVERRIDES } from "./overrides.ts";
import { AWS_TYPES, CLOUDFLARE_TYPES } from "./types.ts";

const require = createRequire(import.meta.url);
const versionOf = (name: string): string => {
  const manifest = require.resolve(`${name}/package.json`);
  return (JSON.parse(readFileSync(manifest, "utf8")) as { version: string }).version;
};

function members(file: ts.SourceFile, name: string): readonly (ts.TypeElement | ts.ClassElement)[] {
  for (const node of file.statements) {
    if ((ts.isClassDeclaration(node) || ts.isInterfaceDeclaration(node)) && node.name?.text === name) {
      return [...node.members];
    }
  }
  throw new Error(`${file.fileName}: no ${name}`);
}

/**
 * The SDK's types tell Terraform's: an optional argument whose output cannot be undefined is optional and computed.
 * https://github.com/pulumi/pulumi-terraform-bridge/blob/main/pkg/tfgen/generate.go (`variable.optional`)
 */
function rolesOf(type: string): Map<string, Role> {
  const [provider = "", module = "", className = ""] = type.split(":");
  const path = require
    .resolve(`@pulumi/${provider}/${module.replace(/^index\//, "")}.js`)
    .replace(/js$/, "d.ts");
  const file = ts.createSourceFile(path, readFileSync(path, "utf8"), ts.ScriptTarget.Latest);
  const args = new Map(
    members(file, `${className}Args`)
      .filter(ts.isPropertySignature)
      .map((member) => [member.name.getText(file), member.questionToken === undefined] as const),
  );
  const roles = new Map<string, Role>();
  for (const member of members(file, className).filter(ts.isPropertyDeclaration)) {
    const name = member.name.getText(file);
    const required = args.get(name);
    args.delete(name);
    const mayBeAbsent = /\| undefined>$/.test(member.type?.getText(file) ?? "");
    if (required === undefined) roles.set(name, "output");
    else if (required) roles.set(name, "required");
    else roles.set(name, mayBeAbsent ? "optional" : "computed");
  }
  for (const [name, required] of args) roles.set(name, required ? "required" : "optional");
  return roles;
}

const normalise = (name: string): string =>
  name
    .toLowerCase()
    .replace(/(ie)?s$/, "")
    .replace(/y$/, "");

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

function lines(type: string, specified: ReadonlyMap<string, Source>): string[] {
  const overrides = new Map<string, Source>();
  for (const name of OVERRIDES[type]?.replace ?? []) overrides.set(name, ["replace", "override"]);
  for (const name of OVERRIDES[type]?.update ?? []) overrides.set(name, ["update", "override"]);
  const roles = rolesOf(type);
  const common: Record<string, Source> = { tags: ["update", "provider"], region: ["replace", "provider"] };
  const properties = [...roles].sort().map(([name, role]) => {
    if (role === "output") return `  ${name} output -`;
    const [rule, from] = overrides.get(name) ??
      common[name] ??
      specified.get(normalise(name)) ?? ["unclassified", "-"];
    return `  ${name} ${role} ${rule} ${from}`;
  });
  const nested = [...overrides].filter(([name]) => name.includes("."));
  const unknown = [...overrides.keys()].filter((name) => !roles.has(name.replace(/\..*/, "")));
  if (unknown.length > 0) throw new Error(`overrides.ts: ${type} has no ${unknown.join(", ")}`);
  return [type, ...properties, ...nested.map(([name, [rule, from]]) => `  ${name} - ${rule} ${from}`)];
}

/** The tables' texts, by provider. */
export async function generate(): Promise<Record<"aws" | "cloudflare", string>> {
  const rules = await cloudFormationRules();
  const head = (provider: string, more: string) => [
    `# Written by generate.ts from @pulumi/${provider} ${versionOf(`@pulumi/${provider}`)}${more}. Do not edit.`,
    "# type, then: property, who sets it, what a change does, according to what",
  ];
  const aws = Object.entries(AWS_TYPES).flatMap(([type, name]) =>
    lines(type, name === null ? new Map() : rules(name)),
  );
  const cloudflare = CLOUDFLARE_TYPES.flatMap((type) => lines(type, new Map()));
  const spec = ` and @aws-cdk/aws-service-spec ${versionOf("@aws-cdk/aws-service-spec")}`;
  return {
    aws: `${[...head("aws", spec), ...aws].join("\n")}\n`,
    cloudflare: `${[...head("cloudflare", ""), ...cloudflare].join("\n")}\n`,
  };
}

if (import.meta.main) {
  for (const [provider, text] of Object.entries(await generate())) {
    writeFileSync(new URL(`${provider}.txt`, import.meta.url), text);
  }
}
