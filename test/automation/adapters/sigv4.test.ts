import test from "ava";
import { presign } from "../../../automation/adapters/sigv4.ts";

test("the signature is AWS' own for AWS' own example", (t) => {
  // https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
  const url = presign({
    url: new URL("https://examplebucket.s3.amazonaws.com/test.txt"),
    service: "s3",
    region: "us-east-1",
    expiresSeconds: 86_400,
    credentials: {
      accessKeyId: "AKIAIOSFODNN7EXAMPLE",
      secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    },
    now: new Date("2013-05-24T00:00:00Z"),
    payloadHash: "UNSIGNED-PAYLOAD",
  });
  t.is(
    url.searchParams.get("X-Amz-Signature"),
    "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404",
  );
});

test("headers and a session token are part of what is signed", (t) => {
  const sign = (clusterName: string) =>
    presign({
      url: new URL("https://sts.us-west-2.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15"),
      service: "sts",
      region: "us-west-2",
      expiresSeconds: 60,
      headers: { "x-k8s-aws-id": clusterName },
      credentials: { accessKeyId: "A", secretAccessKey: "B", sessionToken: "C/+=" },
      now: new Date("2026-11-23T10:00:00Z"),
    }).searchParams;
  t.is(sign("one").get("X-Amz-SignedHeaders"), "host;x-k8s-aws-id");
  t.is(sign("one").get("X-Amz-Security-Token"), "C/+=");
  t.not(sign("one").get("X-Amz-Signature"), sign("two").get("X-Amz-Signature"));
});
