/** A role with policies that AWS writes. */
import { Role } from "@pulumi/aws/iam/role.js";
import { RolePolicyAttachment } from "@pulumi/aws/iam/rolePolicyAttachment.js";
import { ComponentResource, type ComponentResourceOptions, type Input, type Output } from "@pulumi/pulumi";
import { knownAfter } from "./knownAfter.ts";

export interface ManagedRoleArgs {
  /** Who may take it. */
  readonly trust: Input<string>;
  /** AWS' own policies, by name, with the path where they have one. */
  readonly policies: readonly string[];
}

export class ManagedRole extends ComponentResource {
  /** Known once the policies are attached: what takes the role sooner fails. */
  readonly arn: Output<string>;
  readonly name: Output<string>;

  constructor(name: string, args: ManagedRoleArgs, options?: ComponentResourceOptions) {
    super("trading-platform:components:ManagedRole", name, {}, options);
    const role = new Role(name, { assumeRolePolicy: args.trust }, { parent: this });
    const attachments = args.policies.map(
      (managed) =>
        new RolePolicyAttachment(
          `${name}-${managed.replace(/^.*\//, "")}`,
          { role: role.name, policyArn: `arn:aws:iam::aws:policy/${managed}` },
          { parent: this },
        ),
    );
    this.arn = knownAfter(role.arn, attachments);
    this.name = role.name;
    this.registerOutputs({ arn: this.arn });
  }
}
