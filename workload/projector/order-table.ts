/**
 * A batch's orders by client and client order id: their bytes in one buffer, their numbers in arrays. Objects in a
 * map would live as long as the batch, which is long enough to be moved twice by the garbage collector.
 */
import { ABSENT, CopyText, type EventReader } from "../../replay/index.ts";

const TAB = 0x09;
const FIRST_ORDERS = 1_024;

export class OrderTable {
  /** Of each order its key, and behind it what the caller wrote after `add`. */
  readonly text = new CopyText();
  count = 0;
  /** By order; the caller's to fill. */
  amount = new Float64Array(FIRST_ORDERS);
  state = new Uint8Array(FIRST_ORDERS);
  #from = new Int32Array(FIRST_ORDERS);
  #hashes = new Int32Array(FIRST_ORDERS);
  /** Orders by hash, at most half of it used. */
  #slots = new Int32Array(FIRST_ORDERS * 2).fill(ABSENT);

  /** The order that two of the event's fields name, or ABSENT. */
  find(event: EventReader, client: number, id: number): number {
    return this.#slots[this.#slotOf(event, client, id, hashOf(event, client, id))] ?? ABSENT;
  }

  /** One that is not there yet. */
  add(event: EventReader, client: number, id: number): number {
    if (this.count === this.#from.length) this.#grow();
    const hash = hashOf(event, client, id);
    const order = this.count++;
    this.#slots[this.#slotOf(event, client, id, hash)] = order;
    this.#hashes[order] = hash;
    this.#from[order] = this.text.length;
    this.text.field(event, client);
    this.text.field(event, id);
    return order;
  }

  /** Where an order's bytes are in `text`. */
  from(order: number): number {
    return this.#from[order] ?? 0;
  }
  to(order: number): number {
    return order + 1 < this.count ? this.from(order + 1) : this.text.length;
  }

  /** The slot in which the order is, or would be. */
  #slotOf(event: EventReader, client: number, id: number, hash: number): number {
    const last = this.#slots.length - 1;
    for (let slot = hash & last; ; slot = (slot + 1) & last) {
      const order = this.#slots[slot] ?? ABSENT;
      if (order === ABSENT) return slot;
      if (this.#hashes[order] === hash && this.#isKeyOf(order, event, client, id)) return slot;
    }
  }

  #isKeyOf(order: number, { bytes, start, end }: EventReader, client: number, id: number): boolean {
    const own = this.text.bytes;
    let at = this.from(order);
    for (const field of [client, id]) {
      const to = end[field] ?? 0;
      for (let from = start[field] ?? 0; from < to; from++) if (bytes[from] !== own[at++]) return false;
      if (own[at++] !== TAB) return false;
    }
    return true;
  }

  #grow(): void {
    const orders = this.count * 2;
    const larger = <T extends { set(from: T): void }>(now: T, next: T): T => {
      next.set(now);
      return next;
    };
    this.amount = larger(this.amount, new Float64Array(orders));
    this.state = larger(this.state, new Uint8Array(orders));
    this.#from = larger(this.#from, new Int32Array(orders));
    this.#hashes = larger(this.#hashes, new Int32Array(orders));
    const slots = new Int32Array(orders * 2).fill(ABSENT);
    for (let order = 0; order < this.count; order++) {
      let slot = (this.#hashes[order] ?? 0) & (slots.length - 1);
      while (slots[slot] !== ABSENT) slot = (slot + 1) & (slots.length - 1);
      slots[slot] = order;
    }
    this.#slots = slots;
  }
}

/** FNV-1a over both values. http://www.isthe.com/chongo/tech/comp/fnv/ */
function hashOf({ bytes, start, end }: EventReader, client: number, id: number): number {
  let hash = 0x811c9dc5 | 0;
  for (const field of [client, id]) {
    const to = end[field] ?? 0;
    for (let at = start[field] ?? 0; at < to; at++) hash = Math.imul(hash ^ (bytes[at] ?? 0), 0x01000193);
  }
  // Its low bits alone say where an order goes.
  return hash ^ (hash >>> 15);
}
