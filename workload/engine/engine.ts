/**
 * The life of one shard's engine: wait until the shard is this region's, rebuild its state, seal the old epoch and
 * open a new one, then match until told to stop, halted or fenced. A halt is waited out; a fence ends the process.
 */
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { OnOff, Region } from "../../components/model.ts";
import {
  awaitSilence,
  type CheckpointStore,
  FencedError,
  findNewestEpoch,
  HaltedError,
  isHalted,
  type JournalStore,
  NotMyRegionError,
  type Opening,
  OvertakenError,
  openWriter,
  resign,
  type Writer,
  waitForOwnership,
} from "../../journal/index.ts";
import type { EngineReport, EngineStatus, Phase } from "../api.ts";
import { type Log, messageOf } from "../log.ts";
import type { EngineFace } from "./api.ts";
import { Checkpointer } from "./checkpointer.ts";
import { Replica } from "./replica.ts";
import { Sequencer } from "./sequencer.ts";

/** A living writer appends a heartbeat after this long without anything else. */
export const HEARTBEAT_MS = 1000;
/** A standby takes over from a writer that has appended nothing for so long. */
export const STANDBY_PATIENCE_MS = 5000;
/**
 * An epoch so young was opened by a rival, not left by a predecessor: in a rolling update the fenced old pod restarts
 * and would fence the new one in turn, and so on. It is followed until it falls silent, too.
 */
export const RIVAL_AGE_MS = 30_000;
export const RIVAL_PATIENCE_MS = 2500;
const OWNERSHIP_MS = 1000;
const TICK_MS = 250;
const CONTROL_MS = 1000;
/** Whoever follows would find the shard free by then anyway. */
const RESIGN_MS = STANDBY_PATIENCE_MS;
/** A fenced engine that cannot see by whom does not wait longer. */
const SEAL_LOOK_MS = 2000;
/** The orchestrator kills after 30 s: what is not acknowledged by then stays unknown. */
export const DEFAULT_DRAIN_MS = 10_000;

/** The shard is another's, or nobody's, for now: wait again. */
const NOT_NOW = [NotMyRegionError, HaltedError, OvertakenError] as const;

export interface EngineOptions {
  readonly shard: number;
  readonly region: Region;
  readonly window: number;
  readonly standby: OnOff;
  /** Where it answers, for the gateways of its region. */
  readonly url: string;
  readonly store: JournalStore;
  readonly checkpoints: CheckpointStore;
  readonly log: Log;
  /** Must end the process: a fenced engine may not answer once more. */
  readonly onFatal: (error: unknown) => void;
  /** How long a stop waits for acknowledgements; default `DEFAULT_DRAIN_MS`. */
  readonly drainMs?: number;
}

interface Serving {
  readonly writer: Writer;
  readonly replica: Replica;
  readonly sequencer: Sequencer;
  readonly checkpointer: Checkpointer;
}

export class Engine implements EngineFace {
  readonly #options: EngineOptions;
  #phase: Phase = "starting";
  #reason = "starting";
  #serving: Serving | undefined;
  #drained = false;

  constructor(options: EngineOptions) {
    this.#options = options;
  }

  get sequencer(): Sequencer | null {
    return this.#phase === "active" ? (this.#serving?.sequencer ?? null) : null;
  }

  report(): EngineReport {
    const opening = this.#serving?.writer.opening;
    return {
      shard: this.#options.shard,
      ready: this.#phase === "active" || this.#phase === "maintenance",
      generation: opening?.generation ?? null,
      epoch: opening?.epoch ?? null,
      phase: this.#phase,
      reason: this.#reason,
    };
  }

  status(): EngineStatus {
    const { sequencer, replica } = this.#serving ?? {};
    return {
      ...this.report(),
      head: sequencer?.settledAt ?? null,
      replayedFrom: replica?.replayedFrom ?? null,
      tailReplayed: replica?.tailReplayed ?? 0,
      stateChecksum: sequencer?.settled.checksum() ?? null,
      orders: sequencer?.settled.size ?? 0,
      drained: this.#drained,
    };
  }

