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

const PAUSE = [20, 140] as const;
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
    const known = this.#random.pickAny(this.#ids);
    const dice = this.#random.next();
    if (known === undefined || dice < 0.5) {
      const id = `${this.#name}-${this.#ids.length}`;
      this.#ids.push(id);
      this.#ask("place", id);
    } else this.#ask(dice < 0.68 ? "cancel" : dice < 0.84 ? "place" : "read", known);
  }

  #ask(kind: Request["kind"], id: string): void {
    const attempt = `${this.#name}/${this.log.length}`;
    const exchange: Exchange = { request: { kind, id, attempt }, sentAt: this.#scheduler.now };
    this.log.push(exchange);
    this.#send(exchange.request, (answer) => {
      exchange.answer = answer;
      exchange.answeredAt = this.#scheduler.now;
    });
    if (kind === "read") return;
    this.#scheduler.after(PATIENCE_MILLISECONDS, () => {
      if (this.#isSending && !exchange.answer && this.#random.chance(0.7)) this.#ask(kind, id);
    });
  }
}
