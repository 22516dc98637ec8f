/** The operations on objects. Each takes the request and its bucket, and returns the answer or throws `S3Error`. */
import type { AwsRequest, AwsResponse } from "../protocol.ts";
import { child, readXml, writeXml, type XmlElement } from "../xml.ts";
import { bodyOf } from "./body.ts";
import type { Bucket, LockMode, Retention, Version } from "./bucket.ts";
import { S3Error } from "./error.ts";

const NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/";
const KEPT_HEADERS =
  /^(content-(type|disposition|language|encoding)|cache-control|expires|x-amz-(meta|checksum)-.*)$/;

export const xmlAnswer = (root: string, value: Parameters<typeof writeXml>[1]): AwsResponse => ({
  status: 200,
  headers: { "content-type": "application/xml" },
  body: writeXml(root, value, NAMESPACE),
});

export function bodyXml(request: AwsRequest): XmlElement {
  try {
    return readXml(bodyOf(request).toString("utf8"));
  } catch (cause) {
    throw new S3Error("MalformedXML", 400, `The XML you provided was not well-formed: ${String(cause)}`);
  }
}

export function lockMode(text: string | undefined): LockMode {
  if (text === "GOVERNANCE" || text === "COMPLIANCE") return text;
  throw new S3Error("InvalidArgument", 400, `Object Lock mode ${text}: must be GOVERNANCE or COMPLIANCE`);
}

export const mayBypass = ({ headers }: AwsRequest): boolean =>
  headers["x-amz-bypass-governance-retention"] === "true";

function retentionOf(mode: string | undefined, until: string | undefined): Retention {
  const time = Date.parse(until ?? "");
  if (Number.isNaN(time) || time <= Date.now()) {
    throw new S3Error("InvalidArgument", 400, `The retain until date must be in the future: ${until}`);
  }
  return { mode: lockMode(mode), until: time };
}

const versionHeaders = (version: Version, bucket: Bucket): Record<string, string> =>
  bucket.versioning === undefined ? {} : { "x-amz-version-id": version.versionId };

function describe(version: Version, bucket: Bucket, request: AwsRequest): Record<string, string> {
  const { headers, etag, lastModified, retention, legalHold } = version;
  const isWhole = request.headers["range"] === undefined;
  const wantsChecksum = request.headers["x-amz-checksum-mode"] === "ENABLED" && isWhole;
  return {
    ...Object.fromEntries(
      Object.entries(headers).filter(([name]) => wantsChecksum || !name.startsWith("x-amz-checksum-")),
    ),
    etag,
    "last-modified": lastModified.toUTCString(),
    "accept-ranges": "bytes",
    ...versionHeaders(version, bucket),
    ...(retention && {
      "x-amz-object-lock-mode": retention.mode,
      "x-amz-object-lock-retain-until-date": new Date(retention.until).toISOString(),
    }),
    ...(legalHold && { "x-amz-object-lock-legal-hold": "ON" }),
  };
}

/** `If-Match` and `If-None-Match` of a write, against the newest version. */
function checkCondition(bucket: Bucket, key: string, { headers }: AwsRequest): void {
  const newest = bucket.find(key);
  const etag = newest && !newest.isDeleteMarker ? newest.etag : undefined;
  const { "if-match": match, "if-none-match": noneMatch } = headers;
  const failed = () =>
    new S3Error("PreconditionFailed", 412, "At least one of the pre-conditions you specified did not hold");
  if (noneMatch === "*" && etag !== undefined) throw failed();
  if (match === undefined) return;
  if (etag === undefined) throw new S3Error("NoSuchKey", 404, "The specified key does not exist.");
  if (match !== etag) throw failed();
}

function lockOf(
  bucket: Bucket,
  { headers }: AwsRequest,
): { retention: Retention | undefined; hold: boolean } {
  const mode = headers["x-amz-object-lock-mode"];
  const until = headers["x-amz-object-lock-retain-until-date"];
  const hold = headers["x-amz-object-lock-legal-hold"] === "ON";
  if (mode === undefined && until === undefined && !hold) return { retention: undefined, hold };
  if (!bucket.objectLock) {
    throw new S3Error("InvalidRequest", 400, "Bucket is missing Object Lock Configuration");
  }
  return { retention: mode === undefined ? undefined : retentionOf(mode, until), hold };
}

