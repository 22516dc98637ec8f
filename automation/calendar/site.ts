/** The deployment that an exercise disturbs, and how it is reached. */
import { spawn } from "node:child_process";
import { z } from "zod";
import { type Region, STACKS, type StackName } from "../../components/model.ts";
import { createClients } from "../adapters/aws.ts";
import { AwsCalls } from "../adapters/aws-call.ts";
import { Endpoints } from "../adapters/endpoints.ts";
import type { StackState, StateResource } from "../adapters/state.ts";
import { recordDrill } from "../check/drills.ts";
import type { Context } from "../commands/command.ts";
import { type Deployment, loadDeployment } from "../deployment.ts";
import { EXIT, UsageError } from "../errors.ts";
import { fact } from "../fact.ts";
import { RegionWorld } from "../failover/world.ts";
import { RTO_SECONDS, ZONE_SECONDS } from "../objectives.ts";
import { systemClock } from "../runbook/clock.ts";
import { watchWith } from "../watch/command.ts";
import { Lookout } from "../watch/look.ts";
import { judge } from "../watch/sample.ts";
import { announce, type Channel, topic, webhook } from "./announce.ts";
import type { CalendarRequest } from "./command.ts";
import type { ExerciseEvidence, ExercisePorts, Plan } from "./exercise.ts";
import { runExperiment } from "./experiment.ts";
import { fisIn } from "./fis.ts";
import type { GuardFacts } from "./guard.ts";
import { observeWith } from "./observe.ts";
import { RECORDED_TEMPLATE, recordedFis } from "./recorded.ts";

const STABLE_SECONDS = 60;
const STEADY_LIMIT_SECONDS = 900;
/** As many as CloudWatch tells at once, and takes names of. */
const ALARMS_AT_ONCE = 100;
const EXPERIMENT_TEMPLATE = "aws:fis/experimentTemplate:ExperimentTemplate";

export class Site {
  readonly #request: CalendarRequest;
  readonly #context: Context;
  readonly #deployment: Deployment;
  readonly #states: Readonly<Record<StackName, StackState | undefined>>;
  readonly #calls: (region: Region) => AwsCalls;
  readonly #journals: readonly RegionWorld["journal"][];

