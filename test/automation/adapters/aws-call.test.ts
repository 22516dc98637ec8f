import test from "ava";
import { AwsCalls } from "../../../automation/adapters/aws-call.ts";
import { Endpoints, ForbiddenRegionError } from "../../../automation/adapters/endpoints.ts";
import { NoAnswerError } from "../../../automation/adapters/http.ts";
import { sign } from "../../../automation/adapters/sigv4.ts";
import { isCredentialsError } from "../../../automation/errors.ts";
import { serve } from "./server.ts";

const credentials = async () => ({ accessKeyId: "AKID", secretAccessKey: "secret", sessionToken: "session" });
const callsTo = (port: number) =>
  new AwsCalls(new Endpoints(["us-west-2"]), credentials, `http://127.0.0.1:${port}`);

test("an RPC call names its operation, signs its body and gives back the answer", async (t) => {
  const server = await serve(t, () => ({ body: { KeyMetadata: { KeyState: "Enabled" } } }));
  const answer = await callsTo(server.port).rpc("kms", "us-west-2", "DescribeKey", { KeyId: "k" });
  t.deepEqual(answer, { KeyMetadata: { KeyState: "Enabled" } });
  const [asked] = server.asked;
  t.is(asked?.method, "POST");
  t.is(asked?.body, '{"KeyId":"k"}');
  t.like(asked?.headers, {
    "content-type": "application/x-amz-json-1.1",
    "x-amz-target": "TrentService.DescribeKey",
    "x-amz-security-token": "session",
  });
  t.regex(
    String(asked?.headers["authorization"]),
    /^AWS4-HMAC-SHA256 Credential=AKID\/\d{8}\/us-west-2\/kms\/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target, Signature=[0-9a-f]{64}$/,
  );
});

/** The published example of a signed request: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html */
test("the signature is AWS' own for its published example", (t) => {
  const { authorization } = sign({
    method: "GET",
    url: new URL("https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08"),
    service: "iam",
    region: "us-east-1",
    headers: { "content-type": "application/x-www-form-urlencoded; charset=utf-8" },
    body: "",
    credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" },
    now: new Date("2015-08-30T12:36:00Z"),
  });
  t.is(
    authorization,
    "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, SignedHeaders=content-type;host;x-amz-date, Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7",
  );
});

test("an error keeps AWS' name, so that missing credentials are told apart", async (t) => {
  const server = await serve(t, () => ({
    status: 400,
    body: { __type: "com.amazonaws.kms#AccessDeniedException", message: "no" },
  }));
  const error = await t.throwsAsync(callsTo(server.port).rpc("kms", "us-west-2", "DescribeKey", {}));
  t.is(error?.name, "AccessDeniedException");
  t.is(error?.message, "kms in us-west-2: 400 no");
  t.true(isCredentialsError(error));
});

test("a REST service names its error in a header", async (t) => {
  const server = await serve(t, () => ({
    status: 404,
    headers: { "x-amzn-errortype": "ResourceNotFoundException:http://internal.amazon.com/" },
    body: { message: "no vault" },
  }));
  const error = await t.throwsAsync(
    callsTo(server.port).rest("backup", "us-west-2", "GET", "/backup-vaults/x"),
  );
  t.deepEqual(
    [error?.name, error?.message],
    ["ResourceNotFoundException", "backup in us-west-2: 404 no vault"],
  );
});

test("a region that is not allowed is not called, one that does not answer is given up", async (t) => {
  const server = await serve(t, () => undefined);
  const calls = callsTo(server.port);
  await t.throwsAsync(calls.rpc("kms", "us-east-1", "DescribeKey", {}), { instanceOf: ForbiddenRegionError });
  t.is(server.asked.length, 0);
  await t.throwsAsync(calls.rpc("kms", "us-west-2", "DescribeKey", {}), { instanceOf: NoAnswerError });
});
