import test from "ava";
import type { Role } from "../../components/model.ts";
import { deploy, type Graph, NO_ITEM, type World } from "./graph.ts";

const FAILED_OVER = { generation: 3, active: "us-west-2" } as const;
const last = (role: Role) => ({ role });

/** `gateway 3 ignored`, by name. */
const replicas = ({ resources }: Graph): string[] =>
  resources
    .filter(({ type }) => type === "kubernetes:apps/v1:Deployment")
    .map(({ name, inputs, ignoreChanges }) =>
      [name, inputs.spec.replicas, ...(ignoreChanges.includes("spec.replicas") ? ["ignored"] : [])].join(" "),
    )
    .sort();

test.serial("passive parks what obeys roles and leaves what is always on", async (t) => {
  const graph = await deploy("dr");
  t.deepEqual(replicas(graph), [
    "archiver 1",
    "engine-0 0",
    "engine-1 0",
    "engine-2 0",
    "engine-3 0",
    "gateway 0",
    "projector 0",
  ]);
  t.is(graph.outputs.role, "passive");
});

test.serial("promoting names production's number, and ignores none", async (t) => {
  const graph = await deploy(
    "dr",
    { role: "promoting" },
    { regionItem: FAILED_OVER, lastOutputs: last("passive") },
  );
  t.deepEqual(replicas(graph), [
    "archiver 1",
    "engine-0 2",
    "engine-1 2",
    "engine-2 2",
    "engine-3 2",
    "gateway 3",
    "projector 1",
  ]);
  t.is(graph.outputs.role, "promoting");
});

test.serial(
  "active leaves the number to the cluster, and still starts a Deployment that is new",
  async (t) => {
    const graph = await deploy(
      "dr",
      { role: "active", traffic: "on" },
      { regionItem: FAILED_OVER, lastOutputs: last("promoting") },
    );
    t.deepEqual(replicas(graph), [
      "archiver 1",
      "engine-0 2 ignored",
      "engine-1 2 ignored",
      "engine-2 2 ignored",
      "engine-3 2 ignored",
      "gateway 3 ignored",
      "projector 1 ignored",
    ]);
    t.is(graph.outputs.role, "active");
  },
);

test.serial(
  "a role changes Deployments and nothing else; traffic and maintenance the control item and nothing else",
  async (t) => {
    const text = ({ resources }: Graph) =>
      new Map(
        resources.map((resource) => [
          resource.urn,
          JSON.stringify([resource.inputs, resource.ignoreChanges]),
        ]),
      );
    const changedBetween = (one: Graph, other: Graph) => {
      const [before, after] = [text(one), text(other)];
      t.deepEqual([...before.keys()].sort(), [...after.keys()].sort());
      return [...before.keys()]
        .filter((urn) => before.get(urn) !== after.get(urn))
        .map((urn) => urn.split("::").at(-1));
    };
    const world: World = { regionItem: FAILED_OVER, lastOutputs: last("promoting") };
    const promoting = await deploy("dr", { role: "promoting" }, world);
    const active = await deploy("dr", { role: "active" }, world);
    const on = await deploy("dr", { role: "active", traffic: "on" }, world);
    const maintenance = await deploy("dr", { role: "active", traffic: "on", maintenance: "on" }, world);
    t.deepEqual(changedBetween(promoting, active).sort(), [
      "engine-0",
      "engine-1",
      "engine-2",
      "engine-3",
      "gateway",
      "projector",
    ]);
    t.deepEqual(changedBetween(active, on), ["journal-control"]);
    t.deepEqual(changedBetween(on, maintenance), ["journal-control"]);
  },
);

test.serial("every Deployment can be parked by force and is not waited for, in every role", async (t) => {
  for (const role of ["passive", "promoting", "active"] as const) {
    const regionItem = role === "passive" ? NO_ITEM : FAILED_OVER;
    const { resources } = await deploy("dr", { role }, { regionItem });
    const deployments = resources.filter(({ type }) => type === "kubernetes:apps/v1:Deployment");
    t.is(deployments.length, 7);
    for (const { inputs } of deployments) {
      t.like(inputs.metadata.annotations, {
        "pulumi.com/patchForce": "true",
        "pulumi.com/skipAwait": "true",
      });
    }
  }
});