  private constructor(
    request: CalendarRequest,
    context: Context,
    deployment: Deployment,
    states: Readonly<Record<StackName, StackState | undefined>>,
  ) {
    this.#request = request;
    this.#context = context;
    this.#deployment = deployment;
    this.#states = states;
    const { prod, dr } = deployment.stacks;
    const endpoints = new Endpoints([prod.region, dr.region, prod.regions.witness]);
    const clients = createClients(endpoints);
    const { settings } = context;
    this.#calls = (region) => new AwsCalls(endpoints, clients[region].credentials, settings.awsEndpoint);
    this.#journals = [dr, prod].map(
      (outputs) => new RegionWorld(outputs, clients, endpoints, settings).journal,
    );
  }

  static async open(request: CalendarRequest, context: Context): Promise<Site> {
    const deployment = await loadDeployment(context.settings);
    const [prod, dr] = await Promise.all([deployment.state.read("prod"), deployment.state.read("dr")]);
    return new Site(request, context, deployment, { prod, dr });
  }

  async facts(): Promise<GuardFacts> {
    const [alarms, experiments, unfinished] = await Promise.all([
      fact(() => this.#alarms()),
      fact(() => this.#experiments()),
      fact(async () => {
        const { finished, runId } = await Promise.any(this.#journals.map((journal) => journal.decision()));
        return finished ? null : runId;
      }),
    ]);
    const { maintenanceWindow: window } = this.#deployment.stacks.prod;
    return { at: Date.now(), window, reason: this.#request.reason, alarms, experiments, unfinished };
  }

  /** What a drill that was killed has left behind goes on until its time is up. */
  async #experiments(): Promise<readonly string[]> {
    const found = await Promise.all(
      STACKS.map(async (stack) => {
        const { region } = this.#deployment.stacks[stack];
        const templates = this.#resources(stack, EXPERIMENT_TEMPLATE).flatMap(({ id }) => id ?? []);
        return await fisIn(region, this.#calls(region)).goingOn(templates);
      }),
    );
    return found.flat();
  }

  /** The program's own, of both regions. https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html */
  async #alarms(): Promise<readonly string[]> {
    const found = await Promise.all(
      STACKS.map(async (stack) => {
        const { region } = this.#deployment.stacks[stack];
        const AlarmNames = this.#resources(stack, "aws:cloudwatch/metricAlarm:MetricAlarm").map(
          ({ outputs }) => String(outputs["name"]),
        );
        // Without an alarm nobody says that there is no incident.
        if (AlarmNames.length === 0) throw new Error(`stack ${stack} has no alarm that could tell`);
        const answer = await this.#calls(region).rpc("cloudwatch", region, "DescribeAlarms", {
          AlarmNames,
          MaxRecords: ALARMS_AT_ONCE,
        });
        return goingOff(answer, AlarmNames);
      }),
    );
    return found.flat();
  }

  plan(): Plan {
    const { zone, command, dryRun } = this.#request;
    if (zone !== undefined) {
      this.#regionOf(zone);
      // Also of a rehearsal: a drill without its template is none.
      this.#template(zone);
      const what = `zone ${zone} loses power`;
      return { scenario: "az-loss", what, objectiveSeconds: ZONE_SECONDS, dryRun };
    }
    const what = `production moves by ${command?.join(" ")}`;
    return { scenario: "region-loss", what, objectiveSeconds: RTO_SECONDS, dryRun };
  }

  ports(): ExercisePorts {
    const { stderr, settings, signal } = this.#context;
    const { dryRun } = this.#request;
    const say = (message: string) => void stderr.write(`${message}\n`);
    const lookout = new Lookout(this.#deployment, settings);
    return {
      clock: systemClock,
      say,
      facts: () => this.facts(),
      announce: async (subject, text) => {
        const channels = this.#channels();
        if (!dryRun) return await announce(channels, subject, text);
        say(`would tell ${channels.map(({ name }) => name).join(", ") || "nobody"}: ${subject}. ${text}`);
        return { told: [], failed: [] };
      },
      disturb: () => this.#disturb(say),
      observe: () => observeWith(() => lookout.look(), systemClock, say),
      steady: async () => {
        if (dryRun) {
          const judged = judge(await lookout.look());
          if (judged.state === "unknown") throw new Error(judged.reasons.join("; "));
          return judged.state === "good";
        }
        const wanted = { untilStableSeconds: STABLE_SECONDS, untilFailingSeconds: undefined };
        const request = { ...wanted, limitSeconds: STEADY_LIMIT_SECONDS, json: false };
        // An interrupted drill still ends in a known state.
        const uninterrupted = new AbortController().signal;
        const code = await watchWith(
          () => lookout.look(),
          request,
          { stdout: stderr, signal: uninterrupted },
          systemClock,
        );
        return code === EXIT.done;
      },
      file: async (evidence) => {
        if (signal.aborted) say("the drill was interrupted: what is known is filed");
        if (!dryRun) await this.#file(evidence);
      },
    };
  }

  #channels(): readonly Channel[] {
    const url = this.#context.settings.environment["DR_WEBHOOK_URL"];
    if (url !== undefined && !URL.canParse(url)) throw new UsageError("DR_WEBHOOK_URL is not a URL");
    const topics = STACKS.flatMap((stack) =>
      this.#resources(stack, "aws:sns/topic:Topic").map(({ outputs }) => String(outputs["arn"])),
    );
    return [
      ...(url === undefined ? [] : [webhook(url)]),
      ...topics.map((arn) => {
        const region = arn.split(":")[3] as Region;
        return topic(this.#calls(region), region, arn);
      }),
    ];
  }

  async #disturb(say: (message: string) => void) {
    const { zone, command, dryRun } = this.#request;
    const { signal } = this.#context;
    if (zone !== undefined) {
      const region = this.#regionOf(zone);
      const fis = dryRun ? await recordedFis() : fisIn(region, this.#calls(region));
      const id = dryRun ? RECORDED_TEMPLATE : this.#template(zone);
      const { state } = await runExperiment(fis, id, { clock: systemClock, signal, say });
      return {
        ok: state.status === "completed",
        detail: `the experiment ${state.status}${state.reason ? `: ${state.reason}` : ""}`,
      };
    }
    if (command === undefined) throw new UsageError("say what to do: --zone ZONE or a command after --");
    if (dryRun) return { ok: true, detail: `would run ${command.join(" ")}` };
    const code = await run(command, signal);
    return {
      ok: code === 0,
      detail: `${command[0]} ended with ${code === null ? "a signal" : `exit code ${code}`}`,
    };
  }

  /** A zone's name is its region's and a letter. @throws UsageError */
  #regionOf(zone: string): Region {
    const found = Object.values(this.#deployment.stacks).find(({ region }) => region === zone.slice(0, -1));
    if (found === undefined)
      throw new UsageError(`--zone ${zone}: it is in neither region of this deployment`);
    return found.region;
  }

  #template(zone: string): string {
    const found = STACKS.flatMap((stack) => this.#resources(stack, EXPERIMENT_TEMPLATE)).find(({ urn }) =>
      urn.endsWith(`-${zone}`),
    );
    if (found?.id === undefined)
      throw new UsageError(`--zone ${zone}: no deployed experiment template is for it`);
    return found.id;
  }

  #resources(stack: StackName, wanted: string): readonly StateResource[] {
    return this.#states[stack]?.resources.filter(({ type }) => type === wanted) ?? [];
  }

  async #file(evidence: ExerciseEvidence): Promise<void> {
    const { bucket } = this.#deployment.state;
    const { scenario, verdict, startedAt } = evidence;
    const stamp = startedAt.replaceAll(/[-:]|\..*/g, "");
    await bucket.put(`.dr/drills/${stamp}-${scenario}.json`, `${JSON.stringify(evidence, null, 2)}\n`);
    await recordDrill(bucket, { at: Date.parse(startedAt), scenario, verdict });
  }
}

