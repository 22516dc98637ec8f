/**
 * Writes on their way. Each travels alone, so that they land in another order than they were sent, and none is
 * certain before its answer: this is as weak as a strongly consistent table may be, not as it usually is.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Region } from "../../../components/model.ts";
import type { Faults } from "../../faults.ts";
import { NoAnswer } from "../protocol.ts";
import type { Random } from "../random.ts";
import { DynamoError, type Payload } from "./dynalite.ts";
import type { Quorum } from "./quorum.ts";

/** What became of the writes that were in flight when a region died. */
export interface InFlightCoverage {
  readonly inFlightAtKill: number;
  /** Applied at the instant of the loss or just before, the answer lost. */
  readonly lostAnswers: number;
  /** Arrived only later, often after a rival's write to the same partition: a seal. */
  readonly lateLandings: number;
  /** Those of `lateLandings` whose condition no longer held, so that they changed nothing. */
  readonly lateRefused: number;
  /** Not arrived yet. */
  readonly latePending: number;
  readonly dropped: number;
}

export interface Write {
  readonly region: Region;
  /** The table's regions; empty when it is an ordinary table of one region. */
  readonly regions: readonly Region[];
  /** Table and key. */
  readonly item: string;
  /** Table and partition. */
  readonly partition: string;
  /** Checks the condition and takes effect, in one instant. */
  readonly apply: () => Promise<Payload>;
}

interface Flight extends Write {
  stage: "travelling" | "applied" | "isolated" | "conflict" | "lost";
}

/** Share of writes that meet a rival from another region and lose to it. */
const CONFLICT = 0.5;
/** What a struggling region adds to each of its writes: longer than a window fills at a few orders a second. */
const STRUGGLING_MILLISECONDS = [50, 1_500] as const;
/** How long an isolated region lets a request wait before it gives up. */
const ISOLATED_MILLISECONDS = [100, 3_000] as const;
/** Share of an isolated region's writes that it still delivers once it is connected again. */
const DELIVERED_AFTER_ISOLATION = 0.25;
/** A late write lands at the latest after this long. */
const LATEST_MILLISECONDS = 45_000;

