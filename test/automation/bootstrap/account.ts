/**
 * An account with a memory behind HTTP, in the shapes of AWS' API references; what bootstrap does to it is real SDK
 * traffic. Not recorded from an account: what a real one answers beyond these shapes is not proved here.
 */
import { randomUUID } from "node:crypto";
import { createEdges, type Edges } from "../../../sandbox/aws/edge.ts";
import type { AwsRequest, AwsResponse, AwsService } from "../../../sandbox/aws/protocol.ts";
import { parseQuery, QueryError, queryFailure, queryResult } from "../../../sandbox/aws/query.ts";
import { createSts } from "../../../sandbox/aws/sts.ts";
import type { XmlValue } from "../../../sandbox/aws/xml.ts";
import { Faults, INTERNET } from "../../../sandbox/faults.ts";
import { assertShapes } from "./shapes.ts";

export const ACCOUNT = "123456789012";

export interface Role {
  trust: string;
  maxSession: number;
  readonly policies: Map<string, string>;
  readonly attached: Set<string>;
}

export class Account {
  readonly roles = new Map<string, Role>();
  readonly providers = new Map<string, readonly string[]>();
  /** Alias → key. */
  readonly aliases = new Map<string, string>();
  readonly keys = new Map<string, { rotated: boolean; state: string }>();
  /** Bucket → subresource → document. */
  readonly buckets = new Map<string, Map<string, string>>();
  /** `region code` → value. */
  readonly quotas = new Map<string, number>();
  zoneRecovery = "DISABLED";
  /** Operations that are denied. */
  readonly denied = new Set<string>();
  edges: Edges | undefined;

