import test from "ava";
import { AwsCalls } from "../../../automation/adapters/aws-call.ts";
import { Endpoints } from "../../../automation/adapters/endpoints.ts";
import { runExperiment } from "../../../automation/calendar/experiment.ts";
import { type Experiment, type FisPort, fisIn, type Template } from "../../../automation/calendar/fis.ts";
import { recordedFis } from "../../../automation/calendar/recorded.ts";
import { RefusedError } from "../../../automation/errors.ts";
import type { Clock } from "../../../automation/runbook/clock.ts";
import { serve } from "../adapters/server.ts";

function virtual(): Clock {
  let now = 0;
  return {
    wall: () => now,
    monotonic: () => now,
    sleep: async (milliseconds) => {
      now += milliseconds;
    },
  };
}

const template: Template = {
  id: "EXT1",
  description: "zone a loses power",
  actions: { stop: { actionId: "aws:ec2:stop-instances" } },
  stopConditions: [{ source: "aws:cloudwatch:alarm", value: "arn:alarm" }],
};
const at = (status: string): Experiment => ({ id: "EXP1", state: { status } });

/** Answers `get` with the statuses in turn, the last for ever; `stopped` once it was told to stop. */
function fake(
  statuses: readonly string[],
  afterStop: readonly string[] = ["stopped"],
  change: Partial<Template> = {},
) {
  const done: string[] = [];
  let left = [...statuses];
  const fis: FisPort = {
    template: async () => ({ ...template, ...change }),
    start: async () => {
      done.push("start");
      return at("initiating");
    },
    get: async () => at((left.length > 1 ? left.shift() : left[0]) ?? "running"),
    stop: async () => {
      done.push("stop");
      left = [...afterStop];
      return at("stopping");
    },
  };
  return { fis, done };
}

const options = (signal = new AbortController().signal) => {
  const said: string[] = [];
  return { said, options: { clock: virtual(), signal, say: (message: string) => void said.push(message) } };
};

test("what was recorded, from start to end", async (t) => {
  const { said, options: given } = options();
  const { state } = await runExperiment(await recordedFis(), "any", given);
  t.is(state.status, "completed");
  t.deepEqual(said, [
    "Zone us-east-1a of exchange loses power: stop-nodes (aws:ec2:stop-instances), cut-network (aws:network:disrupt-connectivity), move-writer (aws:rds:failover-db-cluster); stopped by arn:aws:cloudwatch:us-east-1:123456789012:alarm:exchange-us-east-1-errors",
    "experiment EXP1a2b3c4d5e6f7 is initiating",
    "experiment EXP1a2b3c4d5e6f7 is running",
    "experiment EXP1a2b3c4d5e6f7 is completed",
  ]);
});

test("a template without a stop alarm is not started", async (t) => {
  const { fis, done } = fake(["running"], [], { stopConditions: [{ source: "none" }] });
  await t.throwsAsync(runExperiment(fis, "EXT1", options().options), {
    instanceOf: RefusedError,
    message: "experiment template EXT1 has no stop alarm: it would go on whatever it does. Deploy it again",
  });
  t.deepEqual(done, []);
});

test("interrupted before it began, nothing is started", async (t) => {
  const { fis, done } = fake(["running"]);
  await t.throwsAsync(runExperiment(fis, "EXT1", options(AbortSignal.abort(new Error("stop"))).options));
  t.deepEqual(done, []);
});

test("Ctrl-C stops it and waits until it has stopped", async (t) => {
  const interrupt = new AbortController();
  const { fis, done } = fake(["running"], ["stopping", "stopping", "stopped"]);
  const { options: given } = options(interrupt.signal);
  const started = {
    ...fis,
    start: async (...asked: Parameters<FisPort["start"]>) => {
      interrupt.abort();
      return await fis.start(...asked);
    },
  };
  const { state } = await runExperiment(started, "EXT1", given);
  t.is(state.status, "stopped");
  t.deepEqual(done, ["start", "stop"], "told to stop once");
});

test("one that takes too long is stopped, and one that does not stop is an error", async (t) => {
  const slow = fake(["running"]);
  t.is((await runExperiment(slow.fis, "EXT1", options().options)).state.status, "stopped");
  t.deepEqual(slow.done, ["start", "stop"]);
  const stuck = fake(["running"], ["stopping"]);
  await t.throwsAsync(runExperiment(stuck.fis, "EXT1", options().options), {
    message: "experiment EXP1 does not stop: it is stopping",
  });
});

test("the requests are those of the API, signed for its region", async (t) => {
  const server = await serve(t, ({ method, url }) => ({
    body: url.startsWith("/experimentTemplates")
      ? { experimentTemplate: template }
      : { experiment: at(method === "DELETE" ? "stopping" : "running") },
  }));
  const credentials = async () => ({ accessKeyId: "AKID", secretAccessKey: "secret" });
  const calls = new AwsCalls(new Endpoints(["us-east-1"]), credentials, `http://127.0.0.1:${server.port}`);
  const fis = fisIn("us-east-1", calls);
  t.deepEqual(await fis.template("EXT1"), template);
  t.is((await fis.start("EXT1", "token-1")).state.status, "running");
  await fis.get("EXP1");
  t.is((await fis.stop("EXP1")).state.status, "stopping");
  t.deepEqual(
    server.asked.map(({ method, url, body }) => [method, url, body]),
    [
      ["GET", "/experimentTemplates/EXT1", ""],
      ["POST", "/experiments", '{"clientToken":"token-1","experimentTemplateId":"EXT1"}'],
      ["GET", "/experiments/EXP1", ""],
      ["DELETE", "/experiments/EXP1", ""],
    ],
  );
  for (const { headers } of server.asked) {
    t.regex(
      String(headers["authorization"]),
      /^AWS4-HMAC-SHA256 Credential=AKID\/\d{8}\/us-east-1\/fis\/aws4_request, SignedHeaders=/,
    );
  }
});
