/** Drill events as lines for a person who follows the drill: when, what, and what it means. */
import type { RunEvent } from "../runbook/events.ts";
import type { DrillEvent, LoadSecond } from "./events.ts";

const LOAD_EVERY_SECONDS = 10;
/** What repeats itself, progress of one phase or waits of one step, is shown that often. */
const REPEAT_EVERY_MILLISECONDS = 5_000;
const CLOCK_WIDTH = 9;
const LABEL_WIDTH = 10;

const LOSS_WORDS = {
  kill: "killed",
  freeze: "frozen",
  blackhole: "black-holed",
  partition: "cut off from the other regions",
} as const;

/** Turns events to lines; keeps what a line needs of the events before it. */
export class Timeline {
  #impactAt: number | undefined;
  #load: LoadSecond[] = [];
  readonly #shown = new Map<string, number>();

  /** Undefined: nothing worth a line. */
  line(event: DrillEvent): string | undefined {
    switch (event.type) {
      case "phase":
        return this.#row(event.at, event.phase, event.title);
      case "note":
        return this.#row(event.at, "", event.message);
      case "progress":
        return this.#seldom("progress", event.at, () => this.#row(event.at, "", event.message));
      case "impact":
        this.#impactAt = event.at;
        return this.#row(event.at, "IMPACT", `${event.place} ${LOSS_WORDS[event.loss]}`);
      case "moment":
        return this.#row(event.at, event.moment, event.message);
      case "load":
        return this.#loadLine(event);
      case "failover":
        return this.#failoverLine(event.event);
      case "evidence":
        return undefined;
    }
  }

  #seldom(what: string, at: number, line: () => string): string | undefined {
    if (at - (this.#shown.get(what) ?? -Infinity) < REPEAT_EVERY_MILLISECONDS) return undefined;
    this.#shown.set(what, at);
    return line();
  }

  /** Seconds since the impact, `+12.3 s`; blank before it. */
  #row(at: number, label: string, text: string): string {
    const seconds = this.#impactAt === undefined ? undefined : (at - this.#impactAt) / 1000;
    const clock = seconds === undefined ? "" : `${seconds < 0 ? "−" : "+"}${Math.abs(seconds).toFixed(1)} s`;
    // An error may quote pages; all of it is in the record.
    const [line = ""] = text.split("\n", 1);
    return `${clock.padStart(CLOCK_WIDTH)}  ${label.padEnd(LABEL_WIDTH)} ${line}`.trimEnd();
  }

  #loadLine(second: LoadSecond): string | undefined {
    this.#load.push(second);
    if (this.#load.length < LOAD_EVERY_SECONDS) return undefined;
    const total = (of: (each: LoadSecond) => number) => this.#load.reduce((sum, each) => sum + of(each), 0);
    const regions = new Map<string, number>();
    for (const each of this.#load) {
      for (const [region, count] of Object.entries(each.regions)) {
        regions.set(region, (regions.get(region) ?? 0) + count);
      }
    }
    const answered = [...regions].map(([region, count]) => `${region} ${count}`).join(", ");
    const text = `${total(({ ok }) => ok)} of ${total(({ sent }) => sent)} good in 10 s; answers: ${answered || "none"}`;
    this.#load = [];
    return this.#row(second.at, "clients", text);
  }

  #failoverLine(event: RunEvent): string | undefined {
    switch (event.type) {
      case "step": {
        if (event.state === "started") return undefined;
        const took = event.seconds === undefined ? "" : ` (${event.seconds.toFixed(1)} s)`;
        const state = event.state === "done" ? "" : `${event.state}: `;
        return this.#row(event.at, event.step, `${state}${event.detail ?? event.title}${took}`);
      }
      case "wait":
        return this.#seldom(event.step, event.at, () =>
          this.#row(
            event.at,
            event.step,
            `${event.message.startsWith("wait") ? "" : "waiting "}${event.message}`,
          ),
        );
      case "note":
        return this.#row(event.at, "", event.message);
      case "result":
        return this.#row(event.at, "failover", `${event.verdict}: ${event.message}`);
      case "run":
        return this.#row(event.at, "failover", `run ${event.run} towards ${event.target}`);
    }
  }
}
