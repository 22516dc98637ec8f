import test from "ava";
import { createSts } from "../../../sandbox/aws/sts.ts";
import { Faults, INTERNET } from "../../../sandbox/faults.ts";
import { ACCOUNT, startEdges } from "./fixtures.ts";

test("callers learn their account, and that nothing else is there", async (t) => {
  const edges = await startEdges(new Faults(), [createSts({ accountId: ACCOUNT })]);
  t.teardown(() => edges.close());
  const { host, port } = edges.address(INTERNET);
  const ask = async (action: string) => {
    const scope = "AKIATEST/20261123/us-west-2/sts/aws4_request";
    const answer = await fetch(`http://${host}:${port}/`, {
      method: "POST",
      headers: { authorization: `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=0` },
      body: new URLSearchParams({ Action: action, Version: "2011-06-15" }),
    });
    return { status: answer.status, text: await answer.text() };
  };
  const known = await ask("GetCallerIdentity");
  t.is(known.status, 200);
  t.regex(known.text, /<GetCallerIdentityResult><Account>111122223333<\/Account>/);
  const unknown = await ask("AssumeRole");
  t.is(unknown.status, 400);
  t.regex(unknown.text, /<Code>InvalidAction<\/Code><Message>The sandbox's STS has no AssumeRole<\/Message>/);
  t.deepEqual(
    edges.calls().map(({ operation }) => operation),
    ["GetCallerIdentity", "AssumeRole"],
  );
});
