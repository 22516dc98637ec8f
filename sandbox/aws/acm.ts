/**
 * ACM: certificates are issued once every proof that they name is in DNS, and the provider waits for that.
 * https://docs.aws.amazon.com/acm/latest/userguide/dns-validation.html
 */
import type { Behaviours, Json, Properties } from "../cloud/behaviour.ts";
import { objects } from "../cloud/lists.ts";
import type { Registry } from "../providers/registry.ts";
import { JsonError, jsonService } from "./json.ts";
import type { AwsService } from "./protocol.ts";

/** Of public certificates, since February 2026. https://docs.aws.amazon.com/acm/latest/userguide/acm-certificate-characteristics.html */
const VALIDITY_DAYS = 198;
const DAY_SECONDS = 86_400;
const CERTIFICATE = "aws:acm/certificate:Certificate";

export interface Acm {
  readonly behaviours: Behaviours;
  readonly aws: AwsService;
}

export function createAcm(registry: Registry): Acm {
  /** Seconds since 1970, by ARN. */
  const issued = new Map<string, number>();
  const find = (arn: unknown) => registry.list({ type: CERTIFICATE }).find(({ id }) => id === arn);

  return {
    behaviours: {
      "aws:acm/certificateValidation:CertificateValidation": {
        async create(inputs) {
          const arn = String(inputs["certificateArn"]);
          const missing = proofsOf(find(arn)?.outputs).filter((proof) => !isInDns(registry, proof));
          if (missing.length > 0) {
            throw new Error(
              `waiting for ACM Certificate (${arn}) to be issued: timeout while waiting for state to become 'ISSUED' (last state: 'PENDING_VALIDATION'): no CNAME record ${missing.map(({ name }) => name).join(", ")}`,
            );
          }
          issued.set(arn, issued.get(arn) ?? Math.floor(Date.now() / 1000));
          return {};
        },
      },
    },
    aws: jsonService({
      name: "acm",
      title: "ACM",
      operations: {
        DescribeCertificate({ CertificateArn }) {
          const found = find(CertificateArn);
          if (found === undefined) {
            throw new JsonError(
              "ResourceNotFoundException",
              `Could not find certificate ${String(CertificateArn)}.`,
            );
          }
          const at = issued.get(found.id);
          const life =
            at === undefined
              ? { Status: "PENDING_VALIDATION" }
              : {
                  Status: "ISSUED",
                  ...{ IssuedAt: at, NotBefore: at, NotAfter: at + VALIDITY_DAYS * DAY_SECONDS },
                };
          return {
            Certificate: { CertificateArn: found.id, DomainName: found.inputs["domainName"], ...life },
          };
        },
      },
    }),
  };
}

interface Proof {
  readonly name: string;
  readonly value: string;
}

const withoutDot = (value: Json | undefined): string => String(value ?? "").replace(/\.$/, "");

function proofsOf(certificate: Properties | undefined): readonly Proof[] {
  return objects(certificate?.["domainValidationOptions"]).map(
    ({ resourceRecordName, resourceRecordValue }) => ({
      name: withoutDot(resourceRecordName),
      value: withoutDot(resourceRecordValue),
    }),
  );
}

/** Of Route 53 or Cloudflare, whichever has the zone. */
function isInDns(registry: Registry, { name, value }: Proof): boolean {
  const records = [
    ...registry.list({ type: "aws:route53/record:Record" }),
    ...registry.list({ type: "cloudflare:index/dnsRecord:DnsRecord" }),
  ];
  return records.some(({ inputs: { name: own, records: values, content } }) => {
    const given = Array.isArray(values) ? values : [content];
    return withoutDot(own) === name && given.some((one: Json | undefined) => withoutDot(one) === value);
  });
}