  /** Resolves after a graceful stop; rejects when the engine must not go on. */
  async run(signal: AbortSignal): Promise<void> {
    for (;;) {
      const serving = await this.#open(signal);
      this.#serving = serving;
      this.#drained = false;
      this.#enter("active", "matching");
      const halt = await this.#serve(serving, signal);
      if (halt === undefined) {
        this.#enter("stopping", "told to stop");
        await this.#drain(serving);
        await this.#resign(serving.writer);
        return serving.writer.close();
      }
      this.#waitFor(halt);
      await this.#settle(serving, halt);
      serving.writer.close();
    }
  }

  /** Until told to stop (undefined) or halted; any other fence is fatal. */
  async #serve(serving: Serving, signal: AbortSignal): Promise<Opening | undefined> {
    const fenced = new AbortController();
    const until = AbortSignal.any([signal, fenced.signal]);
    const halted = serving.writer.fenced.then(async (error) => {
      fenced.abort();
      const halt = await this.#haltOf(signal);
      if (halt === undefined) this.#options.onFatal(error);
      return halt;
    });
    halted.catch(() => {});
    const work = Promise.all([this.#beat(serving, until), this.#obeyControl(serving, until)]);
    await Promise.race([serving.writer.fenced, work]);
    return fenced.signal.aborted ? await halted : undefined;
  }

  /** The halt that now holds this shard of this region, if one does. Rejects when that cannot be seen in time. */
  async #haltOf(signal: AbortSignal): Promise<Opening | undefined> {
    const { store, shard, region } = this.#options;
    const limit = AbortSignal.any([signal, AbortSignal.timeout(SEAL_LOOK_MS)]);
    const { opening } = await findNewestEpoch(store, shard, { signal: limit });
    return isHalted(opening) && opening.region === region ? opening : undefined;
  }

