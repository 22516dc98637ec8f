/** A role that an AWS service takes, with policies that AWS writes. */
import { Role } from "@pulumi/aws/iam/role.js";
import { RolePolicyAttachment } from "@pulumi/aws/iam/rolePolicyAttachment.js";
import { ComponentResource, type ComponentResourceOptions, type Output } from "@pulumi/pulumi";
import { assumedByService } from "./iam.ts";
import { knownAfter } from "./knownAfter.ts";

export interface ManagedRoleArgs {
  /** E.g. `ec2.amazonaws.com`. */
  readonly service: string;
  /** Names of AWS' own policies. */
  readonly policies: readonly string[];
}

export class ManagedRole extends ComponentResource {
  /** Known once the policies are attached: what takes the role sooner fails. */
  readonly arn: Output<string>;

  constructor(name: string, args: ManagedRoleArgs, options?: ComponentResourceOptions) {
    super("trading-platform:components:ManagedRole", name, {}, options);
    const role = new Role(name, { assumeRolePolicy: assumedByService(args.service) }, { parent: this });
    const attachments = args.policies.map(
      (managed) =>
        new RolePolicyAttachment(
          `${name}-${managed}`,
          { role: role.name, policyArn: `arn:aws:iam::aws:policy/${managed}` },
          { parent: this },
        ),
    );
    this.arn = knownAfter(role.arn, attachments);
    this.registerOutputs({ arn: this.arn });
  }
}
