/** What bootstrap makes, by names derived from config: whoever deploys or fails over knows them without looking. */
import type { Identity } from "../../components/names.ts";

export const stateBucketName = ({ name, accountId }: Identity): string => `${name}-state-${accountId}`;
export const stateKeyAlias = ({ name }: Identity): string => `alias/${name}-state`;
export const deployRoleName = ({ name }: Identity): string => `${name}-deploy`;
export const failoverRoleName = ({ name }: Identity): string => `${name}-failover`;
export const breakGlassRoleName = ({ name }: Identity): string => `${name}-break-glass`;
export const roleArn = ({ accountId }: Identity, roleName: string): string =>
  `arn:aws:iam::${accountId}:role/${roleName}`;

export const OIDC_HOST = "token.actions.githubusercontent.com";
export const oidcProviderArn = ({ accountId }: Identity): string =>
  `arn:aws:iam::${accountId}:oidc-provider/${OIDC_HOST}`;
