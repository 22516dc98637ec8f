import { readFile } from "node:fs/promises";
import test from "ava";
import { loadCatalog, parseCatalog } from "../../../../sandbox/providers/catalog/catalog.ts";
import { generate } from "../../../../sandbox/providers/catalog/generate.ts";
import { AWS_OVERRIDES } from "../../../../sandbox/providers/catalog/overrides.ts";

test("the committed tables are what the generator writes from the installed packages", async (t) => {
  const tables = await generate();
  for (const provider of ["aws", "cloudflare"] as const) {
    const path = new URL(`../../../../sandbox/providers/catalog/${provider}.txt`, import.meta.url);
    t.is(await readFile(path, "utf8"), tables[provider]);
  }
});

test("who sets a property and what replaces comes from SDK and specification", (t) => {
  const subnet = loadCatalog("aws").get("aws:ec2/subnet:Subnet")?.properties;

  t.deepEqual(subnet?.get("vpcId"), { role: "required", rule: "replace" });
  t.deepEqual(subnet?.get("cidrBlock"), { role: "computed", rule: "replace" });
  t.deepEqual(subnet?.get("enableDns64"), { role: "optional", rule: "update" });
  t.deepEqual(subnet?.get("arn"), { role: "output", rule: "-" });
});

test("an override wins over the specification", (t) => {
  // CloudFormation replaces a cluster whose encryption changes, Terraform's provider does not.
  const cluster = loadCatalog("aws").get("aws:eks/cluster:Cluster");

  t.deepEqual(cluster?.properties.get("encryptionConfig"), { role: "optional", rule: "update" });
  t.is(cluster?.parts.get("accessConfig.bootstrapClusterCreatorAdminPermissions"), "replace");
  t.true(cluster?.filledIn.includes("vpcConfig.clusterSecurityGroupId"));
});

test("every override names where it was looked up", (t) => {
  for (const [type, { source }] of Object.entries(AWS_OVERRIDES)) {
    t.regex(source, /^[a-z0-9]+\/[a-z0-9_]+\.go$/, type);
  }
});

test("a table reads as types with their properties", (t) => {
  const text =
    "# comment\naws:a/b:C\n  x required replace X\n  x.y part update override\n  x.z computed -\naws:a/d:E\n";
  const catalog = parseCatalog(text);

  t.deepEqual([...catalog.keys()], ["aws:a/b:C", "aws:a/d:E"]);
  t.deepEqual(catalog.get("aws:a/b:C"), {
    properties: new Map([["x", { role: "required", rule: "replace" }]]),
    parts: new Map([["x.y", "update"]]),
    filledIn: ["x.z"],
  });
});
