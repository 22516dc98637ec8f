/**
 * Where CloudFormation's specification does not tell what the Pulumi provider does. Reviewed by hand, each with the page
 * or source that says so.
 */
export interface Override {
  readonly source: string;
  readonly replace?: readonly string[];
  readonly update?: readonly string[];
}

export const OVERRIDES: Readonly<Record<string, Override>> = {};
