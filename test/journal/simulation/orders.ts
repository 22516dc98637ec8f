/** A toy of the matching engine: orders are placed and cancelled, each once. */
import { createHash } from "node:crypto";
import type { Acknowledgement, ValidRecord } from "../../../journal/index.ts";

export interface Op {
  readonly kind: "place" | "cancel";
  readonly id: string;
  /** Unique per request: tells a repeated request from the first in the log. */
  readonly attempt: string;
}

export interface Order {
  readonly placed: Acknowledgement;
  readonly cancelled: Acknowledgement | null;
}

/** What the same operations make of an order, wherever they are folded. */
export class Orders {
  readonly #orders: Map<string, Order>;

  constructor(orders: Iterable<readonly [string, Order]> = []) {
    this.#orders = new Map(orders);
  }

  static parse(text: string): Orders {
    return new Orders(JSON.parse(text));
  }

  get(id: string): Order | undefined {
    return this.#orders.get(id);
  }

  apply({ kind, id }: Op, ack: Acknowledgement): void {
    const order = this.#orders.get(id);
    if (kind === "place") this.#orders.set(id, order ?? { placed: ack, cancelled: null });
    else if (order) this.#orders.set(id, { ...order, cancelled: order.cancelled ?? ack });
  }

  fold({ record, upTo }: ValidRecord): void {
    const { shard, epoch, seq, hash } = record;
    for (const op of opsOf(record.body).slice(0, upTo)) this.apply(op, { shard, epoch, seq, hash });
  }

  clone(): Orders {
    return new Orders(this.#orders);
  }

  /** In the order of placing, which replay repeats. */
  serialize(): string {
    return JSON.stringify([...this.#orders]);
  }

  checksum(): string {
    return createHash("sha256").update(this.serialize()).digest("hex");
  }
}

export const opsOf = (body: string): Op[] => JSON.parse(body);