  async start(accountId = ACCOUNT): Promise<string> {
    this.edges = await createEdges({
      faults: new Faults(),
      services: [
        createSts({ accountId }),
        this.#guarded(
          "iam",
          (request) => parseQuery(request).action,
          (request) => this.#iam(request),
        ),
        this.#guarded("kms", target, (request) => fitting(request, this.#kms(request))),
        this.#guarded("servicequotas", target, (request) => fitting(request, this.#serviceQuotas(request))),
        this.#guarded(
          "route53",
          ({ method }) => `${method} zone`,
          (request) => this.#route53(request),
        ),
        this.#guarded("s3", s3Operation, (request) => this.#s3(request)),
      ],
      doors: [{ place: INTERNET, host: "127.0.0.1", port: 0 }],
    });
    const { host, port } = this.edges.address(INTERNET);
    return `http://${host}:${port}`;
  }

  /** Operations that change something, in the order in which they arrived. */
  changes(): readonly string[] {
    return (this.edges?.calls() ?? [])
      .map(({ operation }) => operation)
      .filter((operation) => !/^(Get|List|Describe|Head|GET|HEAD)/.test(operation));
  }

  #guarded(
    name: string,
    operation: (request: AwsRequest) => string,
    handle: (request: AwsRequest) => AwsResponse,
  ): AwsService {
    return {
      name,
      operation,
      handle: async (request) => {
        if (!this.denied.has(operation(request))) return handle(request);
        return name === "kms" || name === "servicequotas"
          ? json(400, { __type: "AccessDeniedException", message: "not authorized" })
          : queryFailure(
              IAM,
              new QueryError("AccessDenied", `not authorized to perform ${operation(request)}`, 403),
            );
      },
    };
  }

  #iam(request: AwsRequest): AwsResponse {
    const { action, parameters } = parseQuery(request);
    const text = (name: string) => parameters.get(name) ?? "";
    try {
      return queryResult(IAM, action, this.#iamAction(action, text));
    } catch (error) {
      if (error instanceof QueryError) return queryFailure(IAM, error);
      throw error;
    }
  }

  #iamAction(action: string, text: (name: string) => string): XmlValue {
    const name = text("RoleName");
    const role = (): Role => found(this.roles.get(name), `The role with name ${name} cannot be found.`);
    switch (action) {
      case "CreateRole":
        this.roles.set(name, {
          trust: text("AssumeRolePolicyDocument"),
          maxSession: Number(text("MaxSessionDuration")),
          policies: new Map(),
          attached: new Set(),
        });
        return roleXml(name, role());
      case "GetRole":
        return roleXml(name, role());
      case "UpdateAssumeRolePolicy":
        role().trust = text("PolicyDocument");
        return {};
      case "UpdateRole":
        role().maxSession = Number(text("MaxSessionDuration"));
        return {};
      case "PutRolePolicy":
        role().policies.set(text("PolicyName"), text("PolicyDocument"));
        return {};
      case "GetRolePolicy": {
        const document = found(role().policies.get(text("PolicyName")), "The role policy cannot be found.");
        return {
          RoleName: name,
          PolicyName: text("PolicyName"),
          PolicyDocument: encodeURIComponent(document),
        };
      }
      case "AttachRolePolicy":
        role().attached.add(text("PolicyArn"));
        return {};
      case "ListAttachedRolePolicies":
        return {
          AttachedPolicies: {
            member: [...role().attached].map((arn) => ({
              PolicyName: arn.split("/").at(-1) ?? "",
              PolicyArn: arn,
            })),
          },
          IsTruncated: "false",
        };
      case "ListRolePolicies":
        return { PolicyNames: { member: [...role().policies.keys()] }, IsTruncated: "false" };
      case "CreateOpenIDConnectProvider": {
        const arn = `arn:aws:iam::${ACCOUNT}:oidc-provider/${text("Url").replace("https://", "")}`;
        this.providers.set(arn, [text("ClientIDList.member.1")]);
        return { OpenIDConnectProviderArn: arn };
      }
      case "GetOpenIDConnectProvider":
        return {
          ClientIDList: {
            member: found(this.providers.get(text("OpenIDConnectProviderArn")), "provider not found"),
          },
        };
      case "AddClientIDToOpenIDConnectProvider": {
        const arn = text("OpenIDConnectProviderArn");
        this.providers.set(arn, [...(this.providers.get(arn) ?? []), text("ClientID")]);
        return {};
      }
      default:
        throw new QueryError("InvalidAction", `no ${action} here`);
    }
  }

  #kms(request: AwsRequest): AwsResponse {
    const input = JSON.parse(request.body.toString()) as Record<string, string>;
    const id = this.aliases.get(input["KeyId"] ?? "") ?? input["KeyId"] ?? input["TargetKeyId"] ?? "";
    const key = this.keys.get(id);
    const operation = target(request);
    if (operation === "CreateKey") {
      const made = randomUUID();
      this.keys.set(made, { rotated: false, state: "Enabled" });
      return json(200, { KeyMetadata: { KeyId: made, KeyState: "Enabled" } });
    }
    if (key === undefined)
      return json(400, { __type: "NotFoundException", message: `${input["KeyId"]} is not found.` });
    if (operation === "EnableKeyRotation") key.rotated = true;
    if (operation === "CreateAlias") this.aliases.set(input["AliasName"] ?? "", id);
    if (operation === "DescribeKey") return json(200, { KeyMetadata: { KeyId: id, KeyState: key.state } });
    return json(200, operation === "GetKeyRotationStatus" ? { KeyRotationEnabled: key.rotated } : {});
  }

  #serviceQuotas(request: AwsRequest): AwsResponse {
    const { QuotaCode = "" } = JSON.parse(request.body.toString()) as Record<string, string>;
    const own = this.quotas.get(`${request.region} ${QuotaCode}`);
    const value = target(request) === "GetServiceQuota" ? own : DEFAULTS[QuotaCode];
    return value === undefined
      ? json(400, { __type: "NoSuchResourceException", message: "no such quota" })
      : json(200, { Quota: { QuotaCode, Value: value } });
  }

  #route53({ method, body }: AwsRequest): AwsResponse {
    if (method === "POST") {
      this.zoneRecovery = /true/.test(body.toString()) ? "ENABLED" : "DISABLED";
      return xml(200, `<UpdateHostedZoneFeaturesResponse xmlns="${ROUTE53}"/>`);
    }
    const features = `<Features><AcceleratedRecoveryStatus>${this.zoneRecovery}</AcceleratedRecoveryStatus></Features>`;
    const zone = `<HostedZone><Id>/hostedzone/Z1</Id><Name>example.com.</Name><CallerReference>1</CallerReference><Config><PrivateZone>false</PrivateZone></Config>${features}</HostedZone>`;
    return xml(200, `<GetHostedZoneResponse xmlns="${ROUTE53}">${zone}</GetHostedZoneResponse>`);
  }

  #s3(request: AwsRequest): AwsResponse {
    const [, name = ""] = request.path.split("/");
    const kept = this.buckets.get(name);
    const part = subresource(request);
    if (part === undefined) {
      if (request.method === "PUT") this.buckets.set(name, new Map());
      return { status: request.method === "PUT" || kept !== undefined ? 200 : 404 };
    }
    if (kept === undefined) return s3Failure("NoSuchBucket");
    if (request.method === "PUT") {
      kept.set(part, request.body.toString());
      return { status: 200 };
    }
    const document = kept.get(part);
    if (document !== undefined) return xml(200, document);
    return part === "versioning"
      ? xml(200, "<VersioningConfiguration/>")
      : s3Failure(ABSENT[part] ?? "NoSuchKey");
  }
}

