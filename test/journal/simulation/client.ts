/** Clients: they log what they sent and what was answered, and believe nothing else. */
import type { Answer, Request } from "./engine.ts";
import type { Random } from "./random.ts";
import type { Scheduler } from "./scheduler.ts";

export interface Exchange {
  readonly request: Request;
  readonly sentAt: number;
  /** Undefined: never answered, so its outcome is unknown. */
  answeredAt?: number;
  answer?: Answer;
}

/** Takes a request to some engine, if one is there to take it. */
export type Send = (request: Request, answer: (answer: Answer) => void) => void;

const PAUSE = [20, 200] as const;
/** Old orders are left alone, so that requests for the same one meet. */
const RECENT = 5;
const PATIENCE_MILLISECONDS = 900;

export class Client {
  readonly log: Exchange[] = [];
  readonly #name: string;
  readonly #scheduler: Scheduler;
  readonly #random: Random;
  readonly #send: Send;
  readonly #ids: string[] = [];
  #isSending = true;

  constructor(name: string, scheduler: Scheduler, random: Random, send: Send) {
    this.#name = name;
    this.#scheduler = scheduler;
    this.#random = random;
    this.#send = send;
    this.#scheduleNext();
  }

  stop(): void {
    this.#isSending = false;
  }

  /** Asks for every order once more. */
  readAll(): void {
    for (const id of this.#ids) this.#ask("read", id);
  }

  #scheduleNext(): void {
    this.#scheduler.after(this.#random.between(...PAUSE), () => {
      if (!this.#isSending) return;
      this.#act();
      this.#scheduleNext();
    });
  }

  #act(): void {
    const known = this.#random.pickAny(this.#ids.slice(-RECENT));
    const dice = this.#random.next();
    if (known === undefined || dice < 0.35) {
      const id = `${this.#name}-${this.#ids.length}`;
      this.#ids.push(id);
      this.#ask("place", id);
    } else this.#ask(dice < 0.55 ? "cancel" : dice < 0.8 ? "place" : "read", known);
  }

  #ask(kind: Request["kind"], id: string): void {
    const attempt = `${this.#name}/${this.log.length}`;
    const exchange: Exchange = { request: { kind, id, attempt }, sentAt: this.#scheduler.now };
    this.log.push(exchange);
    this.#send(exchange.request, (answer) => {
      exchange.answer = answer;
      exchange.answeredAt = this.#scheduler.now;
      // A repetition under way since long ago: only an engine that is up to date knows that the order is
      // gone.
      if (kind === "cancel" && this.#isSending && this.#random.chance(0.5)) this.#ask("place", id);
    });
    if (kind === "read") return;
    this.#scheduler.after(PATIENCE_MILLISECONDS, () => {
      if (this.#isSending && !exchange.answer && this.#random.chance(0.5)) this.#ask(kind, id);
    });
  }
}
