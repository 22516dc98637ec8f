/** ListObjectsV2 and ListObjectVersions. */
import type { XmlValue } from "../xml.ts";
import type { Bucket, Version } from "./bucket.ts";

const PAGE = 1_000;

interface Entry {
  readonly key: string;
  /** Undefined: a common prefix. */
  readonly version: Version | undefined;
  readonly isLatest: boolean;
}

const encoder = (query: URLSearchParams): ((text: string) => string) =>
  query.get("encoding-type") === "url"
    ? (text) => encodeURIComponent(text).replaceAll("%2F", "/").replaceAll("*", "%2A")
    : (text) => text;

/** Groups below the delimiter, in order, each group once. */
function* entries(bucket: Bucket, prefix: string, delimiter: string, versions: boolean): Generator<Entry> {
  let group: string | undefined;
  for (const all of bucket.sorted(prefix)) {
    const newest = all.at(-1);
    if (!newest || (!versions && newest.isDeleteMarker)) continue;
    const { key } = newest;
    const cut = delimiter === "" ? -1 : key.indexOf(delimiter, prefix.length);
    if (cut >= 0) {
      const common = key.slice(0, cut + delimiter.length);
      if (common !== group) yield { key: common, version: undefined, isLatest: false };
      group = common;
    } else if (versions) {
      for (const version of all.toReversed()) yield { key, version, isLatest: version === newest };
    } else yield { key, version: newest, isLatest: true };
  }
}

export function listObjects(bucket: Bucket, query: URLSearchParams): XmlValue {
  const encode = encoder(query);
  const [prefix, delimiter] = [query.get("prefix") ?? "", query.get("delimiter") ?? ""];
  const limit = Math.min(Number(query.get("max-keys") ?? PAGE), PAGE);
  const token = query.get("continuation-token");
  const after =
    token === null ? (query.get("start-after") ?? "") : Buffer.from(token, "base64url").toString();
  const rest = [...entries(bucket, prefix, delimiter, false)].filter(({ key }) => key > after);
  const page = rest.slice(0, limit);
  const last = page.at(-1);
  const isTruncated = rest.length > page.length && last !== undefined;
  return {
    Name: bucket.name,
    Prefix: encode(prefix),
    Delimiter: delimiter === "" ? undefined : encode(delimiter),
    MaxKeys: limit,
    KeyCount: page.length,
    EncodingType: query.get("encoding-type") ?? undefined,
    IsTruncated: isTruncated,
    ContinuationToken: token ?? undefined,
    NextContinuationToken: isTruncated ? Buffer.from(last.key).toString("base64url") : undefined,
    StartAfter: query.get("start-after") ?? undefined,
    Contents: page.flatMap(({ version }) =>
      version ? [{ Key: encode(version.key), ...describe(version), StorageClass: "STANDARD" }] : [],
    ),
    CommonPrefixes: page.flatMap(({ key, version }) => (version ? [] : [{ Prefix: encode(key) }])),
  };
}

/** All at once: the sandbox' version listings are small. */
export function listVersions(bucket: Bucket, query: URLSearchParams): XmlValue {
  const encode = encoder(query);
  const [prefix, delimiter] = [query.get("prefix") ?? "", query.get("delimiter") ?? ""];
  const all = [...entries(bucket, prefix, delimiter, true)];
  const listed = (isDeleteMarker: boolean): XmlValue[] =>
    all.flatMap(({ version, isLatest }) =>
      version?.isDeleteMarker === isDeleteMarker
        ? [
            {
              Key: encode(version.key),
              VersionId: version.versionId,
              IsLatest: isLatest,
              ...(isDeleteMarker ? { LastModified: version.lastModified.toISOString() } : describe(version)),
            },
          ]
        : [],
    );
  return {
    Name: bucket.name,
    Prefix: encode(prefix),
    MaxKeys: PAGE,
    IsTruncated: false,
    EncodingType: query.get("encoding-type") ?? undefined,
    Version: listed(false),
    DeleteMarker: listed(true),
    CommonPrefixes: all.flatMap(({ key, version }) => (version ? [] : [{ Prefix: encode(key) }])),
  };
}

const describe = ({ lastModified, etag, body }: Version) => ({
  LastModified: lastModified.toISOString(),
  ETag: etag,
  Size: body.length,
});
