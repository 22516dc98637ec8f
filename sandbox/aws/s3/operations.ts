/** Which S3 operation a request is: by method, depth of its path, subresource and headers. */
import type { AwsRequest } from "../protocol.ts";

export interface Target {
  /** Empty: the account. */
  readonly bucket: string;
  /** Empty: the bucket itself. */
  readonly key: string;
}

/** Path style: `/bucket/key…`. */
export function targetOf({ path }: Pick<AwsRequest, "path">): Target {
  const [, bucket = "", key = ""] = /^\/([^/]*)\/?(.*)$/s.exec(path) ?? [];
  return { bucket: decodeURIComponent(bucket), key: decodeURIComponent(key) };
}

/** `METHOD level[?subresource]` → operation; level is account, bucket or object. */
const OPERATIONS: Readonly<Record<string, string>> = {
  "GET account": "ListBuckets",
  "PUT bucket": "CreateBucket",
  "DELETE bucket": "DeleteBucket",
  "HEAD bucket": "HeadBucket",
  "GET bucket?list-type": "ListObjectsV2",
  "GET bucket?versions": "ListObjectVersions",
  "GET bucket?location": "GetBucketLocation",
  "GET bucket?versioning": "GetBucketVersioning",
  "PUT bucket?versioning": "PutBucketVersioning",
  "GET bucket?object-lock": "GetObjectLockConfiguration",
  "PUT bucket?object-lock": "PutObjectLockConfiguration",
  "GET bucket?publicAccessBlock": "GetPublicAccessBlock",
  "PUT bucket?publicAccessBlock": "PutPublicAccessBlock",
  "POST bucket?delete": "DeleteObjects",
  "GET object": "GetObject",
  "HEAD object": "HeadObject",
  "PUT object": "PutObject",
  "DELETE object": "DeleteObject",
  "GET object?retention": "GetObjectRetention",
  "PUT object?retention": "PutObjectRetention",
  "GET object?legal-hold": "GetObjectLegalHold",
  "PUT object?legal-hold": "PutObjectLegalHold",
};
const SUBRESOURCES = new Set(Object.keys(OPERATIONS).map((name) => name.split("?")[1]));
/** Query parameters of requests that are still the plain operation. */
const PLAIN = new Set([
  "x-id",
  "versionId",
  "prefix",
  "delimiter",
  "max-keys",
  "encoding-type",
  "start-after",
]);

export function operationOf(request: AwsRequest): string {
  const { bucket, key } = targetOf(request);
  const level = bucket === "" ? "account" : key === "" ? "bucket" : "object";
  const names = [...request.query.keys()];
  const subresource =
    names.find((name) => SUBRESOURCES.has(name)) ??
    names.find((name) => !PLAIN.has(name) && !name.startsWith("response-") && name !== "continuation-token");
  const operation = OPERATIONS[`${request.method} ${level}${subresource ? `?${subresource}` : ""}`];
  if (operation === "PutObject" && request.headers["x-amz-copy-source"]) return "CopyObject";
  return operation ?? `${request.method} ${level}${subresource ? `?${subresource}` : ""}`;
}
