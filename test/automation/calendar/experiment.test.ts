import test from "ava";
import { AwsCalls } from "../../../automation/adapters/aws-call.ts";
import { Endpoints } from "../../../automation/adapters/endpoints.ts";
import { NoAnswerError } from "../../../automation/adapters/http.ts";
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

test("FIS that does not answer leaves no experiment alone", async (t) => {
  const { fis, done } = fake(["running", "completed"]);
  const deaf = <T>(answer: () => Promise<T>, silences: number) => {
    let left = silences;
    return () => (left-- > 0 ? Promise.reject(new NoAnswerError("GET fis", "timeout")) : answer());
  };
  const tokens = new Set<string>();
  const { options: given, said } = options();
  const start = deaf(() => fis.start("EXT1", ""), 2);
  const { state } = await runExperiment(
    {
      ...fis,
      get: deaf(() => fis.get("EXP1"), 3),
      start: (_, token) => {
        tokens.add(token);
        return start();
      },
    },
    "EXT1",
    given,
  );
  t.is(state.status, "completed");
  t.is(tokens.size, 1, "one experiment, however often it is asked for");
  t.deepEqual(done, ["start"]);
  t.is(said.filter((line) => line.startsWith("experiment EXP1: ")).length, 3);

  const refused = { ...fis, start: () => Promise.reject(new Error("AccessDeniedException")) };
  await t.throwsAsync(runExperiment(refused, "EXT1", options().options), {
    message: "AccessDeniedException",
  });
});

test("Ctrl-C is heard at once, and FIS is told to stop until it has understood", async (t) => {
  const interrupt = new AbortController();
  const { fis, done } = fake(["running"], ["stopped"]);
  let [now, refusals] = [0, 2];
  const clock: Clock = {
    wall: () => now,
    monotonic: () => now,
    sleep: async (milliseconds, signal) => {
      if (now === 0 && !interrupt.signal.aborted) interrupt.abort();
      if (signal.aborted) throw signal.reason;
      now += milliseconds;
    },
  };
  const stop = (id: string) =>
    refusals-- > 0 ? Promise.reject(new NoAnswerError("DELETE fis", "timeout")) : fis.stop(id);
  const { state } = await runExperiment({ ...fis, stop }, "EXT1", {
    ...{ clock, signal: interrupt.signal, say: () => {} },
  });
  t.is(state.status, "stopped");
  t.deepEqual(done, ["start", "stop"]);
  t.is(now, 15_000, "two refusals, a look");
});

test("experiments that go on are those of the program's templates, over all pages", async (t) => {
  const one = (id: string, experimentTemplateId: string, status: string) => ({
    ...{ id, experimentTemplateId, state: { status } },
  });
  const server = await serve(t, ({ url }) => ({
    body: url.includes("nextToken=a%2Fb")
      ? { experiments: [one("EXP3", "EXT2", "stopping")] }
      : {
          experiments: [
            one("EXP0", "EXT1", "completed"),
            one("EXP1", "EXT1", "running"),
            one("EXP2", "EXT9", "running"),
          ],
          nextToken: "a/b",
        },
  }));
  const credentials = async () => ({ accessKeyId: "AKID", secretAccessKey: "secret" });
  const calls = new AwsCalls(new Endpoints(["us-east-1"]), credentials, `http://127.0.0.1:${server.port}`);
  t.deepEqual(await fisIn("us-east-1", calls).goingOn(["EXT1", "EXT2"]), ["EXP1", "EXP3"]);
  t.deepEqual(
    server.asked.map(({ method, url }) => `${method} ${url}`),
    ["GET /experiments?maxResults=100", "GET /experiments?maxResults=100&nextToken=a%2Fb"],
  );
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
