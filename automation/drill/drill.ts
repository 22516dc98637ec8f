/** One drill under way: what it runs in, what it has seen, and when. Phases read and fill it. */
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Region } from "../../components/model.ts";
import type { StackOutputs } from "../../stacks/outputs.ts";
import type { Forecast } from "../check/forecast.ts";
import type { DrillEvent, Moment } from "../report/events.ts";
import type { CorruptionCase, Evidence, Phase, PreviewResult, ZoneRound } from "../report/evidence.ts";
import type { RunEvent } from "../runbook/events.ts";
import type { Watermark } from "./audit/projection.ts";
import type { Audit } from "./audit.ts";
import type { ClientEvent, ClientLog } from "./client-log.ts";
import { seconds } from "./recovery.ts";
import type { Load, OpenWorld, World, WorldOptions } from "./world.ts";

export interface DrillSettings {
  readonly id: string;
  readonly options: Evidence["options"];
  /** Everything that the drill leaves behind goes here. */
  readonly directory: string;
  readonly open: OpenWorld;
  readonly failoverScript: string;
  readonly say: (event: DrillEvent) => void;
  readonly signal: AbortSignal;
}

/** Milliseconds since 1970 of what happened, absent as long as it has not. */
export interface Moments {
  impact: number;
  failing: number;
  go: number;
  assessed: number;
  fenced: number;
  active: number;
  name: number;
  database: number;
  recovered: number;
  everyResolver: number;
  watched: number;
  returned: number;
}

/** A zone's loss as it was watched; the rest of the evidence is in the clients' logs. */
export type RoundSeen = Omit<
  ZoneRound,
  "lostAt" | "watchedSeconds" | "errorsEndSeconds" | "nameLeftSeconds" | "perSecond"
> & {
  /** Milliseconds since 1970. */
  readonly lostAt: number;
  readonly watchedUntil: number;
  /** Host of its load balancer's address. */
  readonly address: string;
};

export class Drill {
  readonly settings: DrillSettings;
  /** What the scenario wants of its world. */
  readonly wanted: Partial<WorldOptions>;
  readonly startedAt = new Date();
  readonly moments: Partial<Moments> = {};
  readonly fresh: Extract<ClientEvent, { type: "fresh" }>[] = [];
  readonly steps: Phase[] = [];
  world: World | undefined;
  load: Load | undefined;
  /** Of the stack that was active, and of the one that takes over. */
  stacks: { readonly prod: StackOutputs; readonly dr: StackOutputs } | undefined;
  run: string | null = null;
  exitCode: number | null = null;
  predictedGapEvents: number | null = null;
  lastRecordAt: number | null = null;
  /** Of the readiness check, before the impact. */
  forecast: Forecast | undefined;
  replica: readonly Watermark[] | null = null;
  /** Zones lost and returned so far, without what only the clients' logs tell. */
  readonly rounds: RoundSeen[] = [];
  /** Authoritative answers of the public name, each from when it was first seen. */
  readonly answers: { readonly at: number; readonly addresses: readonly string[] }[] = [];
  log: ClientLog | undefined;
  audit: Audit | undefined;
  readonly cases: CorruptionCase[] = [];
  previews: { prod: PreviewResult; dr: PreviewResult } = { prod: "unreachable", dr: "unreachable" };

  constructor(settings: DrillSettings, wanted: Partial<WorldOptions> = {}) {
    this.settings = settings;
    this.wanted = wanted;
  }

  file(name: string): string {
    return path.join(this.settings.directory, name);
  }

  get lost(): Region {
    return known(this.stacks, "the stacks' outputs").prod.region;
  }

  get target(): Region {
    return known(this.stacks, "the stacks' outputs").dr.region;
  }

  note(message: string): void {
    this.settings.say({ type: "note", at: Date.now(), message });
  }

