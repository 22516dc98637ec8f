import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import test, { type ExecutionContext } from "ava";
import type { Drill } from "../../../automation/drill/drill.ts";
import { regionLoss } from "../../../automation/drill/region-loss.ts";
import { type RunOptions, runDrill } from "../../../automation/drill/run.ts";
import type { DrillPhase, Scenario } from "../../../automation/drill/scenario.ts";
import type { World } from "../../../automation/drill/world.ts";
import { InterruptedError } from "../../../automation/errors.ts";
import type { DrillEvent } from "../../../automation/report/events.ts";
import type { Evidence } from "../../../automation/report/evidence.ts";
import type { StackOutputs } from "../../../stacks/outputs.ts";
import { attemptOf, history, IMPACT, judged, testimony } from "./history.ts";

const outputs = (region: "us-east-1" | "us-west-2", ip: string) =>
  ({
    ...{ region, elasticIps: [ip], publicName: "exchange.example.com", listenerPort: 8443, shards: 2 },
    dns: { provider: "route53", ttlSeconds: 15, healthCheckIntervalSeconds: 10, failureThreshold: 3 },
  }) as unknown as StackOutputs;

/** A world that counts what is done to it. */
function fakeWorld(done: string[]): World {
  return {
    ...{ engine: "3.230.0", modelled: ["everything"], environment: {}, awsEndpoint: "", dyingSeconds: 2 },
    outputs: async (stack) =>
      stack === "prod" ? outputs("us-east-1", "127.1.10.11") : outputs("us-west-2", "127.1.20.11"),
    loseRegion: async (region, loss) => void done.push(`lose ${region} ${loss}`),
    returnRegion: async (region) => void done.push(`return ${region}`),
    coverage: () => ({ inFlightAtKill: 3, lostAnswers: 1, lateLandings: 1 }),
    zonal: {} as World["zonal"],
    databaseUrl: () => "postgresql://127.0.0.1:1/none",
    dr: async (arguments_) => void done.push(`dr ${arguments_.join(" ")}`),
    forecast: () => Promise.reject(new Error("nothing is deployed")),
    preview: async (stack) => {
      done.push(`preview ${stack}`);
      return 0;
    },
    startClients: async () => ({ stop: async () => void done.push("stop clients") }),
    stop: async () => void done.push("stop world"),
  };
}

/** What the long phases would have left behind, without their time. */
const lived: DrillPhase = {
  id: "live",
  title: "everything at once",
  async run(drill: Drill) {
    const made = history(1);
    drill.moment("impact", IMPACT);
    drill.moment("go", IMPACT + 1_000);
    drill.moment("watched", IMPACT + 60_000);
    drill.moment("database", IMPACT + 20_000);
    drill.moment("returned", IMPACT + 70_000);
    drill.exitCode = 0;
    drill.forecast = {
      at: IMPACT - 5_000,
      recovery: { fromImpact: { p50: 50, p95: 55, p99: 58 }, goSeconds: 1, planSeconds: 3, shares: [] },
      restore: { unknown: "nobody asked" },
      zoneLoss: { p50: 45, p95: 48, p99: 49 },
      loss: { orders: 0, databaseEvents: 7, eventsPerSecond: 40 },
    };
    for (const resolver of [0, 1]) {
      const sent = IMPACT + 50_000 + 1_000 * resolver;
      drill.heardClients({ type: "fresh", sent, at: sent + 50, ok: true, resolver, region: "us-west-2" });
    }
    const late = { client: "client-4", operation: 900, sent: IMPACT + 80_000, region: "us-east-1" };
    made.attempts.push(attemptOf({ ...late, outcome: "never-appended", status: 503 }));
    drill.log = testimony(made).clients;
    drill.audit = { ...judged(made), measuredGapEvents: 7 };
  },
};

const setUp = regionLoss.phases.find(({ id }) => id === "set-up") ?? lived;
const previews = regionLoss.phases.find(({ id }) => id === "preview") ?? lived;

async function run(t: ExecutionContext, phases: readonly DrillPhase[], change: Partial<RunOptions> = {}) {
  const directory = await mkdtemp(path.join(tmpdir(), "drill-"));
  t.teardown(() => rm(directory, { recursive: true }));
  const done: string[] = [];
  const events: DrillEvent[] = [];
  const promised = { ...regionLoss.promised, acknowledged: 10 };
  const scenario: Scenario = { ...regionLoss, promised, phases };
  const result = await runDrill(scenario, {
    id: "drill-1",
    options: { rate: 80, clients: 5, seed: 1, latency: "none", dns: "route53", loss: "kill" },
    directory,
    open: async () => fakeWorld(done),
    failoverScript: "/nowhere",
    say: (event) => events.push(event),
    signal: new AbortController().signal,
    concluded: async () => void done.push("concluded"),
    ...change,
  }).catch((error: unknown) => error);
  return { result, done, events, directory };
}