const ROUTE53 = "https://route53.amazonaws.com/doc/2013-04-01/";
const IAM = "https://iam.amazonaws.com/doc/2010-05-08/";
/** https://docs.aws.amazon.com/general/latest/gr/aws-service-information.html */
const DEFAULTS: Readonly<Record<string, number>> = {
  "L-0263D0A3": 5,
  "L-1216C47A": 5,
  "L-69A177A2": 50,
  "L-F678F1CE": 5,
  "L-1194D53C": 100,
};
const ABSENT: Readonly<Record<string, string>> = {
  publicAccessBlock: "NoSuchPublicAccessBlockConfiguration",
  encryption: "ServerSideEncryptionConfigurationNotFoundError",
  policy: "NoSuchBucketPolicy",
};

/** What a real service would not take, or not answer, fails the test that asked. */
function fitting(request: AwsRequest, response: AwsResponse): AwsResponse {
  const [input, output] = [request.body, response.body ?? "{}"].map((body) => JSON.parse(body.toString()));
  assertShapes(request.headers["x-amz-target"] ?? "", input, response.status, output);
  return response;
}

const target = ({ headers }: AwsRequest): string => headers["x-amz-target"]?.split(".").at(-1) ?? "";
const subresource = ({ query }: AwsRequest): string | undefined =>
  [...query.keys()].find((key) => key === "versioning" || key in ABSENT);
const s3Operation = (request: AwsRequest): string => `${request.method} ${subresource(request) ?? "bucket"}`;
const json = (status: number, body: object): AwsResponse => ({
  status,
  headers: { "content-type": "application/x-amz-json-1.1" },
  body: JSON.stringify(body),
});
const xml = (status: number, body: string): AwsResponse => ({
  status,
  headers: { "content-type": body.startsWith("{") ? "application/json" : "application/xml" },
  body,
});
const s3Failure = (code: string): AwsResponse =>
  xml(404, `<Error><Code>${code}</Code><Message>${code}</Message></Error>`);

function found<T>(value: T | undefined, message: string): T {
  if (value === undefined) throw new QueryError("NoSuchEntity", message, 404);
  return value;
}

const roleXml = (RoleName: string, { trust, maxSession }: Role): XmlValue => ({
  Role: {
    Path: "/",
    RoleName,
    RoleId: "AROATEST",
    Arn: `arn:aws:iam::${ACCOUNT}:role/${RoleName}`,
    CreateDate: "2026-11-25T00:00:00Z",
    AssumeRolePolicyDocument: encodeURIComponent(trust),
    MaxSessionDuration: String(maxSession),
  },
});
