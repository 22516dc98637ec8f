import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import test, { type ExecutionContext } from "ava";
import { gatherHost } from "../../../../automation/check/gather/host.ts";
import { secretsRegion, stateRegion } from "../../../../automation/check/gather/project.ts";
import { loadDeployment } from "../../../../automation/deployment.ts";
import { isUnknown } from "../../../../automation/fact.ts";
import { readSettings } from "../../../../automation/settings.ts";
import { serve } from "../../adapters/server.ts";
import { projectWith } from "../../commands/outputs.ts";

const settings = (environment: Record<string, string>, directory = "/nowhere") =>
  readSettings(environment, directory);

test("the state's region is the one in its URL, the witness by default; a directory is in none", (t) => {
  const of = (url: string) => stateRegion(settings({ PULUMI_BACKEND_URL: url }));
  t.is(of("s3://bucket?region=us-east-1&awssdk=v2"), "us-east-1");
  t.is(of("s3://bucket"), "us-east-2");
  t.is(of("file:///state"), null);
  t.throws(() => of("s3://bucket?region=mars-1"), {
    message: `the state's region "mars-1" is none of this program's`,
  });
});

async function stackFile(t: ExecutionContext, text: string) {
  const directory = await mkdtemp(path.join(tmpdir(), "dr-stack-"));
  t.teardown(() => rm(directory, { recursive: true }));
  await writeFile(path.join(directory, "Pulumi.dr.yaml"), text);
  return secretsRegion(settings({}, directory), "dr");
}

test("the secrets' key names its region, a passphrase none", async (t) => {
  t.is(
    await stackFile(t, "secretsprovider: awskms://alias/state?region=us-east-2\nconfig: {}\n"),
    "us-east-2",
  );
  t.is(
    await stackFile(t, 'secretsprovider: "awskms:///arn:aws:kms:us-east-1:123456789012:key/k"\n'),
    "us-east-1",
  );
  t.is(await stackFile(t, "encryptionsalt: v1:abc\nconfig: {}\n"), null);
  await t.throwsAsync(stackFile(t, "secretsprovider: gcpkms://x\n"), {
    message: "the secrets provider gcpkms://x names no region of this program",
  });
});

/** A machine with its AWS configuration, plugins and metadata service. */
async function machine(
  t: ExecutionContext,
  { config = "", environment = {} }: { config?: string; environment?: Record<string, string> },
) {
  const directory = await projectWith(t, ["prod", "dr"]);
  await writeFile(path.join(directory, "Pulumi.dr.yaml"), "encryptionsalt: v1:abc\n");
  await writeFile(path.join(directory, "aws-config"), config);
  const metadata = await serve(t, ({ method, url }) =>
    method === "PUT" ? { body: "token" } : { body: url.endsWith("/region") ? "us-east-1" : "" },
  );
  const given = {
    ...{ PULUMI_BACKEND_URL: `file://${directory}/state`, PATH: "/usr/bin:/bin", HOME: directory },
    ...{ AWS_ACCESS_KEY_ID: "a", AWS_SECRET_ACCESS_KEY: "b" },
    AWS_CONFIG_FILE: path.join(directory, "aws-config"),
    PULUMI_HOME: path.join(directory, "empty"),
    AWS_EC2_METADATA_SERVICE_ENDPOINT: `http://127.0.0.1:${metadata.port}`,
    AWS_ENDPOINT_URL: "http://127.0.0.1:9",
    ...environment,
  };
  const known = readSettings(given, directory);
  return await gatherHost(await loadDeployment(known), known);
}

test("a machine that would be lost as well, and signs in there", async (t) => {
  const config = [
    "[default]",
    "sso_session = corp",
    "sts_regional_endpoints = legacy",
    "[sso-session corp]",
    "sso_region = us-east-1",
  ].join("\n");
  const facts = await machine(t, { config });
  t.is(facts.region, "us-east-1");
  t.is(facts.stsEndpoints, "legacy");
  t.is(facts.ssoRegion, "us-east-1");
  t.is(facts.passphrase, false);
  t.deepEqual(
    (facts.plugins as readonly { plugin: string; present: boolean }[]).map(({ present }) => present),
    [false, false],
  );
});

test("no EC2 instance, regional endpoints, attached providers, a passphrase", async (t) => {
  const facts = await machine(t, {
    config: "[profile ops]\nsso_region = us-east-1\n",
    environment: {
      AWS_EC2_METADATA_DISABLED: "true",
      AWS_STS_REGIONAL_ENDPOINTS: "regional",
      PULUMI_DEBUG_PROVIDERS: "aws:1,kubernetes:2",
      PULUMI_CONFIG_PASSPHRASE: "x",
    },
  });
  t.is(facts.region, null);
  t.is(facts.stsEndpoints, "regional");
  t.is(facts.ssoRegion, null, "another profile's");
  t.is(facts.passphrase, true);
  t.true((facts.plugins as readonly { present: boolean }[]).every(({ present }) => present));
  t.true(typeof facts.freeBytes === "number" && facts.freeBytes > 0);
  t.true(isUnknown(facts.clusterReachable), "nobody listens there");
});

test("a role is taken with another profile's credentials: where they come from counts as well", async (t) => {
  const config = [
    "[profile ops]",
    "role_arn = arn:aws:iam::123456789012:role/exchange-failover",
    "source_profile = people",
    "region = us-east-1",
    "[profile people]",
    "sso_session = corp",
    "region = us-east-2",
    "[sso-session corp]",
    "sso_region = us-east-1",
  ].join("\n");
  const facts = await machine(t, { config, environment: { AWS_PROFILE: "ops" } });
  t.is(facts.stsRegion, "us-east-1");
  t.is(facts.ssoRegion, "us-east-1");
  const people = await machine(t, { config, environment: { AWS_PROFILE: "people" } });
  t.is(people.stsRegion, null, "it takes no role");
  t.is(people.ssoRegion, "us-east-1");
});

test("the AWS CLI says its version; without one there is none, and one that does not run is unknown", async (t) => {
  const withAws = async (script: string) => {
    const directory = await mkdtemp(path.join(tmpdir(), "dr-aws-"));
    t.teardown(() => rm(directory, { recursive: true }));
    await writeFile(path.join(directory, "aws"), script, { mode: 0o755 });
    return (await machine(t, { environment: { PATH: `${directory}:/usr/bin:/bin` } })).execPlugin;
  };
  t.is((await machine(t, { environment: { PATH: "/nowhere" } })).execPlugin, null);
  t.is(await withAws("#!/bin/sh\necho aws-cli/2.31.5 Python/3.13.7 Linux/6.1 exe/x86_64\n"), "2.31.5");
  t.true(isUnknown(await withAws("#!/bin/sh\nexit 1\n")));
});
