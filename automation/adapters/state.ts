/**
 * Pulumi's state, read where it lies and without Pulumi: a failover needs its outputs, its targets and its locks
 * also when the engine does not work, and half a second sooner when it does.
 * Layout: https://github.com/pulumi/pulumi/tree/v3.230.0/pkg/backend/diy
 */
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { gunzipSync } from "node:zlib";
import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  NoSuchKey,
  PutObjectCommand,
  S3Client,
  type S3ClientConfig,
} from "@aws-sdk/client-s3";
import { z } from "zod";
import { UsageError } from "../errors.ts";

/** The witness region: the state survives the loss of either of the others. */
const DEFAULT_REGION = "us-east-2";

/** Objects by key, as Pulumi's own backends see them. */
export interface Bucket {
  readonly url: string;
  get(key: string): Promise<Buffer | undefined>;
  /** Keys that start with `prefix`. */
  list(prefix: string): Promise<readonly string[]>;
  put(key: string, text: string): Promise<void>;
  delete(key: string): Promise<void>;
}

export interface StateResource {
  readonly urn: string;
  readonly type: string;
  readonly id?: string | undefined;
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly outputs: Readonly<Record<string, unknown>>;
  /** Pulumi refuses to delete it. */
  readonly protect: boolean;
}

export interface StackState {
  readonly stack: string;
  readonly resources: readonly StateResource[];
  /** The stack's outputs as they were last deployed; not yet checked. */
  readonly outputs: Readonly<Record<string, unknown>>;
  /** Operations that were under way when an update was killed. */
  readonly pendingOperations: number;
}

export interface StateLock {
  readonly key: string;
  readonly pid: number;
  readonly username: string;
  readonly hostname: string;
  /** ISO 8601. */
  readonly timestamp: string;
}

const properties = z.record(z.string(), z.unknown()).default({});
const checkpointSchema = z.object({
  checkpoint: z.object({
    latest: z
      .object({
        resources: z
          .array(
            z.object({
              urn: z.string(),
              type: z.string(),
              id: z.string().optional(),
              inputs: properties,
              outputs: properties,
              protect: z.boolean().default(false),
            }),
          )
          .default([]),
        pending_operations: z.array(z.unknown()).default([]),
      })
      .nullish(),
  }),
});
const lockSchema = z.object({
  pid: z.number(),
  username: z.string(),
  hostname: z.string(),
  timestamp: z.string(),
});

export class StateStore {
  readonly #bucket: Bucket;
  readonly #project: string;

  constructor(bucket: Bucket, project: string) {
    this.#bucket = bucket;
    this.#project = project;
  }

  get url(): string {
    return this.#bucket.url;
  }

  /** What is kept beside the state, below `.dr/`. */
  get bucket(): Bucket {
    return this.#bucket;
  }

  /** Undefined: this stack was never deployed here. */
  async read(stack: string): Promise<StackState | undefined> {
    const base = `.pulumi/stacks/${this.#project}/${stack}.json`;
    const plain = await this.#bucket.get(base);
    const packed = plain === undefined ? await this.#bucket.get(`${base}.gz`) : undefined;
    const text = plain ?? (packed && gunzipSync(packed));
    if (text === undefined) return undefined;
    const { latest } = checkpointSchema.parse(JSON.parse(text.toString("utf8"))).checkpoint;
    const resources = latest?.resources ?? [];
    return {
      stack,
      resources,
      outputs: resources.find(({ type }) => type === "pulumi:pulumi:Stack")?.outputs ?? {},
      pendingOperations: latest?.pending_operations.length ?? 0,
    };
  }

  async locks(stack: string): Promise<readonly StateLock[]> {
    const keys = await this.#bucket.list(`.pulumi/locks/organization/${this.#project}/${stack}/`);
    const locks = await Promise.all(
      keys
        .filter((key) => key.endsWith(".json"))
        .map(async (key) => {
          const text = await this.#bucket.get(key);
          // Released between the listing and the reading.
          return text && { key, ...lockSchema.parse(JSON.parse(text.toString("utf8"))) };
        }),
    );
    return locks.filter((lock) => lock !== undefined);
  }

