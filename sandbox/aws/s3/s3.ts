/**
 * S3, as far as state backends, archives and checkpoints need it: versions and Object Lock included. In memory, like
 * the rest of the sandbox's cloud: a Pulumi state that outlived it would describe resources that are gone.
 */
import { randomBytes } from "node:crypto";
import type { Region } from "../../../components/model.ts";
import type { Service } from "../../cloud/behaviour.ts";
import type { AwsRequest, AwsResponse, AwsService } from "../protocol.ts";
import { child, writeXml } from "../xml.ts";
import { bodyOf } from "./body.ts";
import type { Bucket } from "./bucket.ts";
import { Buckets } from "./buckets.ts";
import { S3Error } from "./error.ts";
import { listObjects, listVersions } from "./listing.ts";
import {
  bodyXml,
  copyObject,
  deleteObject,
  deleteObjects,
  getObject,
  getRetention,
  lockMode,
  putObject,
  putRetention,
  xmlAnswer,
} from "./objects.ts";
import { operationOf, targetOf } from "./operations.ts";
import { bucketBehaviours } from "./resources.ts";

export interface S3 extends Service {
  readonly aws: AwsService;
  /** For what exists before any deployment, the state bucket above all. Does nothing when it is already there. */
  createBucket(region: Region, name: string): void;
}

export async function createS3(): Promise<S3> {
  const buckets = new Buckets();
  return {
    behaviours: bucketBehaviours(buckets),
    aws: { name: "s3", operation: operationOf, handle: async (request) => answer(buckets, request) },
    createBucket(region, name) {
      if (!buckets.find(name)) buckets.create(region, name, false).versioning = "Enabled";
    },
    async close() {},
  };
}

function answer(buckets: Buckets, request: AwsRequest): AwsResponse {
  const requestId = randomBytes(8).toString("hex").toUpperCase();
  try {
    const { status, headers, body } = perform(buckets, request);
    return {
      status,
      headers: { ...headers, "x-amz-request-id": requestId },
      ...(body !== undefined && { body }),
    };
  } catch (error) {
    if (!(error instanceof S3Error)) throw error;
    const headers = { "content-type": "application/xml", "x-amz-request-id": requestId, ...error.headers };
    const { bucket, key } = targetOf(request);
    const details = {
      Code: error.code,
      Message: error.message,
      BucketName: bucket,
      Key: key,
      RequestId: requestId,
    };
    return {
      status: error.status,
      headers,
      body: request.method === "HEAD" ? "" : writeXml("Error", details),
    };
  }
}

function perform(buckets: Buckets, request: AwsRequest): AwsResponse {
  const operation = operationOf(request);
  const { bucket: name, key } = targetOf(request);
  if (operation === "ListBuckets") {
    const Bucket = buckets.all().map((bucket) => ({
      Name: bucket.name,
      CreationDate: bucket.createdAt.toISOString(),
      BucketRegion: bucket.region,
    }));
    return xmlAnswer("ListAllMyBucketsResult", { Buckets: { Bucket } });
  }
  if (operation === "CreateBucket") {
    checkLocation(request);
    const hasLock = request.headers["x-amz-bucket-object-lock-enabled"]?.toLowerCase() === "true";
    buckets.create(request.region, name, hasLock);
    return { status: 200, headers: { location: `/${name}` } };
  }
  const bucket = buckets.at(request.region, name);
  const perform = OPERATIONS[operation];
  if (perform) return perform({ buckets, bucket, key, request });
  throw new S3Error("NotImplemented", 501, `The sandbox's S3 does not implement ${operation}`);
}

/** Everywhere but in us-east-1, whose name is the absence of one, the body must name the region that is asked. */
function checkLocation(request: AwsRequest): void {
  const document = bodyOf(request).length > 0 ? bodyXml(request) : undefined;
  const location = child(document, "LocationConstraint")?.text;
  if ((location ?? "us-east-1") === request.region) return;
  throw new S3Error(
    "IllegalLocationConstraintException",
    400,
    `The ${location ?? "unspecified"} location constraint is incompatible for the region specific endpoint this ` +
      `request was sent to.`,
  );
}

interface Act {
  readonly buckets: Buckets;
  readonly bucket: Bucket;
  readonly key: string;
  readonly request: AwsRequest;
}