  /** The first time counts. */
  moment(key: keyof Moments, at: number, shown?: Moment["moment"], message = ""): void {
    if (this.moments[key] !== undefined) return;
    this.moments[key] = at;
    if (shown !== undefined) this.settings.say({ type: "moment", at, moment: shown, message });
  }

  sleep(milliseconds: number): Promise<void> {
    return sleep(milliseconds, undefined, { signal: this.settings.signal });
  }

  /** Looks until it is so; false: it was not within the limit. */
  async until(
    isSo: () => boolean | Promise<boolean>,
    limitMilliseconds: number,
    every = 100,
  ): Promise<boolean> {
    const deadline = performance.now() + limitMilliseconds;
    while (!(await isSo())) {
      if (performance.now() > deadline) return false;
      await this.sleep(every);
    }
    return true;
  }

  heardClients(event: ClientEvent): void {
    if (event.type === "second") {
      const { at, sent, ok, failed, regions } = event;
      this.settings.say({ type: "load", at, sent, ok, failed, regions });
    } else if (event.type === "name") this.#heardName(event.at, event.addresses);
    else this.#heardFresh(event);
  }

  /** @param label goes before the step's name, where steps of several commands are told apart */
  heardOperator(event: RunEvent, label?: string): void {
    this.settings.say({ type: "failover", at: event.at, event });
    this.run = event.run;
    if (event.type !== "step" || event.state === "started" || event.seconds === undefined) return;
    const { impact } = this.moments;
    if (impact === undefined || event.seconds === 0) return;
    const startSeconds = seconds(impact + 1_000 * event.seconds, event.at);
    const name = label === undefined ? event.step : `${label} ${event.step}`;
    this.steps.push({ name, startSeconds, endSeconds: seconds(impact, event.at) });
  }

  heardFailover(event: RunEvent): void {
    this.heardOperator(event);
    if (event.type !== "step" || event.seconds === undefined) return;
    if (event.state !== "done") return;
    if (event.step === "assess") {
      this.moment("assessed", event.at);
      this.predictedGapEvents = figure(event.data, "predictedGapEvents");
      this.lastRecordAt = figure(event.data, "lastRecordAt");
    }
    if (event.step === "fence") this.moment("fenced", event.at);
  }

  #heardName(at: number, addresses: readonly string[]): void {
    this.answers.push({ at, addresses });
    const there = new Set(this.stacks?.dr.elasticIps ?? []);
    const moved = addresses.length > 0 && addresses.every((address) => there.has(address));
    if (this.moments.impact === undefined || !moved) return;
    this.moment("name", at, "name", `${this.stacks?.dr.publicName} is answered with ${addresses.join(", ")}`);
  }

  #heardFresh(event: Extract<ClientEvent, { type: "fresh" }>): void {
    this.fresh.push(event);
    const { impact } = this.moments;
    if (impact === undefined || event.sent < impact) return;
    if (!event.ok) this.moment("failing", event.at, "failing", "a fresh client cannot write");
    if (!event.ok || event.region !== this.target) return;
    this.moment(
      "recovered",
      event.at,
      "RECOVERED",
      `a fresh client writes to ${this.target} by the public name`,
    );
    const resolvers = new Set(this.fresh.map(({ resolver }) => resolver));
    const good = this.fresh.filter(({ sent, ok, region }) => sent >= impact && ok && region === this.target);
    if (new Set(good.map(({ resolver }) => resolver)).size === resolvers.size) {
      this.moment("everyResolver", event.at, "all moved", "fresh clients behind every resolver do");
    }
  }
}

/** A phase needs what an earlier one left. */
export function known<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`the drill has no ${what} yet: an earlier phase did not leave it`);
  return value;
}

/** One that the command's step left with its event. */
function figure(data: object | undefined, name: "predictedGapEvents" | "lastRecordAt"): number | null {
  const value: unknown = Reflect.get(data ?? {}, name);
  return typeof value === "number" ? value : null;
}
