/** Who may deploy, fail over and break the glass. Made beforehand: IAM's control plane is in us-east-1. */
import {
  AddClientIDToOpenIDConnectProviderCommand,
  AttachRolePolicyCommand,
  CreateOpenIDConnectProviderCommand,
  CreateRoleCommand,
  GetOpenIDConnectProviderCommand,
  GetRoleCommand,
  GetRolePolicyCommand,
  type IAMClient,
  ListAttachedRolePoliciesCommand,
  ListRolePoliciesCommand,
  PutRolePolicyCommand,
  UpdateAssumeRolePolicyCommand,
  UpdateRoleCommand,
} from "@aws-sdk/client-iam";
import type { Identity } from "../../components/names.ts";
import { OIDC_HOST, oidcProviderArn } from "./names.ts";
import { changesOf, orAbsent, type Piece } from "./piece.ts";
import type { RoleSpec } from "./roles.ts";
import { sameJson } from "./state.ts";

const AUDIENCE = "sts.amazonaws.com";
const ABSENT = "NoSuchEntityException";
const PolicyName = "bootstrap";

/** AWS trusts GitHub's certificate authority itself: no thumbprint. */
export const oidcProvider = (iam: IAMClient, identity: Identity): Piece => ({
  title: `identity provider ${OIDC_HOST}`,
  async look() {
    const OpenIDConnectProviderArn = oidcProviderArn(identity);
    const found = await orAbsent(
      iam.send(new GetOpenIDConnectProviderCommand({ OpenIDConnectProviderArn })),
      ABSENT,
    );
    const create = () =>
      iam.send(
        new CreateOpenIDConnectProviderCommand({ Url: `https://${OIDC_HOST}`, ClientIDList: [AUDIENCE] }),
      );
    if (found === undefined) return changesOf("", [[`trust ${OIDC_HOST} for ${AUDIENCE}`, create]]);
    const add = () =>
      iam.send(
        new AddClientIDToOpenIDConnectProviderCommand({ OpenIDConnectProviderArn, ClientID: AUDIENCE }),
      );
    return changesOf(`trusted for ${AUDIENCE}`, [
      found.ClientIDList?.includes(AUDIENCE) ? undefined : [`trust it for ${AUDIENCE}`, add],
    ]);
  },
});

export const role = (iam: IAMClient, spec: RoleSpec): Piece => ({
  title: `role ${spec.roleName}`,
  async look() {
    const { roleName: RoleName, trust, document, managedPolicy: PolicyArn } = spec;
    const MaxSessionDuration = spec.maxSessionSeconds;
    const existing = (await orAbsent(iam.send(new GetRoleCommand({ RoleName })), ABSENT))?.Role;
    const [inline, attached, inlines] =
      existing === undefined
        ? []
        : await Promise.all([
            orAbsent(iam.send(new GetRolePolicyCommand({ RoleName, PolicyName })), ABSENT),
            iam.send(new ListAttachedRolePoliciesCommand({ RoleName })),
            iam.send(new ListRolePoliciesCommand({ RoleName })),
          ]);
    const foreign = [
      ...(attached?.AttachedPolicies ?? [])
        .map((one) => one.PolicyArn ?? "")
        .filter((arn) => arn !== PolicyArn),
      ...(inlines?.PolicyNames ?? []).filter((name) => name !== PolicyName),
    ];
    if (foreign.length > 0) {
      return { state: "short", detail: `somebody gave it more, take it away: ${foreign.join(", ")}` };
    }
    const create = () =>
      iam.send(
        new CreateRoleCommand({
          RoleName,
          AssumeRolePolicyDocument: trust,
          Description: spec.describe,
          MaxSessionDuration,
        }),
      );
    const isTrusted = sameJson(decoded(existing?.AssumeRolePolicyDocument), trust);
    return changesOf(spec.describe, [
      existing === undefined ? [`create it: ${spec.describe}`, create] : undefined,
      existing === undefined || isTrusted
        ? undefined
        : [
            "set who may take it",
            () => iam.send(new UpdateAssumeRolePolicyCommand({ RoleName, PolicyDocument: trust })),
          ],
      existing === undefined || existing.MaxSessionDuration === MaxSessionDuration
        ? undefined
        : [
            `limit its sessions to ${MaxSessionDuration / 3600} h`,
            () => iam.send(new UpdateRoleCommand({ RoleName, MaxSessionDuration })),
          ],
      document === undefined || sameJson(decoded(inline?.PolicyDocument), document)
        ? undefined
        : [
            "set what it may do",
            () => iam.send(new PutRolePolicyCommand({ RoleName, PolicyName, PolicyDocument: document })),
          ],
      PolicyArn === undefined || attached?.AttachedPolicies?.some((one) => one.PolicyArn === PolicyArn)
        ? undefined
        : [
            `attach ${PolicyArn.split("/").at(-1)}`,
            () => iam.send(new AttachRolePolicyCommand({ RoleName, PolicyArn })),
          ],
    ]);
  },
});

/** IAM answers documents percent-encoded. https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetRole.html */
const decoded = (document: string | undefined): string | undefined =>
  document === undefined ? undefined : decodeURIComponent(document);