const alarmsAnswer = z.object({
  MetricAlarms: z.array(z.object({ AlarmName: z.string(), StateValue: z.string() })).default([]),
});

/**
 * An alarm that somebody deleted, or that has too little data, rules nothing out.
 * @throws naming those that do not say how it stands. Exported for tests.
 */
export function goingOff(answer: unknown, asked: readonly string[]): readonly string[] {
  const { MetricAlarms } = alarmsAnswer.parse(answer);
  const states = new Map(MetricAlarms.map(({ AlarmName, StateValue }) => [AlarmName, StateValue]));
  const off = asked.filter((name) => states.get(name) === "ALARM");
  const silent = asked.filter((name) => !["OK", "ALARM"].includes(states.get(name) ?? ""));
  if (off.length > 0 || silent.length === 0) return off;
  throw new Error(silent.map((name) => `alarm ${name} is ${states.get(name) ?? "not there"}`).join(", "));
}

/** Its output is the operator's; Ctrl-C reaches it once. Resolves with the exit code, null when a signal ended it. */
function run([file = "", ...args]: readonly string[], signal: AbortSignal): Promise<number | null> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { stdio: ["ignore", "inherit", "inherit"], detached: true });
    const interrupt = () => child.kill("SIGINT");
    signal.addEventListener("abort", interrupt, { once: true });
    child.once("error", (cause) => reject(new Error(`cannot run ${file}: ${cause.message}`, { cause })));
    child.once("close", (code) => {
      signal.removeEventListener("abort", interrupt);
      resolve(code);
    });
  });
}
