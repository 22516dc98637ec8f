import test from "ava";
import type { Region } from "../../../components/model.ts";
import { createKms } from "../../../sandbox/aws/kms.ts";
import { Registry } from "../../../sandbox/providers/registry.ts";

const registry = new Registry();
const kms = createKms({ accountId: "123456789012", alias: "alias/state", registry });

async function call(region: Region, operation: string, input: object) {
  const { status, body } = await kms.handle({
    from: "internet",
    region,
    method: "POST",
    path: "/",
    query: new URLSearchParams(),
    headers: { "x-amz-target": `TrentService.${operation}` },
    body: Buffer.from(JSON.stringify(input)),
    signal: AbortSignal.timeout(1_000),
  });
  return { status, answer: JSON.parse(String(body)) as Record<string, string> };
}

const Plaintext = Buffer.from("data key").toString("base64");

test("what a key encrypts it decrypts again, and the other region's key does not", async (t) => {
  const { answer } = await call("us-east-2", "Encrypt", { KeyId: "alias/state", Plaintext });
  t.not(answer["CiphertextBlob"], Plaintext);
  const { CiphertextBlob } = answer;
  t.like(await call("us-east-2", "Decrypt", { CiphertextBlob }), {
    status: 200,
    answer: { Plaintext, KeyId: "arn:aws:kms:us-east-2:123456789012:key/sandbox" },
  });
  t.deepEqual(await call("us-west-2", "Decrypt", { CiphertextBlob }), {
    status: 400,
    answer: { __type: "InvalidCiphertextException", message: "the ciphertext is not this key's" },
  });
});

test("an alias that is not there and an operation that is not modelled are refused by name", async (t) => {
  t.deepEqual(await call("us-east-2", "Encrypt", { KeyId: "alias/other", Plaintext }), {
    status: 400,
    answer: { __type: "NotFoundException", message: "alias/other is not found in us-east-2" },
  });
  t.deepEqual(await call("us-east-2", "GenerateDataKey", { KeyId: "alias/state" }), {
    status: 400,
    answer: {
      __type: "UnsupportedOperationException",
      message: "The sandbox's KMS has no GenerateDataKey",
    },
  });
});
