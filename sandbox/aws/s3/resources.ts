/** `aws:s3` resources: the bucket itself, what changes how it acts, and for the rest that the bucket exists. */
import type { Region } from "../../../components/model.ts";
import type { Behaviour, Behaviours, Json, Placement, Properties } from "../../cloud/behaviour.ts";
import type { Bucket } from "./bucket.ts";
import type { Buckets } from "./buckets.ts";
import { S3Error } from "./error.ts";
import { lockMode } from "./objects.ts";

/** Settings of a bucket that change nothing here, but cannot be made for a bucket that is not there. */
const SETTINGS = [
  "bucketPublicAccessBlock:BucketPublicAccessBlock",
  "bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
  "bucketLifecycleConfiguration:BucketLifecycleConfiguration",
  "bucketOwnershipControls:BucketOwnershipControls",
  "bucketPolicy:BucketPolicy",
  "bucketLogging:BucketLogging",
] as const;

const text = (value: Json | undefined): string => (typeof value === "string" ? value : "");
const object = (value: Json | undefined): Properties =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Properties) : {};

function regionOf({ region, type }: Placement): Region {
  if (region !== "global") return region;
  throw new Error(`${type} lives in a region, not globally`);
}

export function bucketBehaviours(buckets: Buckets): Behaviours {
  const settings = SETTINGS.map((type) => [`aws:s3/${type}`, setting(buckets, () => {})] as const);
  return {
    ...Object.fromEntries(settings),
    "aws:s3/bucket:Bucket": bucketBehaviour(buckets),
    "aws:s3/bucketV2:BucketV2": bucketBehaviour(buckets),
    "aws:s3/bucketVersioning:BucketVersioning": setting(buckets, (bucket, inputs) => {
      const status = text(object(inputs["versioningConfiguration"])["status"]);
      if (status === "Enabled" || status === "Suspended") buckets.setVersioning(bucket, status);
    }),
    "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration": setting(
      buckets,
      (bucket, inputs) => {
        const rule = object(object(inputs["rule"])["defaultRetention"]);
        const days = Number(rule["days"] ?? 365 * Number(rule["years"] ?? 0));
        buckets.setObjectLock(
          bucket,
          inputs["rule"] ? { mode: lockMode(text(rule["mode"])), days } : undefined,
        );
      },
    ),
  };
}

function bucketBehaviour(buckets: Buckets): Behaviour {
  const identify = ({ name, region }: Bucket) => ({
    id: name,
    bucket: name,
    arn: `arn:aws:s3:::${name}`,
    bucketRegion: region,
    bucketDomainName: `${name}.s3.amazonaws.com`,
    bucketRegionalDomainName: `${name}.s3.${region}.amazonaws.com`,
  });
  return {
    async create(inputs, at) {
      return identify(
        buckets.create(regionOf(at), text(inputs["bucket"]), inputs["objectLockEnabled"] === true),
      );
    },
    async delete(id, olds, at) {
      const bucket = buckets.at(regionOf(at), id);
      if (olds["forceDestroy"] === true) {
        // The provider bypasses governance as it empties the bucket; compliance still holds.
        for (const versions of bucket.sorted("")) {
          for (const { key, versionId } of [...versions]) bucket.delete(key, versionId, true);
        }
      }
      buckets.delete(regionOf(at), id);
    },
    async read(id) {
      const bucket = buckets.find(id);
      return bucket && { ...identify(bucket), objectLockEnabled: bucket.objectLock !== undefined };
    },
  };
}

/** A resource whose `bucket` names the bucket that it sets something on. */
function setting(buckets: Buckets, apply: (bucket: Bucket, inputs: Properties) => void): Behaviour {
  const target = (inputs: Properties, at: Placement): Bucket => {
    const name = text(inputs["bucket"]);
    try {
      return buckets.at(regionOf(at), name);
    } catch (cause) {
      if (!(cause instanceof S3Error)) throw cause;
      throw new Error(`S3 Bucket (${name}): ${cause.code}: ${cause.message}`, { cause });
    }
  };
  return {
    async create(inputs, at) {
      const bucket = target(inputs, at);
      apply(bucket, inputs);
      return { id: bucket.name };
    },
    async update(_id, _olds, news, at) {
      apply(target(news, at), news);
      return {};
    },
    async read(_id, last) {
      return buckets.find(text(last["bucket"])) && {};
    },
  };
}