export class Writes {
  readonly #faults: Faults;
  readonly #quorum: Quorum;
  readonly #random: Random;
  readonly #flights = new Set<Flight>();
  readonly #byItem = new Map<string, Set<Flight>>();
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #struggling = new Set<Region>();
  /** Late writes that wait for a rival in their partition. */
  readonly #ambush = new Map<string, { readonly origin: Region; readonly spring: () => void }[]>();
  #coverage = {
    inFlightAtKill: 0,
    lostAnswers: 0,
    lateLandings: 0,
    lateRefused: 0,
    latePending: 0,
    dropped: 0,
  };

  constructor(faults: Faults, quorum: Quorum, random: Random) {
    this.#faults = faults;
    this.#quorum = quorum;
    this.#random = random;
  }

  inFlight(region: Region): number {
    return [...this.#flights].filter((flight) => flight.region === region).length;
  }

  coverage(): InFlightCoverage {
    return { ...this.#coverage };
  }

  /** Rejects with `DynamoError`, or with `NoAnswer` when the region died meanwhile. */
  async perform(write: Write): Promise<Payload> {
    const flight: Flight = { ...write, stage: "travelling" };
    this.#spring(write);
    this.#meet(flight);
    this.#flights.add(flight);
    try {
      return await this.#fly(flight);
    } finally {
      this.#flights.delete(flight);
      this.#part(flight);
    }
  }

  /** Regions seldom die of a sudden: from now on writes pile up there, each delayed by itself, until it is lost. */
  struggle(region: Region): void {
    this.#struggling.add(region);
  }

  /** Every write in flight from the region meets its fate; their callers never hear of it. */
  lose(region: Region): void {
    this.#struggling.delete(region);
    const fates = this.#fates();
    for (const flight of this.#flights) {
      if (flight.region !== region || flight.stage === "lost") continue;
      this.#coverage.inFlightAtKill++;
      const { stage } = flight;
      flight.stage = "lost";
      const fate =
        stage === "travelling" ? fates.next().value : stage === "applied" ? "answer lost" : "dropped";
      if (fate === "answer lost") {
        this.#coverage.lostAnswers++;
        if (stage === "travelling") void flight.apply().catch(expectDynamoError);
      } else if (fate === "dropped") {
        this.#coverage.dropped++;
      } else {
        this.#coverage.latePending++;
        this.#landLate(flight);
      }
    }
  }

  close(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }

  async #fly(flight: Flight): Promise<Payload> {
    const { region, regions } = flight;
    const usual = regions.length === 0 ? 1 : this.#quorum.milliseconds(region, regions);
    const total =
      usual + (this.#struggling.has(region) ? this.#random.between(...STRUGGLING_MILLISECONDS) : 0);
    const outward = total * this.#random.between(0.2, 0.9);
    await sleep(outward);
    if (flight.stage === "lost") throw new NoAnswer();
    if (flight.stage === "conflict") {
      await sleep(total - outward);
      throw new DynamoError(
        "ReplicatedWriteConflictException",
        "One or more items in this request are being modified by a request in another Region.",
      );
    }
    if (regions.length > 0 && !this.#quorum.sends(region, regions)) return await this.#isolated(flight);
    flight.stage = "applied";
    const outcome = await flight.apply().then(
      (value) => ({ value }),
      (error: unknown) => ({ error }),
    );
    await sleep(total - outward);
    if (this.#isLost(flight)) throw new NoAnswer();
    if (regions.length > 0 && !this.#quorum.confirms(region, regions)) return await this.#giveUp(flight);
    if ("error" in outcome) throw outcome.error;
    return outcome.value;
  }

  #isLost(flight: Flight): boolean {
    return flight.stage === "lost";
  }

  /** The region reaches no other one: an error, after which the write may yet be delivered. */
  async #isolated(flight: Flight): Promise<never> {
    flight.stage = "isolated";
    if (this.#random.chance(DELIVERED_AFTER_ISOLATION)) {
      const reconnected = () => {
        if (!this.#quorum.confirms(flight.region, flight.regions)) return;
        this.#faults.off("change", reconnected);
        this.#after(this.#random.between(0, 2_000), () => void flight.apply().catch(expectDynamoError));
      };
      this.#faults.on("change", reconnected);
    }
    return await this.#giveUp(flight);
  }

  async #giveUp(flight: Flight): Promise<never> {
    await sleep(this.#random.between(...ISOLATED_MILLISECONDS));
    if (this.#isLost(flight)) throw new NoAnswer();
    throw new DynamoError("InternalServerError", "Internal server error", 500);
  }

  /** A shuffled deck rather than independent draws, so that three writes in flight already show all three fates. */
  *#fates(): Generator<"dropped" | "answer lost" | "late", never> {
    const left: ("dropped" | "answer lost" | "late")[] = [];
    for (;;) {
      if (left.length === 0) left.push("dropped", "answer lost", "late");
      const [fate] = left.splice(Math.floor(this.#random.next() * left.length), 1);
      if (fate) yield fate;
    }
  }

  #landLate(flight: Flight): void {
    let done = false;
    const land = () => {
      if (done) return;
      done = true;
      this.#coverage.latePending--;
      this.#coverage.lateLandings++;
      void flight.apply().catch((error: unknown) => {
        expectDynamoError(error);
        this.#coverage.lateRefused++;
      });
    };
    const isTimed = this.#random.chance(1 / 3);
    this.#after(isTimed ? this.#random.between(500, 5_000) : LATEST_MILLISECONDS, land);
    if (isTimed) return;
    // In the middle of a rival's seals, just after them, or seconds after: where a fence is most likely to leak.
    const [low, high] = this.#random.pick([
      [0, 20],
      [50, 1_000],
      [1_000, 3_000],
    ]);
    const wait = this.#random.between(low, high);
    const waiting = this.#ambush.get(flight.partition) ?? [];
    waiting.push({ origin: flight.region, spring: () => this.#after(wait, land) });
    this.#ambush.set(flight.partition, waiting);
  }

  #spring({ partition, region }: Write): void {
    const waiting = this.#ambush.get(partition);
    if (!waiting) return;
    const [mine, rivals] = [
      waiting.filter(({ origin }) => origin === region),
      waiting.filter(({ origin }) => origin !== region),
    ];
    this.#ambush.set(partition, mine);
    for (const { spring } of rivals) spring();
  }

  /** Two regions at one item: either may be told to try again, or both are put in some order. */
  #meet(flight: Flight): void {
    const here = this.#byItem.get(flight.item) ?? new Set<Flight>();
    this.#byItem.set(flight.item, here);
    const rivals = [...here].filter(({ region }) => region !== flight.region);
    if (rivals.length > 0 && this.#random.chance(CONFLICT)) flight.stage = "conflict";
    else {
      for (const rival of rivals) {
        if (rival.stage === "travelling" && this.#random.chance(CONFLICT)) rival.stage = "conflict";
      }
    }
    here.add(flight);
  }

  #part(flight: Flight): void {
    const here = this.#byItem.get(flight.item);
    here?.delete(flight);
    if (here?.size === 0) this.#byItem.delete(flight.item);
  }

  #after(milliseconds: number, act: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      act();
    }, milliseconds);
    this.#timers.add(timer);
  }
}

/** A refused condition is an outcome; anything else is a bug of the sandbox. */
function expectDynamoError(error: unknown): void {
  if (!(error instanceof DynamoError)) throw error;
}