  /** Removes exactly this lock; `pulumi cancel` would remove any that is there by then. */
  async release(lock: StateLock): Promise<void> {
    await this.#bucket.delete(lock.key);
  }
}

/** @throws UsageError when the URL is none that can be read without Pulumi */
export function openBucket(url: string | undefined, clientConfig: S3ClientConfig = {}): Bucket {
  const allowed = "s3://BUCKET?region=REGION or file://DIRECTORY";
  if (url === undefined) {
    throw new UsageError(
      `PULUMI_BACKEND_URL is not set: dr reads Pulumi's state itself, to work without the engine. Set it to ${allowed}`,
    );
  }
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed?.protocol === "s3:") return new S3Bucket(parsed, clientConfig);
  if (parsed?.protocol === "file:") return new FileBucket(url);
  throw new UsageError(`PULUMI_BACKEND_URL is "${url}"; dr can read ${allowed}`);
}

class S3Bucket implements Bucket {
  readonly url: string;
  readonly #client: S3Client;
  readonly #bucket: string;
  readonly #prefix: string;

  constructor(url: URL, clientConfig: S3ClientConfig) {
    this.url = `s3://${url.hostname}${url.pathname}`;
    const { bucket, client } = s3Location(url);
    this.#bucket = bucket;
    this.#prefix = url.pathname.replace(/^\/+|\/+$/g, "").replace(/.$/, "$&/");
    this.#client = new S3Client({ ...clientConfig, ...client });
  }

  async get(key: string): Promise<Buffer | undefined> {
    try {
      const { Body } = await this.#client.send(
        new GetObjectCommand({ Bucket: this.#bucket, Key: `${this.#prefix}${key}` }),
      );
      return Body && Buffer.from(await Body.transformToByteArray());
    } catch (error) {
      if (error instanceof NoSuchKey) return undefined;
      throw error;
    }
  }

  async list(prefix: string): Promise<readonly string[]> {
    const { Contents = [] } = await this.#client.send(
      new ListObjectsV2Command({ Bucket: this.#bucket, Prefix: `${this.#prefix}${prefix}` }),
    );
    return Contents.map(({ Key = "" }) => Key.slice(this.#prefix.length));
  }

  async put(key: string, text: string): Promise<void> {
    await this.#client.send(
      new PutObjectCommand({ Bucket: this.#bucket, Key: `${this.#prefix}${key}`, Body: text }),
    );
  }

  async delete(key: string): Promise<void> {
    await this.#client.send(new DeleteObjectCommand({ Bucket: this.#bucket, Key: `${this.#prefix}${key}` }));
  }
}

class FileBucket implements Bucket {
  readonly url: string;
  readonly #directory: string;

  constructor(url: string) {
    this.url = url;
    this.#directory = decodeURIComponent(url.slice("file://".length).replace(/\?.*$/, ""));
  }

  async get(key: string): Promise<Buffer | undefined> {
    return await readFile(path.join(this.#directory, key)).catch(absent);
  }

  async list(prefix: string): Promise<readonly string[]> {
    const names = await readdir(path.join(this.#directory, prefix)).catch(absent);
    return (names ?? []).map((name) => `${prefix}${name}`);
  }

  async put(key: string, text: string): Promise<void> {
    const file = path.join(this.#directory, key);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, text);
  }

  async delete(key: string): Promise<void> {
    await rm(path.join(this.#directory, key), { force: true });
  }
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code === "ENOENT") return undefined;
  throw error;
}

/** What the backend's URL says of its bucket, in the words of Pulumi's own S3 driver. */
export function s3Location(url: URL): { bucket: string; region: string; client: S3ClientConfig } {
  const option = (name: string) => url.searchParams.get(name);
  const endpoint = option("endpoint");
  const plain = option("disableSSL") === "true" || option("disable_https") === "true";
  const region = option("region") ?? DEFAULT_REGION;
  return {
    bucket: url.hostname,
    region,
    client: {
      region,
      forcePathStyle: option("s3ForcePathStyle") === "true" || option("use_path_style") === "true",
      ...(endpoint && {
        endpoint: endpoint.includes("://") ? endpoint : `${plain ? "http" : "https"}://${endpoint}`,
      }),
    },
  };
}
