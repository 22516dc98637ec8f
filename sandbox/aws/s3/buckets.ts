/** The buckets of the account, by a name that is unique everywhere; each lives in one region. */
import type { Region } from "../../../components/model.ts";
import { Bucket, type DefaultRetention } from "./bucket.ts";
import { S3Error } from "./error.ts";

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html */
const NAME = /^(?!\d+\.\d+\.\d+\.\d+$)(?!.*\.\.)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;

export class Buckets {
  readonly #buckets = new Map<string, Bucket>();

  /** The bucket, seen from its own region. Throws `NoSuchBucket`, or `PermanentRedirect` from any other. */
  at(region: Region, name: string): Bucket {
    const bucket = this.#buckets.get(name);
    if (!bucket) throw new S3Error("NoSuchBucket", 404, `The specified bucket does not exist: ${name}`);
    if (bucket.region === region) return bucket;
    throw new S3Error(
      "PermanentRedirect",
      301,
      `The bucket ${name} must be addressed in ${bucket.region}, not in ${region}.`,
      { "x-amz-bucket-region": bucket.region },
    );
  }

  find(name: string): Bucket | undefined {
    return this.#buckets.get(name);
  }

  all(): readonly Bucket[] {
    return [...this.#buckets.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  create(region: Region, name: string, hasObjectLock: boolean): Bucket {
    if (!NAME.test(name))
      throw new S3Error("InvalidBucketName", 400, `The specified bucket is not valid: ${name}`);
    if (this.#buckets.has(name)) {
      throw new S3Error(
        "BucketAlreadyOwnedByYou",
        409,
        `Your previous request to create the named bucket succeeded and you already own it: ${name}`,
      );
    }
    const bucket = new Bucket(name, region);
    // Object Lock works on versions only; S3 switches them on with it.
    if (hasObjectLock) {
      bucket.objectLock = { default: undefined };
      bucket.versioning = "Enabled";
    }
    this.#buckets.set(name, bucket);
    return bucket;
  }

  delete(region: Region, name: string): void {
    if (!this.at(region, name).isEmpty) {
      throw new S3Error("BucketNotEmpty", 409, `The bucket you tried to delete is not empty: ${name}`);
    }
    this.#buckets.delete(name);
  }

  setVersioning(bucket: Bucket, status: "Enabled" | "Suspended"): void {
    if (bucket.objectLock && status === "Suspended") {
      throw new S3Error(
        "InvalidBucketState",
        409,
        "An Object Lock configuration is present on this bucket, so the versioning state cannot be changed.",
      );
    }
    bucket.versioning = status;
  }

  setObjectLock(bucket: Bucket, retention: DefaultRetention | undefined): void {
    if (bucket.versioning !== "Enabled") {
      throw new S3Error(
        "InvalidBucketState",
        409,
        "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration",
      );
    }
    bucket.objectLock = { default: retention };
  }
}
