/**
 * What a Pulumi SDK's type declarations say of a resource: an optional argument whose output cannot be undefined is
 * one that the cloud fills in when the program does not.
 * https://github.com/pulumi/pulumi-terraform-bridge/blob/main/pkg/tfgen/generate.go (`variable.optional`)
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import ts from "typescript";
import type { Role } from "./catalog.ts";

const require = createRequire(import.meta.url);

const parse = (path: string): ts.SourceFile =>
  ts.createSourceFile(path, readFileSync(path, "utf8"), ts.ScriptTarget.Latest);

export interface SdkResource {
  readonly roles: ReadonlyMap<string, Role>;
  /** Dotted paths of parts of arguments that the cloud fills in: `vpcConfig.clusterSecurityGroupId`. */
  readonly filledIn: readonly string[];
}

interface Member {
  readonly name: string;
  readonly isOptional: boolean;
  readonly type: string;
}

type Interfaces = ReadonlyMap<string, readonly Member[]>;

const membersOf = (node: ts.ClassDeclaration | ts.InterfaceDeclaration, file: ts.SourceFile): Member[] =>
  [...node.members].flatMap((member: ts.ClassElement | ts.TypeElement) => {
    if (!ts.isPropertySignature(member) && !ts.isPropertyDeclaration(member)) return [];
    const type = member.type?.getText(file) ?? "";
    return [{ name: member.name.getText(file), isOptional: member.questionToken !== undefined, type }];
  });

function interfacesOf(file: ts.SourceFile): Interfaces {
  const found = new Map<string, readonly Member[]>();
  const visit = (statements: Iterable<ts.Statement>, prefix: string): void => {
    for (const node of statements) {
      if (ts.isInterfaceDeclaration(node)) found.set(prefix + node.name.text, membersOf(node, file));
      if (ts.isModuleDeclaration(node) && node.body && ts.isModuleBlock(node.body)) {
        visit(node.body.statements, `${prefix}${node.name.text}.`);
      }
    }
  };
  visit(file.statements, "");
  return found;
}

export class Sdk {
  readonly version: string;
  readonly #provider: string;
  readonly #inputs: Interfaces;
  readonly #outputs: Interfaces;

  constructor(provider: "aws" | "cloudflare") {
    const manifest = require.resolve(`@pulumi/${provider}/package.json`);
    this.version = (JSON.parse(readFileSync(manifest, "utf8")) as { version: string }).version;
    this.#provider = provider;
    this.#inputs = interfacesOf(parse(manifest.replace("package.json", "types/input.d.ts")));
    this.#outputs = interfacesOf(parse(manifest.replace("package.json", "types/output.d.ts")));
  }

  /** @param token `aws:ec2/subnet:Subnet` */
  resource(token: string): SdkResource {
    const [, module = "", className = ""] = token.split(":");
    const script = require.resolve(`@pulumi/${this.#provider}/${module.replace(/^index\//, "")}.js`);
    const file = parse(script.replace(/js$/, "d.ts"));
    const declared = new Map(
      file.statements.flatMap((node) =>
        (ts.isClassDeclaration(node) || ts.isInterfaceDeclaration(node)) && node.name
          ? [[node.name.text, membersOf(node, file)] as const]
          : [],
      ),
    );
    const args = new Map((declared.get(`${className}Args`) ?? []).map((member) => [member.name, member]));
    const outputs = new Map((declared.get(className) ?? []).map((member) => [member.name, member]));
    const roles = new Map<string, Role>();
    for (const name of [...new Set([...outputs.keys(), ...args.keys()])].sort()) {
      roles.set(name, roleOf(args.get(name), outputs.get(name)));
    }
    const filledIn = [...args.keys()].flatMap((name) => this.#filledIn(name, outputs.get(name)?.type ?? ""));
    return { roles, filledIn };
  }

  #filledIn(path: string, type: string, depth = 0): string[] {
    const name = /outputs\.([\w.]+)/.exec(type)?.[1];
    if (name === undefined || depth > 4) return [];
    const given = new Map((this.#inputs.get(name) ?? []).map((member) => [member.name, member]));
    return (this.#outputs.get(name) ?? []).flatMap((member) => {
      const here = `${path}.${member.name}`;
      const isOurs = given.get(member.name)?.isOptional === false || member.isOptional;
      return isOurs ? this.#filledIn(here, member.type, depth + 1) : [here];
    });
  }
}

function roleOf(argument: Member | undefined, output: Member | undefined): Role {
  if (argument === undefined) return "output";
  if (!argument.isOptional) return "required";
  return output === undefined || output.type.endsWith("| undefined>") ? "optional" : "computed";
}
