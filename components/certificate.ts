/** The region's own TLS certificate for the public name and every name below it. */
import { Certificate as AcmCertificate } from "@pulumi/aws/acm/certificate.js";
import { CertificateValidation } from "@pulumi/aws/acm/certificateValidation.js";
import { Record as Route53Record } from "@pulumi/aws/route53/record.js";
import { DnsRecord } from "@pulumi/cloudflare/dnsRecord.js";
import { ComponentResource, type ComponentResourceOptions, type Output } from "@pulumi/pulumi";
import type { DnsProvider } from "./model.ts";

export interface CertificateArgs {
  readonly publicName: string;
  readonly dnsProvider: DnsProvider;
  readonly zoneId: string;
  /**
   * Whether this stack puts the proof into DNS. The record is the same for an account's certificates of one name in
   * all regions, so one stack owns it and the other only waits.
   * https://docs.aws.amazon.com/acm/latest/userguide/dns-validation.html
   */
  readonly ownsValidation: boolean;
}

const CLOUDFLARE_AUTOMATIC_TTL = 1;
const VALIDATION_TTL_SECONDS = 300;

export class Certificate extends ComponentResource {
  /** Known once the certificate is issued. */
  readonly arn: Output<string>;

  constructor(name: string, args: CertificateArgs, options?: ComponentResourceOptions) {
    super("trading-platform:components:Certificate", name, {}, options);

    const certificate = new AcmCertificate(
      name,
      {
        domainName: args.publicName,
        // A wildcard shares its parent's validation record: one record proves both.
        subjectAlternativeNames: [`*.${args.publicName}`],
        validationMethod: "DNS",
      },
      { parent: this },
    );
    const record = args.ownsValidation ? this.#validationRecord(name, args, certificate) : undefined;
    const validation = new CertificateValidation(
      name,
      { certificateArn: certificate.arn },
      { parent: this, dependsOn: record ? [record] : [] },
    );

    this.arn = validation.certificateArn;
    this.registerOutputs({ arn: this.arn });
  }

  #validationRecord(
    name: string,
    args: CertificateArgs,
    certificate: AcmCertificate,
  ): Route53Record | DnsRecord {
    const proof = certificate.domainValidationOptions.apply((options) => {
      const option = options.find(({ domainName }) => domainName === args.publicName);
      if (option === undefined)
        throw new Error(`certificate for ${args.publicName}: ACM named no validation record`);
      return option;
    });
    const [recordName, type, value] = [
      proof.resourceRecordName,
      proof.resourceRecordType,
      proof.resourceRecordValue,
    ];
    if (args.dnsProvider === "route53") {
      return new Route53Record(
        `${name}-validation`,
        { zoneId: args.zoneId, name: recordName, type, ttl: VALIDATION_TTL_SECONDS, records: [value] },
        { parent: this },
      );
    }
    return new DnsRecord(
      `${name}-validation`,
      {
        zoneId: args.zoneId,
        name: recordName.apply(withoutDot),
        type,
        ttl: CLOUDFLARE_AUTOMATIC_TTL,
        content: value.apply(withoutDot),
        proxied: false,
      },
      { parent: this },
    );
  }
}

/** ACM writes names with their final dot, Cloudflare without: keeping it would show a difference for ever. */
const withoutDot = (name: string): string => name.replace(/\.$/, "");
