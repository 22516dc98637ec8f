import test from "ava";
import { AwsCloud } from "../../../../sandbox/providers/aws/cloud.ts";
import { Registry } from "../../../../sandbox/providers/registry.ts";
import { ACCOUNT, REGIONS } from "../engine.ts";

const cloud = new AwsCloud({
  version: "7.0.0",
  accountId: ACCOUNT,
  regions: REGIONS,
  registry: new Registry(),
});

/** The places asked for while configuring. */
async function configured(config: Record<string, string>): Promise<string[]> {
  const asked: string[] = [];
  await cloud.configure(config, async (place) => {
    asked.push(place);
  });
  return asked;
}

test("the provider asks STS in its own region who it is, or in the one given for that", async (t) => {
  t.deepEqual(await configured({ region: "us-west-2" }), ["us-west-2"]);
  t.deepEqual(await configured({ region: "us-west-2", stsRegion: "us-east-2" }), ["us-east-2"]);
  t.deepEqual(await configured({ region: "us-west-2", skipCredentialsValidation: "true" }), []);
});

test("a region that does not answer leaves the provider without its identity", async (t) => {
  const cause = new Error("us-east-1 is unreachable from internet");
  const error = await t.throwsAsync(
    cloud.configure({ region: "us-east-1" }, async () => {
      throw cause;
    }),
    { message: "retrieving caller identity from STS in us-east-1" },
  );
  t.is(error?.cause, cause);
});

test("another account than the allowed ones is refused", async (t) => {
  await t.notThrowsAsync(configured({ region: "us-east-1", allowedAccountIds: `["${ACCOUNT}"]` }));
  await t.throwsAsync(configured({ region: "us-east-1", allowedAccountIds: '["999999999999"]' }), {
    message: `AWS account ID not allowed: ${ACCOUNT}`,
  });
});