const OPERATIONS: Readonly<Record<string, (act: Act) => AwsResponse>> = {
  DeleteBucket({ buckets, bucket }) {
    buckets.delete(bucket.region, bucket.name);
    return { status: 204 };
  },
  HeadBucket: ({ bucket }) => ({ status: 200, headers: { "x-amz-bucket-region": bucket.region } }),
  GetBucketLocation: ({ bucket }) =>
    xmlAnswer("LocationConstraint", bucket.region === "us-east-1" ? "" : bucket.region),
  GetBucketVersioning: ({ bucket }) => xmlAnswer("VersioningConfiguration", { Status: bucket.versioning }),
  PutBucketVersioning({ buckets, bucket, request }) {
    const status = child(bodyXml(request), "Status")?.text;
    buckets.setVersioning(bucket, status === "Enabled" ? "Enabled" : "Suspended");
    return { status: 200 };
  },
  GetObjectLockConfiguration({ bucket }) {
    if (!bucket.objectLock) {
      const message = "Object Lock configuration does not exist for this bucket";
      throw new S3Error("ObjectLockConfigurationNotFoundError", 404, message);
    }
    const retention = bucket.objectLock.default;
    return xmlAnswer("ObjectLockConfiguration", {
      ObjectLockEnabled: "Enabled",
      Rule: retention && { DefaultRetention: { Mode: retention.mode, Days: retention.days } },
    });
  },
  PutObjectLockConfiguration({ buckets, bucket, request }) {
    const rule = child(bodyXml(request), "Rule", "DefaultRetention");
    const days = Number(child(rule, "Days")?.text ?? 365 * Number(child(rule, "Years")?.text ?? 0));
    buckets.setObjectLock(bucket, rule && { mode: lockMode(child(rule, "Mode")?.text), days });
    return { status: 200 };
  },
  // Nothing here is public: that it was asked for is all there is to keep.
  PutPublicAccessBlock({ bucket, request }) {
    const settings = bodyXml(request).children.map(({ name, text }) => [name, text] as const);
    bucket.publicAccessBlock = Object.fromEntries(settings);
    return { status: 200 };
  },
  GetPublicAccessBlock({ bucket }) {
    if (bucket.publicAccessBlock)
      return xmlAnswer("PublicAccessBlockConfiguration", bucket.publicAccessBlock);
    const message = "The public access block configuration was not found";
    throw new S3Error("NoSuchPublicAccessBlockConfiguration", 404, message);
  },
  ListObjectsV2: ({ bucket, request }) => xmlAnswer("ListBucketResult", listObjects(bucket, request.query)),
  ListObjectVersions: ({ bucket, request }) =>
    xmlAnswer("ListVersionsResult", listVersions(bucket, request.query)),
  DeleteObjects: ({ bucket, request }) => deleteObjects(bucket, request),
  GetObject: ({ bucket, key, request }) => getObject(bucket, key, request),
  HeadObject: ({ bucket, key, request }) => getObject(bucket, key, request),
  PutObject: ({ bucket, key, request }) => putObject(bucket, key, request),
  CopyObject({ buckets, bucket, key, request }) {
    const [path = "", query] = (request.headers["x-amz-copy-source"] ?? "").split("?");
    const from = targetOf({ path: path.startsWith("/") ? path : `/${path}` });
    const versionId = new URLSearchParams(query).get("versionId") ?? undefined;
    const source = buckets.find(from.bucket)?.get(from.key, versionId);
    if (!source)
      throw new S3Error("NoSuchBucket", 404, `The specified bucket does not exist: ${from.bucket}`);
    return copyObject(bucket, key, source, request);
  },
  DeleteObject: ({ bucket, key, request }) => deleteObject(bucket, key, request),
  GetObjectRetention: ({ bucket, key, request }) => getRetention(bucket, key, request),
  PutObjectRetention: ({ bucket, key, request }) => putRetention(bucket, key, request),
  GetObjectLegalHold({ bucket, key, request }) {
    const { legalHold } = bucket.get(key, request.query.get("versionId") ?? undefined);
    return xmlAnswer("LegalHold", { Status: legalHold ? "ON" : "OFF" });
  },
  PutObjectLegalHold({ bucket, key, request }) {
    const version = bucket.get(key, request.query.get("versionId") ?? undefined);
    version.legalHold = child(bodyXml(request), "Status")?.text === "ON";
    return { status: 200 };
  },
};