  /**
   * What lies below the seal is log: it is answered and goes into a checkpoint. The rest is never answered: whoever
   * sent it may have it accepted by another engine when this one wakes from a freeze.
   */
  async #settle(
    { writer, sequencer, checkpointer }: Serving,
    { epoch, base, reason }: Opening,
  ): Promise<void> {
    const { log, drainMs = DEFAULT_DRAIN_MS } = this.#options;
    // A cut took back what this engine knows; and what others wrote since, it never knew.
    if (reason !== "halt" || epoch !== writer.opening.epoch + 1) return;
    for (const end = Date.now() + drainMs; (sequencer.settledAt?.seq ?? 0) < base.seq; ) {
      if (Date.now() > end) return log("drain-late", { afterMs: drainMs });
      await sleep(TICK_MS / 10);
    }
    await checkpointer.save();
    this.#drained = true;
    log("drained", { ...sequencer.settledAt });
  }

  async #open(signal: AbortSignal): Promise<Serving> {
    const { store, shard, region, window, url, log, checkpoints, onFatal } = this.#options;
    for (;;) {
      // A halt is known already when this engine was halted, and stays what it waits for.
      if (this.#phase !== "halted") this.#enter("waiting", `until shard ${shard} belongs to ${region}`);
      const known = await waitForOwnership({
        ...{ store, shard, region, signal, intervalMilliseconds: OWNERSHIP_MS },
        waiting: (opening) => this.#waitFor(opening),
      });
      this.#enter("replaying", "from the newest valid checkpoint");
      const replica = await Replica.restore({ store, checkpoints, shard, known, log, signal });
      const over = await this.#standBy(replica, signal);
      const writer = await openWriter({
        ...{ store, shard, region, window, signal, over, known: replica.cursor.place },
        writer: randomUUID(),
      }).catch((error: unknown) => {
        if (NOT_NOW.some((kind) => error instanceof kind)) return undefined;
        throw error;
      });
      // Decided otherwise since the wait ended: wait again.
      if (writer === undefined) continue;
      this.#enter("replaying", "what the former writer added");
      const { epoch } = writer.opening;
      await Promise.all([
        replica.catchUp(writer.head),
        store.announceEngine({ shard, epoch, region, url }, signal),
      ]);
      if ((replica.at?.seq ?? 0) !== writer.head.seq) {
        throw new Error(
          `shard ${shard} replayed to ${replica.at?.seq ?? 0}, its log ends at ${writer.head.seq}`,
        );
      }
      const { settled, at: settledAt } = replica;
      const onFailure = (error: unknown) => {
        // The writer says so too, and what sealed its epoch decides how this ends.
        if (!(error instanceof FencedError)) onFatal(error);
      };
      const sequencer = new Sequencer({ writer, settled, settledAt, onFailure });
      return { writer, replica, sequencer, checkpointer: new Checkpointer({ sequencer, checkpoints, log }) };
    }
  }

  /** Waits while another engine of this region lives that should keep the shard; gives the epoch to take over. */
  async #standBy(replica: Replica, signal: AbortSignal): Promise<number> {
    const { store, standby } = this.#options;
    const isYoung = ({ ts }: Opening) => store.clock.now() - ts < RIVAL_AGE_MS;
    return await awaitSilence({
      ...{ clock: store.clock, cursor: replica.cursor, signal },
      fold: (valid) => replica.fold(valid),
      patienceMilliseconds: (opening) =>
        standby === "on" ? STANDBY_PATIENCE_MS : isYoung(opening) ? RIVAL_PATIENCE_MS : 0,
      following: ({ epoch }) =>
        this.#enter("standby", `following epoch ${epoch} until its engine falls silent`),
    });
  }

  /** A planned stop costs the shard no silence: the standby takes over at once. */
  async #resign(writer: Writer): Promise<void> {
    const { store, window, log } = this.#options;
    if (!this.#drained) return;
    await resign(store, writer, window, AbortSignal.timeout(RESIGN_MS)).then(
      () => log("resigned", { epoch: writer.opening.epoch }),
      (error: unknown) => log("resign-failed", { error: messageOf(error) }),
    );
  }

  /** Heartbeats and checkpoints, until told to stop. */
  async #beat({ writer, sequencer, checkpointer }: Serving, signal: AbortSignal): Promise<void> {
    const { store, onFatal } = this.#options;
    while (await pause(TICK_MS, signal)) {
      const idle = store.clock.now() - writer.lastAppendAt;
      if (idle >= HEARTBEAT_MS && sequencer.isIdle) sequencer.submit({ type: "heartbeat" }).catch(onFatal);
      checkpointer.tick().catch(onFatal);
    }
  }

  /** A control item that cannot be read changes nothing: the gateways shut by themselves. */
  async #obeyControl(serving: Serving, signal: AbortSignal): Promise<void> {
    const { store, region, log } = this.#options;
    while (await pause(CONTROL_MS, signal)) {
      const limit = AbortSignal.any([signal, AbortSignal.timeout(2 * CONTROL_MS)]);
      const wanted = await store.readControlItem(region, limit).then(
        (item) => item?.maintenance ?? "off",
        (error: unknown) => {
          log("control-unreadable", { error: messageOf(error) });
          return undefined;
        },
      );
      if (wanted === "on" && this.#phase === "active") {
        this.#enter("maintenance", "nothing is taken until maintenance is off");
      }
      if (wanted === "on" && !this.#drained) await this.#drain(serving);
      if (wanted === "off" && this.#phase === "maintenance") {
        this.#drained = false;
        this.#enter("active", "matching");
      }
    }
  }

  async #drain({ sequencer, checkpointer }: Serving): Promise<void> {
    const { log, drainMs = DEFAULT_DRAIN_MS } = this.#options;
    if (!(await sequencer.drained(drainMs))) {
      log("drain-late", { afterMs: drainMs });
      return;
    }
    await checkpointer.save();
    this.#drained = true;
    log("drained", { ...sequencer.settledAt });
  }

  #waitFor(opening: Opening): void {
    const { shard, region } = this.#options;
    if (opening.region !== region) this.#enter("waiting", `until shard ${shard} belongs to ${region}`);
    else this.#enter("halted", `by ${opening.sealer}, nothing is taken until dr ends the halt`);
  }

  #enter(phase: Phase, reason: string): void {
    if (this.#phase === phase && this.#reason === reason) return;
    this.#phase = phase;
    this.#reason = reason;
    this.#options.log("phase", { phase, reason });
  }
}

/** False when told to stop meanwhile. */
const pause = (ms: number, signal: AbortSignal): Promise<boolean> =>
  sleep(ms, true, { signal }).catch(() => false);