test.serial("a step that skips promoting is refused before anything is registered", async (t) => {
  const step = deploy("dr", { role: "active" }, { regionItem: FAILED_OVER, lastOutputs: last("passive") });
  await t.throwsAsync(step, {
    message:
      "Refused, nothing was changed: stack dr was last deployed with role passive and may not go to active: " +
      "the way round is passive → promoting → active → passive. Deploy role promoting next.",
  });
});

test.serial("a commit from before the failover is refused in both stacks", async (t) => {
  const older =
    "This commit is older than failover 3: merge branch failover/3. To deploy it all the same, set acceptGeneration to 3.";
  await t.throwsAsync(deploy("prod", {}, { regionItem: FAILED_OVER, lastOutputs: last("active") }), {
    message: `Refused, nothing was changed: stack prod (us-east-1) says role active, but the journal says that us-west-2 is active since failover 3. ${older}`,
  });
  await t.throwsAsync(deploy("dr", {}, { regionItem: FAILED_OVER, lastOutputs: last("active") }), {
    message: `Refused, nothing was changed: stack dr (us-west-2) says role passive, but the journal says that us-west-2 is active since failover 3. ${older}`,
  });
});

test.serial("acceptGeneration lets the very same deployment through", async (t) => {
  const { outputs } = await deploy(
    "dr",
    { acceptGeneration: "3" },
    { regionItem: FAILED_OVER, lastOutputs: last("active"), replicas: {} },
  );
  t.is(outputs.role, "passive");
  t.is(outputs.acceptGeneration, 3);
});

test.serial("a region item that cannot be read refuses, unless told so", async (t) => {
  const world: World = { regionItem: new Error("RequestError: send request failed: i/o timeout") };
  await t.throwsAsync(deploy("dr", {}, world), {
    message:
      "Refused, nothing was changed: the region item of exchange-journal cannot be read in us-west-2 " +
      "(RequestError: send request failed: i/o timeout), so nobody knows which region is active. " +
      'To deploy all the same, set allowUnreadableJournal to "on" for this one run.',
  });
  const { outputs } = await deploy("dr", { allowUnreadableJournal: "on" }, world);
  t.is(outputs.role, "passive");
});

test.serial("last outputs that cannot be read refuse: a guard that cannot see stays shut", async (t) => {
  await t.throwsAsync(deploy("dr", {}, { lastOutputs: new Error("unable to open bucket: timeout") }), {
    message:
      "Refused, nothing was changed: the last deployed role of stack dr cannot be read from its state " +
      "(unable to open bucket: timeout).",
  });
});

test.serial(
  "a state in a folder that is read while it is written is read again, but not for ever",
  async (t) => {
    const empty = new Error("failed to load checkpoint: EOF");
    const { outputs } = await deploy("dr", {}, { lastOutputs: [empty, empty, last("passive")] });
    t.is(outputs.role, "passive");
    await t.throwsAsync(deploy("dr", {}, { lastOutputs: empty }), {
      message:
        "Refused, nothing was changed: the last deployed role of stack dr cannot be read from its state " +
        "(failed to load checkpoint: EOF).",
    });
  },
);

test.serial("a bad configuration is refused in whole words before anything is looked at", async (t) => {
  await t.throwsAsync(deploy("dr", { role: "standby" }), {
    message: `The configuration of stack dr has 1 problem:
  role: got "standby"; allowed: one of passive, promoting, active
Correct Pulumi.dr.yaml and run again; nothing was changed.`,
  });
});

test.serial(
  "active over a Deployment that is recorded with 0 fails: it would stay at 0 and report success",
  async (t) => {
    const half = deploy("prod", {}, { lastOutputs: last("active"), replicas: { "engine-2": 0 } });
    await t.throwsAsync(half, {
      message:
        "Refused: stack prod says role active, which leaves the number of replicas alone, but engine-2 is recorded " +
        "with 0: deploy role promoting first.",
    });
  },
);

test.serial(
  "promoting that left a Deployment parked keeps passive on record, so that active stays refused",
  async (t) => {
    const { outputs } = await deploy(
      "dr",
      { role: "promoting" },
      { regionItem: FAILED_OVER, lastOutputs: last("passive"), replicas: { "engine-2": 0 } },
    );
    t.is(outputs.role, "passive");
  },
);
