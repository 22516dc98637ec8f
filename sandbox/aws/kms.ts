/**
 * KMS: Pulumi's envelope encryption of secrets by one symmetric key per region behind one alias, and the state of the
 * keys that the program makes.
 * https://docs.aws.amazon.com/kms/latest/APIReference/API_Encrypt.html
 */
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import type { Region } from "../../components/model.ts";
import type { Registry } from "../providers/registry.ts";
import { JsonError, jsonService } from "./json.ts";
import type { AwsService } from "./protocol.ts";

const CIPHER = "aes-256-gcm";
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const KEY_TYPES = ["aws:kms/key:Key", "aws:kms/replicaKey:ReplicaKey"];
const DAY_SECONDS = 86_400;

export interface KmsOptions {
  readonly accountId: string;
  /** `alias/…`, of the key of every region. */
  readonly alias: string;
  readonly registry: Registry;
}

type KeyState = "Enabled" | "Disabled" | "PendingDeletion";

export function createKms({ accountId, alias, registry }: KmsOptions): AwsService {
  const keys = new Map<Region, Buffer>();
  const keyOf = (region: Region): Buffer => {
    const key = keys.get(region) ?? randomBytes(32);
    keys.set(region, key);
    return key;
  };
  const arnOf = (region: Region): string => `arn:aws:kms:${region}:${accountId}:key/sandbox`;
  const notFound = (id: unknown, region: Region) =>
    new JsonError("NotFoundException", `${String(id)} is not found in ${region}`);

  /** Other than enabled, by ARN. */
  const states = new Map<string, KeyState>();
  const described = (id: unknown, region: Region) => {
    const key = KEY_TYPES.flatMap((type) => registry.list({ type, region })).find(
      (entry) => entry.id === id || entry.outputs["arn"] === id,
    );
    if (key === undefined) throw notFound(id, region);
    const arn = String(key.outputs["arn"]);
    return { id: key.id, arn, state: states.get(arn) ?? "Enabled" };
  };

  return jsonService({
    name: "kms",
    title: "KMS",
    operations: {
      Encrypt({ KeyId, Plaintext }, region) {
        if (KeyId !== alias) throw notFound(KeyId, region);
        const ciphertext = encrypt(keyOf(region), Buffer.from(String(Plaintext), "base64"));
        return { CiphertextBlob: ciphertext.toString("base64"), KeyId: arnOf(region) };
      },
      Decrypt({ CiphertextBlob }, region) {
        const plaintext = decrypt(keyOf(region), Buffer.from(String(CiphertextBlob), "base64"));
        return { Plaintext: plaintext.toString("base64"), KeyId: arnOf(region) };
      },
      DescribeKey({ KeyId }, region) {
        const { id, arn, state } = described(KeyId, region);
        return {
          KeyMetadata: { KeyId: id, Arn: arn, KeyState: state, Enabled: state === "Enabled" },
        };
      },
      ScheduleKeyDeletion({ KeyId, PendingWindowInDays = 30 }, region) {
        const { id, arn } = described(KeyId, region);
        states.set(arn, "PendingDeletion");
        const DeletionDate = Date.now() / 1000 + Number(PendingWindowInDays) * DAY_SECONDS;
        return { KeyId: id, DeletionDate, KeyState: "PendingDeletion", PendingWindowInDays };
      },
      /** Leaves it disabled, as AWS does. */
      CancelKeyDeletion({ KeyId }, region) {
        const { id, arn } = described(KeyId, region);
        states.set(arn, "Disabled");
        return { KeyId: id };
      },
      EnableKey({ KeyId }, region) {
        states.delete(described(KeyId, region).arn);
        return {};
      },
    },
  });
}

function encrypt(key: Buffer, plaintext: Buffer): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, key, nonce);
  const body = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), body]);
}

/** @throws JsonError: made by another key, or not a ciphertext at all */
function decrypt(key: Buffer, blob: Buffer): Buffer {
  try {
    const decipher = createDecipheriv(CIPHER, key, blob.subarray(0, NONCE_BYTES));
    decipher.setAuthTag(blob.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
    return Buffer.concat([decipher.update(blob.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]);
  } catch (cause) {
    const error = new JsonError("InvalidCiphertextException", "the ciphertext is not this key's");
    error.cause = cause;
    throw error;
  }
}
