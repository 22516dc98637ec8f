/**
 * AWS Signature Version 4: presigned GETs, which an EKS token is made of, and signed requests.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html
 */
import { createHash, createHmac } from "node:crypto";

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
  /** When they end; absent: never. */
  readonly expiration?: Date | undefined;
}

export interface SignedRequest {
  readonly method: string;
  readonly url: URL;
  readonly service: string;
  readonly region: string;
  /** Sent and signed besides those that the signature adds; lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly credentials: Credentials;
  readonly now: Date;
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

type Pair = readonly [name: string, value: string];
const stamp = (now: Date): string => now.toISOString().replace(/[-:]|\.\d{3}/g, "");
const sorted = (headers: Readonly<Record<string, string>>): readonly Pair[] =>
  Object.entries(headers).sort(([a], [b]) => (a < b ? -1 : 1));
const queryOf = (pairs: readonly Pair[]): string =>
  pairs
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .sort()
    .join("&");

/** Headers with which the request is sent, the given ones among them. */
export function sign(request: SignedRequest): Readonly<Record<string, string>> {
  const { method, url, service, region, body, credentials, now } = request;
  const time = stamp(now);
  const given = {
    ...request.headers,
    host: url.host,
    "x-amz-date": time,
    ...(credentials.sessionToken && { "x-amz-security-token": credentials.sessionToken }),
  };
  const headers = sorted(given);
  const scope = scopeOf(time, region, service);
  const query = queryOf([...url.searchParams]);
  const signature = signatureOf({
    method,
    url,
    query,
    headers,
    scope,
    time,
    credentials,
    hash: sha256(body),
  });
  const signed = headers.map(([name]) => name).join(";");
  const authorization = `AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/${scope}, SignedHeaders=${signed}, Signature=${signature}`;
  return { ...given, authorization };
}

const scopeOf = (time: string, region: string, service: string): string =>
  `${time.slice(0, 8)}/${region}/${service}/aws4_request`;

interface Canonical {
  readonly method: string;
  readonly url: URL;
  readonly query: string;
  readonly headers: readonly Pair[];
  readonly scope: string;
  readonly time: string;
  readonly hash: string;
  readonly credentials: Credentials;
}

function signatureOf({ method, url, query, headers, scope, time, hash, credentials }: Canonical): string {
  const canonical = [
    method,
    url.pathname,
    query,
    ...headers.map(([name, value]) => `${name}:${value.trim()}`),
    "",
    headers.map(([name]) => name).join(";"),
    hash,
  ].join("\n");
  const toSign = ["AWS4-HMAC-SHA256", time, scope, sha256(canonical)].join("\n");
  const key = scope.split("/").reduce<string | Buffer>(hmac, `AWS4${credentials.secretAccessKey}`);
  return hmac(key, toSign).toString("hex");
}

export function presign({ url, service, region, credentials, now, ...options }: Presign): URL {
  const time = stamp(now);
  const scope = scopeOf(time, region, service);
  const headers = sorted({ host: url.host, ...options.headers });
  const signedHeaders = headers.map(([name]) => name).join(";");
  const query = queryOf([
    ...url.searchParams,
    ["X-Amz-Algorithm", "AWS4-HMAC-SHA256"],
    ["X-Amz-Credential", `${credentials.accessKeyId}/${scope}`],
    ["X-Amz-Date", time],
    ["X-Amz-Expires", String(options.expiresSeconds)],
    ...(credentials.sessionToken ? [["X-Amz-Security-Token", credentials.sessionToken] as const] : []),
    ["X-Amz-SignedHeaders", signedHeaders],
  ]);
  const hash = options.payloadHash ?? sha256("");
  const signature = signatureOf({ method: "GET", url, query, headers, scope, time, credentials, hash });
  return new URL(`${url.origin}${url.pathname}?${query}&X-Amz-Signature=${signature}`);
}