export function putObject(bucket: Bucket, key: string, request: AwsRequest): AwsResponse {
  checkCondition(bucket, key, request);
  const { retention, hold } = lockOf(bucket, request);
  const isLocked = retention !== undefined || hold || bucket.objectLock?.default !== undefined;
  const isChecked = Object.keys(request.headers).some((name) =>
    /^(content-md5|x-amz-(checksum-.+|trailer))$/.test(name),
  );
  if (isLocked && !isChecked) {
    const message =
      "Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock";
    throw new S3Error("InvalidRequest", 400, `${message} parameters`);
  }
  const headers = Object.fromEntries(
    Object.entries(request.headers)
      .filter(([name]) => KEPT_HEADERS.test(name))
      .map(([name, value]) => [
        name,
        name === "content-encoding" ? value.replace(/aws-chunked,?\s*/, "") : value,
      ])
      .filter(([, value]) => value !== ""),
  );
  const version = bucket.put(key, { body: bodyOf(request), headers }, retention, hold);
  return { status: 200, headers: { etag: version.etag, ...versionHeaders(version, bucket) } };
}

export function copyObject(bucket: Bucket, key: string, source: Version, request: AwsRequest): AwsResponse {
  checkCondition(bucket, key, request);
  const { retention, hold } = lockOf(bucket, request);
  const version = bucket.put(key, source, retention, hold);
  const answer = xmlAnswer("CopyObjectResult", {
    ETag: version.etag,
    LastModified: version.lastModified.toISOString(),
  });
  return { ...answer, headers: { ...answer.headers, ...versionHeaders(version, bucket) } };
}

export function getObject(bucket: Bucket, key: string, request: AwsRequest): AwsResponse {
  const version = bucket.get(key, request.query.get("versionId") ?? undefined);
  const headers = describe(version, bucket, request);
  const { "if-none-match": noneMatch, range } = request.headers;
  if (noneMatch === version.etag) return { status: 304, headers };
  const body = request.method === "HEAD" ? undefined : version.body;
  const [, from, to] = /^bytes=(\d*)-(\d*)$/.exec(range ?? "") ?? [];
  if (from === undefined || to === undefined || body === undefined) {
    return {
      status: 200,
      headers: { ...headers, "content-length": String(version.body.length) },
      body: body ?? "",
    };
  }
  const start = from === "" ? Math.max(0, body.length - Number(to)) : Number(from);
  const end = from === "" || to === "" ? body.length - 1 : Math.min(Number(to), body.length - 1);
  if (start >= body.length) throw new S3Error("InvalidRange", 416, "The requested range is not satisfiable");
  const partial = { ...headers, "content-range": `bytes ${start}-${end}/${body.length}` };
  return { status: 206, headers: partial, body: body.subarray(start, end + 1) };
}

export function deleteObject(bucket: Bucket, key: string, request: AwsRequest): AwsResponse {
  const version = bucket.delete(key, request.query.get("versionId") ?? undefined, mayBypass(request));
  const marker = version?.isDeleteMarker ? { "x-amz-delete-marker": "true" } : {};
  return { status: 204, headers: version ? { ...marker, ...versionHeaders(version, bucket) } : {} };
}

/** Deletes many; each failure is reported beside the successes. */
export function deleteObjects(bucket: Bucket, request: AwsRequest): AwsResponse {
  const document = bodyXml(request);
  const isQuiet = child(document, "Quiet")?.text === "true";
  const [deleted, errors]: [object[], object[]] = [[], []];
  for (const object of document.children.filter(({ name }) => name === "Object")) {
    const Key = child(object, "Key")?.text ?? "";
    const VersionId = child(object, "VersionId")?.text;
    try {
      bucket.delete(Key, VersionId, mayBypass(request));
      if (!isQuiet) deleted.push({ Key, VersionId });
    } catch (error) {
      if (!(error instanceof S3Error)) throw error;
      errors.push({ Key, VersionId, Code: error.code, Message: error.message });
    }
  }
  return xmlAnswer("DeleteResult", { Deleted: deleted, Error: errors } as Parameters<typeof writeXml>[1]);
}

export function getRetention(bucket: Bucket, key: string, request: AwsRequest): AwsResponse {
  const { retention } = bucket.get(key, request.query.get("versionId") ?? undefined);
  if (!retention) {
    const message = "The specified object does not have a ObjectLock configuration";
    throw new S3Error("NoSuchObjectLockConfiguration", 404, message);
  }
  const RetainUntilDate = new Date(retention.until).toISOString();
  return xmlAnswer("Retention", { Mode: retention.mode, RetainUntilDate });
}

export function putRetention(bucket: Bucket, key: string, request: AwsRequest): AwsResponse {
  const version = bucket.get(key, request.query.get("versionId") ?? undefined);
  const document = bodyXml(request);
  const [mode, until] = [child(document, "Mode")?.text, child(document, "RetainUntilDate")?.text];
  if (!bucket.objectLock) {
    throw new S3Error("InvalidRequest", 400, "Bucket is missing Object Lock Configuration");
  }
  bucket.retain(version, mode === undefined ? undefined : retentionOf(mode, until), mayBypass(request));
  return { status: 200 };
}
