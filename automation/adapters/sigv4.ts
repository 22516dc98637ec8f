/**
 * Presigned GET, AWS Signature Version 4: what an EKS token is made of.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
 */
import { createHash, createHmac } from "node:crypto";

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
}

export interface Presign {
  readonly url: URL;
  readonly service: string;
  readonly region: string;
  readonly expiresSeconds: number;
  /** Signed besides `host`; lower-case names. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly credentials: Credentials;
  readonly now: Date;
  /** SHA-256 of the body in hex; of the empty one by default, `UNSIGNED-PAYLOAD` for S3. */
  readonly payloadHash?: string;
}

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
const hmac = (key: string | Buffer, text: string): Buffer => createHmac("sha256", key).update(text).digest();
const encode = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

export function presign({ url, service, region, credentials, now, ...options }: Presign): URL {
  const time = now.toISOString().replace(/[-:]|\.\d{3}/g, "");
  const scope = `${time.slice(0, 8)}/${region}/${service}/aws4_request`;
  const headers = Object.entries({ host: url.host, ...options.headers }).sort(([a], [b]) => (a < b ? -1 : 1));
  const signedHeaders = headers.map(([name]) => name).join(";");
  const query = [
    ...url.searchParams,
    ["X-Amz-Algorithm", "AWS4-HMAC-SHA256"],
    ["X-Amz-Credential", `${credentials.accessKeyId}/${scope}`],
    ["X-Amz-Date", time],
    ["X-Amz-Expires", String(options.expiresSeconds)],
    ...(credentials.sessionToken ? [["X-Amz-Security-Token", credentials.sessionToken]] : []),
    ["X-Amz-SignedHeaders", signedHeaders],
  ]
    .map(([name = "", value = ""]) => `${encode(name)}=${encode(value)}`)
    .sort()
    .join("&");
  const canonical = [
    "GET",
    url.pathname,
    query,
    ...headers.map(([name, value]) => `${name}:${value.trim()}`),
    "",
    signedHeaders,
    options.payloadHash ?? sha256(""),
  ].join("\n");
  const toSign = ["AWS4-HMAC-SHA256", time, scope, sha256(canonical)].join("\n");
  const key = [time.slice(0, 8), region, service, "aws4_request"].reduce<string | Buffer>(
    hmac,
    `AWS4${credentials.secretAccessKey}`,
  );
  return new URL(
    `${url.origin}${url.pathname}?${query}&X-Amz-Signature=${hmac(key, toSign).toString("hex")}`,
  );
}
