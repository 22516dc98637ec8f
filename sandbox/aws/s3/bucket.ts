/** A bucket and what is in it: versions, delete markers, and locks that keep versions from being removed. */
import { createHash, randomBytes } from "node:crypto";
import type { Region } from "../../../components/model.ts";
import { S3Error } from "./error.ts";

export type LockMode = "GOVERNANCE" | "COMPLIANCE";

export interface Retention {
  readonly mode: LockMode;
  /** Milliseconds since 1970. */
  readonly until: number;
}

/** A version of an object as it was put. */
export interface Content {
  readonly body: Buffer;
  /** Headers that come back with the object: content type, user metadata, checksums… */
  readonly headers: Readonly<Record<string, string>>;
}

export interface Version extends Content {
  readonly key: string;
  /** `null` when put while versioning was off. */
  readonly versionId: string;
  readonly etag: string;
  readonly lastModified: Date;
  readonly isDeleteMarker: boolean;
  retention: Retention | undefined;
  legalHold: boolean;
}

export interface DefaultRetention {
  readonly mode: LockMode;
  readonly days: number;
}

const DAY = 86_400_000;
const UNVERSIONED = "null";

export class Bucket {
  readonly name: string;
  readonly region: Region;
  readonly createdAt = new Date();
  versioning: "Enabled" | "Suspended" | undefined;
  objectLock: { readonly default: DefaultRetention | undefined } | undefined;
  publicAccessBlock: Readonly<Record<string, string>> | undefined;
  /** By key; the newest version last. */
  readonly #versions = new Map<string, Version[]>();

  constructor(name: string, region: Region) {
    this.name = name;
    this.region = region;
  }

  get isEmpty(): boolean {
    return this.#versions.size === 0;
  }

  /** Every key with its versions, in the order of S3's listings (UTF-8 bytes). */
  sorted(prefix: string): readonly (readonly Version[])[] {
    return [...this.#versions]
      .filter(([key]) => key.startsWith(prefix))
      .sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
      .map(([, versions]) => versions);
  }

  /** The version asked for, the newest without `versionId`. Throws `NoSuchKey`, `NoSuchVersion`, or 405 on a marker. */
  get(key: string, versionId?: string): Version {
    const version = this.find(key, versionId);
    if (!version) {
      if (versionId !== undefined)
        throw new S3Error("NoSuchVersion", 404, "The specified version does not exist.");
      throw new S3Error("NoSuchKey", 404, "The specified key does not exist.");
    }
    if (!version.isDeleteMarker) return version;
    const headers = { "x-amz-delete-marker": "true", "x-amz-version-id": version.versionId };
    if (versionId === undefined)
      throw new S3Error("NoSuchKey", 404, "The specified key does not exist.", headers);
    throw new S3Error(
      "MethodNotAllowed",
      405,
      "The specified method is not allowed against this resource.",
      headers,
    );
  }

  find(key: string, versionId?: string): Version | undefined {
    const versions = this.#versions.get(key) ?? [];
    return versionId === undefined
      ? versions.at(-1)
      : versions.find((version) => version.versionId === versionId);
  }

  put(
    key: string,
    { body, headers }: Content,
    retention: Retention | undefined,
    legalHold: boolean,
  ): Version {
    const byDefault = this.objectLock?.default;
    const etag = `"${createHash("md5").update(body).digest("hex")}"`;
    return this.#add({
      key,
      body,
      headers,
      etag,
      isDeleteMarker: false,
      retention:
        retention ?? (byDefault && { mode: byDefault.mode, until: Date.now() + byDefault.days * DAY }),
      legalHold,
    });
  }

  /**
   * Without `versionId`: a delete marker, or the end of the object in a bucket without versions. With it: that version
   * is gone, unless a lock holds it. Returns what was removed or added; undefined when there was nothing.
   */
  delete(key: string, versionId: string | undefined, mayBypassGovernance: boolean): Version | undefined {
    if (versionId === undefined && this.versioning !== undefined) {
      return this.#add({
        key,
        body: Buffer.alloc(0),
        headers: {},
        etag: "",
        isDeleteMarker: true,
        retention: undefined,
        legalHold: false,
      });
    }
    const version = this.find(key, versionId);
    if (version) {
      this.#checkLock(version, mayBypassGovernance);
      this.#remove(version);
    }
    return version;
  }

  /** Extends a retention; shortening or lifting it needs the bypass, and is impossible in compliance mode. */
  retain(version: Version, retention: Retention | undefined, mayBypassGovernance: boolean): void {
    const held = version.retention;
    const weakens =
      held !== undefined &&
      held.until > Date.now() &&
      (retention === undefined ||
        retention.until < held.until ||
        (held.mode === "COMPLIANCE" && retention.mode === "GOVERNANCE"));
    if (weakens && !(held.mode === "GOVERNANCE" && mayBypassGovernance)) throw locked();
    version.retention = retention;
  }

  #checkLock({ retention, legalHold }: Version, mayBypassGovernance: boolean): void {
    const isRetained = retention !== undefined && retention.until > Date.now();
    if (legalHold || (isRetained && !(retention.mode === "GOVERNANCE" && mayBypassGovernance)))
      throw locked();
  }

  #add(version: Omit<Version, "versionId" | "lastModified">): Version {
    const versionId = this.versioning === "Enabled" ? randomBytes(24).toString("base64url") : UNVERSIONED;
    const added: Version = { ...version, versionId, lastModified: new Date() };
    const versions = this.#versions.get(added.key) ?? [];
    const kept =
      versionId === UNVERSIONED ? versions.filter((old) => old.versionId !== UNVERSIONED) : versions;
    kept.push(added);
    this.#versions.set(added.key, kept);
    return added;
  }

  #remove(version: Version): void {
    const left = (this.#versions.get(version.key) ?? []).filter((other) => other !== version);
    if (left.length === 0) this.#versions.delete(version.key);
    else this.#versions.set(version.key, left);
  }
}

const locked = (): S3Error =>
  new S3Error("AccessDenied", 403, "Access Denied because object protected by object lock.");
