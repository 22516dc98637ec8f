/**
 * KMS, as far as Pulumi's envelope encryption of secrets needs it: one symmetric key per region behind one alias.
 * https://docs.aws.amazon.com/kms/latest/APIReference/API_Encrypt.html
 */
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import type { Region } from "../../components/model.ts";
import type { AwsRequest, AwsResponse, AwsService } from "./protocol.ts";

const CIPHER = "aes-256-gcm";
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

class KmsError extends Error {
  override readonly name: string;

  constructor(code: string, message: string) {
    super(message);
    this.name = code;
  }
}

export interface KmsOptions {
  readonly accountId: string;
  /** `alias/…`, of the key of every region. */
  readonly alias: string;
}

export function createKms({ accountId, alias }: KmsOptions): AwsService {
  const keys = new Map<Region, Buffer>();
  const keyOf = (region: Region): Buffer => {
    const key = keys.get(region) ?? randomBytes(32);
    keys.set(region, key);
    return key;
  };
  const arnOf = (region: Region): string => `arn:aws:kms:${region}:${accountId}:key/sandbox`;

  const operations: Readonly<Record<string, (region: Region, input: Record<string, unknown>) => object>> = {
    Encrypt(region, { KeyId, Plaintext }) {
      if (KeyId !== alias)
        throw new KmsError("NotFoundException", `${String(KeyId)} is not found in ${region}`);
      const ciphertext = encrypt(keyOf(region), Buffer.from(String(Plaintext), "base64"));
      return { CiphertextBlob: ciphertext.toString("base64"), KeyId: arnOf(region) };
    },
    Decrypt(region, { CiphertextBlob }) {
      const plaintext = decrypt(keyOf(region), Buffer.from(String(CiphertextBlob), "base64"));
      return { Plaintext: plaintext.toString("base64"), KeyId: arnOf(region) };
    },
  };

  return {
    name: "kms",
    operation,
    async handle(request) {
      const name = operation(request);
      try {
        const run = operations[name];
        if (run === undefined)
          throw new KmsError("UnsupportedOperationException", `The sandbox's KMS has no ${name}`);
        return answer(200, run(request.region, JSON.parse(request.body.toString("utf8"))));
      } catch (error) {
        if (!(error instanceof KmsError)) throw error;
        return answer(400, { __type: error.name, message: error.message });
      }
    },
  };
}

const operation = ({ headers }: AwsRequest): string => headers["x-amz-target"]?.split(".")[1] ?? "unknown";

const answer = (status: number, body: object): AwsResponse => ({
  status,
  headers: { "content-type": "application/x-amz-json-1.1" },
  body: JSON.stringify(body),
});

function encrypt(key: Buffer, plaintext: Buffer): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, key, nonce);
  const body = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), body]);
}

/** @throws KmsError: made by another key, or not a ciphertext at all */
function decrypt(key: Buffer, blob: Buffer): Buffer {
  try {
    const decipher = createDecipheriv(CIPHER, key, blob.subarray(0, NONCE_BYTES));
    decipher.setAuthTag(blob.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
    return Buffer.concat([decipher.update(blob.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]);
  } catch (cause) {
    const error = new KmsError("InvalidCiphertextException", "the ciphertext is not this key's");
    error.cause = cause;
    throw error;
  }
}