test("the phases run in order, the evidence is on disk before the world is stopped", async (t) => {
  const { result, done, events, directory } = await run(t, [setUp, lived, previews]);
  const evidence = result as Evidence;
  t.is(evidence.verdict, "met", JSON.stringify(evidence));
  t.deepEqual(evidence.reasons, []);
  t.is(evidence.rto.fromImpactSeconds, 50.05);
  t.is(evidence.rto.everyResolverSeconds, 51.05);
  t.deepEqual(evidence.preview, { prod: 0, dr: 0 });
  t.deepEqual(done, ["preview prod", "preview dr", "concluded", "stop world"]);
  t.deepEqual(
    events.flatMap((event) => (event.type === "phase" ? [event.phase] : [])),
    ["set-up", "live", "preview"],
  );
  t.deepEqual(JSON.parse(await readFile(path.join(directory, "evidence.json"), "utf8")), evidence);
  t.is(await readFile(path.join(directory, "defects.json"), "utf8"), "[]\n");
});

test("evidence has every field that is promised to those who read it", async (t) => {
  const { result } = await run(t, [setUp, lived, previews]);
  const names = (value: object): string[] => Object.keys(value);
  const evidence = result as Evidence;
  const promised = {
    rto: ["targetSeconds", "fromImpactSeconds", "fromGoSeconds", "criticalPathSeconds", "phases"],
    rpo: ["acknowledged", "lost", "unknown", "unknownRecovered", "predictedGapEvents", "measuredGapEvents"],
    clients: ["sent", "ok", "failed", "p50OutageSeconds", "maxOutageSeconds", "stragglers"],
    integrity: ["checksumsEqual", "splitBrainWrites", "duplicates", "resurrected", "phantom"],
    coverage: [
      ...["inFlightAtKill", "gapsAtSeal", "orphans", "lostAnswers", "lateLandings", "measuredGapEvents"],
    ],
    preview: ["prod", "dr"],
  } as const;
  for (const [part, fields] of Object.entries(promised)) {
    const found = names(evidence[part as keyof typeof promised]);
    for (const field of fields) t.true(found.includes(field), `${part}.${field}`);
  }
  for (const field of ["scenario", "verdict", "databaseWritableSeconds", "engine", "modelled"]) {
    t.true(names(evidence).includes(field), field);
  }
});

test("a prediction that was far off, or none, fails a drill in which all else went well", async (t) => {
  const sabotaged = (change: (drill: Drill) => void): DrillPhase => ({
    ...lived,
    async run(drill) {
      await lived.run(drill);
      change(drill);
    },
  });
  const verdictOf = async (change: (drill: Drill) => void) => {
    const { result } = await run(t, [setUp, sabotaged(change), previews]);
    const { verdict, reasons } = result as Evidence;
    return { verdict, reasons };
  };
  t.deepEqual(
    await verdictOf((drill) => {
      if (drill.forecast !== undefined) {
        const { recovery } = drill.forecast;
        drill.forecast = {
          ...drill.forecast,
          recovery: { ...recovery, fromImpact: { ...recovery.fromImpact, p50: 90 } },
        };
      }
    }),
    {
      verdict: "failed",
      reasons: ["the predicted recovery time was 40.0 s off, 10.0 s are allowed"],
    },
  );
  t.deepEqual(
    await verdictOf((drill) => {
      drill.forecast = undefined;
    }),
    { verdict: "failed", reasons: ["the readiness check predicted nothing"] },
  );
});

test("a drill that cannot be done stops clients and world, and has no verdict", async (t) => {
  const load: DrillPhase = {
    ...lived,
    async run(drill) {
      drill.load = await drill.world?.startClients({} as never, () => {});
      throw new Error("no luck");
    },
  };
  const { result, done } = await run(t, [setUp, load, previews]);
  t.is((result as Error).message, "no luck");
  t.deepEqual(done, ["stop clients", "stop world"]);
});

test("an interrupted drill says so, and leaves nothing running", async (t) => {
  const controller = new AbortController();
  const wait: DrillPhase = {
    ...lived,
    async run(drill) {
      setTimeout(() => controller.abort(), 20);
      await drill.sleep(60_000);
    },
  };
  const { result, done } = await run(t, [setUp, wait, previews], { signal: controller.signal });
  t.true(result instanceof InterruptedError);
  t.is((result as Error).message, "the drill was interrupted: no verdict, nothing is left running");
  t.deepEqual(done, ["stop world"]);
});

test("region loss: five minutes, every kind of damage hit, and the old region returns before the judgement", (t) => {
  t.is(regionLoss.targetSeconds, 300);
  t.is(regionLoss.promised.acknowledged, 2_000);
  t.deepEqual(
    regionLoss.phases.map(({ id }) => id),
    ["set-up", "warm-up", "impact", "operate", "return", "judge", "park", "preview"],
  );
});
