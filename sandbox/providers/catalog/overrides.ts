/**
 * Where CloudFormation's specification does not tell what the Pulumi provider does: other names, other rules, or no such
 * type. Reviewed by hand against the Terraform provider's schema (`ForceNew`, `CustomizeDiff`) at `source`.
 */
import { CLOUDFLARE } from "./overrides/cloudflare.ts";
import { DATA } from "./overrides/data.ts";
import { NETWORK } from "./overrides/network.ts";
import { PLATFORM } from "./overrides/platform.ts";

export interface Override {
  /** Path below https://github.com/hashicorp/terraform-provider-aws/blob/main/internal/service/ or a whole URL. */
  readonly source: string;
  readonly replace?: readonly string[];
  readonly update?: readonly string[];
}

export const AWS_OVERRIDES: Readonly<Record<string, Override>> = { ...NETWORK, ...DATA, ...PLATFORM };
export const OVERRIDES: Readonly<Record<string, Override>> = { ...AWS_OVERRIDES, ...CLOUDFLARE };
