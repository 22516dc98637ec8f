/**
 * What is reachable from where. Every connection and request in the sandbox asks here first, so that one switch
 * kills, freezes, cuts or delays everything that belongs to a place.
 */
import { EventEmitter } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import type { Region } from "../components/model.ts";

/** A region, one of its zones (`us-east-1a`), or the world outside: clients, operators, health checkers. */
export type Place = string;
export const INTERNET: Place = "internet";

/**
 * - `open`
 * - `cut`: connections are refused or reset at once
 * - `blackhole`: accepted and never answered
 * - a number: open, with that many milliseconds added one way
 */
export type LinkState = "open" | "cut" | "blackhole" | number;

export class UnreachableError extends Error {
  override readonly name = "UnreachableError";
}

const regionOf = (place: Place): Place => place.replace(/(\d)[a-z]$/, "$1");

export class Faults extends EventEmitter<{ change: [] }> {
  readonly #links = new Map<string, LinkState>();
  readonly #places = new Map<Place, LinkState>();

  constructor() {
    super();
    this.setMaxListeners(0);
  }

  /** The worst of: either end's own state (zone and region), and the links between the ends. One way: from → to. */
  state(from: Place, to: Place): LinkState {
    const froms = new Set([from, regionOf(from)]);
    const tos = new Set([to, regionOf(to)]);
    const candidates = [...froms.union(tos)].map((end) => this.#places.get(end));
    for (const a of froms) for (const b of tos) candidates.push(this.#links.get(`${a}>${b}`));
    const present = candidates.filter((state) => state !== undefined);
    if (present.includes("blackhole")) return "blackhole";
    if (present.includes("cut")) return "cut";
    const delays = present.filter((state) => typeof state === "number");
    return delays.length > 0 ? delays.reduce((sum, delay) => sum + delay, 0) : "open";
  }

  setLink(from: Place, to: Place, state: LinkState): void {
    this.#links.set(`${from}>${to}`, state);
    this.emit("change");
  }

  setPlace(place: Place | Region, state: LinkState): void {
    this.#places.set(place, state);
    this.emit("change");
  }

  heal(): void {
    this.#links.clear();
    this.#places.clear();
    this.emit("change");
  }

  /** Resolves when a message may pass; rejects when cut; while black-holed it waits for the link to return. */
  async pass(from: Place, to: Place, signal?: AbortSignal): Promise<void> {
    for (;;) {
      const state = this.state(from, to);
      if (state === "open") return;
      if (state === "cut") throw new UnreachableError(`${to} is unreachable from ${from}`);
      if (typeof state === "number") return await sleep(state, undefined, signal ? { signal } : {});
      await new Promise<void>((resolve, reject) => {
        const stop = () => {
          this.off("change", changed);
          signal?.removeEventListener("abort", aborted);
        };
        const changed = () => {
          stop();
          resolve();
        };
        const aborted = () => {
          stop();
          reject(signal?.reason);
        };
        this.on("change", changed);
        signal?.addEventListener("abort", aborted, { once: true });
      });
    }
  }
}
