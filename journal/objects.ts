/** Named texts in a bucket: what checkpoints and the archive are made of. */
import {
  GetObjectCommand,
  ListObjectsV2Command,
  NoSuchKey,
  PutObjectCommand,
  type S3Client,
} from "@aws-sdk/client-s3";

export interface ObjectStore {
  /** Under Object Lock a repeated put adds a version with the same content. */
  put(key: string, body: string, signal?: AbortSignal): Promise<void>;
  get(key: string, signal?: AbortSignal): Promise<string | undefined>;
  /** Keys under a prefix in ascending order, at most 1,000 or `limit` of them. */
  list(prefix: string, options?: ListOptions): Promise<readonly string[]>;
}

export interface ListOptions {
  readonly startAfter?: string | undefined;
  readonly limit?: number;
  readonly signal?: AbortSignal | undefined;
}

export interface S3ObjectOptions {
  readonly client: S3Client;
  readonly bucket: string;
}

export function openS3Objects({ client, bucket: Bucket }: S3ObjectOptions): ObjectStore {
  const abort = (signal: AbortSignal | undefined) => (signal ? { abortSignal: signal } : {});
  return {
    async put(Key, Body, signal) {
      const ContentType = "text/plain; charset=utf-8";
      await client.send(new PutObjectCommand({ Bucket, Key, Body, ContentType }), abort(signal));
    },
    async get(Key, signal) {
      try {
        const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }), abort(signal));
        return await Body?.transformToString();
      } catch (error) {
        if (error instanceof NoSuchKey) return undefined;
        throw error;
      }
    },
    async list(Prefix, { startAfter, limit, signal } = {}) {
      const command = new ListObjectsV2Command({ Bucket, Prefix, StartAfter: startAfter, MaxKeys: limit });
      const { Contents = [] } = await client.send(command, abort(signal));
      return Contents.flatMap(({ Key }) => (Key === undefined ? [] : [Key]));
    },
  };
}

export async function* listAll(
  objects: ObjectStore,
  prefix: string,
  signal?: AbortSignal,
): AsyncGenerator<string, void, undefined> {
  for (let startAfter: string | undefined; ; ) {
    const keys = await objects.list(prefix, { startAfter, signal });
    yield* keys;
    startAfter = keys.at(-1);
    if (startAfter === undefined) return;
  }
}
