import { rm, writeFile } from "node:fs/promises";
import path from "node:path";
import test from "ava";
import { loadDeployment, scaled, stackOf } from "../../automation/deployment.ts";
import { UsageError } from "../../automation/errors.ts";
import { readSettings } from "../../automation/settings.ts";
import { outputsOf, projectWith } from "./commands/outputs.ts";

const settingsOf = (directory: string) =>
  readSettings({ DR_PROJECT_DIR: directory, PULUMI_BACKEND_URL: `file://${directory}/state` }, "/");

test("both stacks' outputs are read from the state, and the stack of a region is found by it", async (t) => {
  const deployment = await loadDeployment(settingsOf(await projectWith(t, ["prod", "dr"])));
  t.is(deployment.project, "trading-platform");
  t.is(deployment.stale, undefined);
  t.is(stackOf(deployment, "us-west-2", "--target").stack, "dr");
  t.deepEqual(scaled(deployment.stacks.dr), [{ name: "gateway", replicas: 3 }]);
});

test("when the state cannot be read, the copy of the last time it could be is used, and said to be one", async (t) => {
  const directory = await projectWith(t, ["prod", "dr"]);
  await loadDeployment(settingsOf(directory));
  const state = path.join(directory, "state/.pulumi/stacks/trading-platform");
  await Promise.all(["prod", "dr"].map((stack) => writeFile(path.join(state, `${stack}.json`), "{ torn")));
  const deployment = await loadDeployment(settingsOf(directory));
  t.regex(deployment.stale ?? "", /^the state cannot be read: /);
  t.like(deployment.stacks.dr, outputsOf("dr"));
});

test("a stack that was never deployed is missing, whatever the copy says", async (t) => {
  const directory = await projectWith(t, ["prod", "dr"]);
  await loadDeployment(settingsOf(directory));
  await rm(path.join(directory, "state/.pulumi/stacks/trading-platform/dr.json"));
  await t.throwsAsync(loadDeployment(settingsOf(directory)), {
    instanceOf: UsageError,
    message: `stack dr has no state in file://${directory}/state: deploy it first with \`dr deploy --all\``,
  });
});

test("outputs of another program are refused with what is wrong in them", async (t) => {
  const directory = await projectWith(t, ["prod", "dr"]);
  const resources = [
    {
      urn: "u",
      type: "pulumi:pulumi:Stack",
      outputs: { ...outputsOf("dr"), shards: "two", region: "mars-1" },
    },
  ];
  await writeFile(
    path.join(directory, "state/.pulumi/stacks/trading-platform/dr.json"),
    JSON.stringify({ version: 3, checkpoint: { latest: { resources } } }),
  );
  await t.throwsAsync(loadDeployment(settingsOf(directory)), {
    message:
      "the outputs of stack dr are not this program's (region: not a region; shards: Invalid input: expected number, received string): deploy it again with `dr deploy --stack dr`",
  });
});
