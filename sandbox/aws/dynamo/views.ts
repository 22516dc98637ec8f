/** What eventually consistent reads see: a replica that lags, and stands still while its region is isolated. */
import type { Region } from "../../../components/model.ts";
import type { Faults } from "../../faults.ts";
import type { Random } from "../random.ts";
import type { Attributes, Payload } from "./dynalite.ts";
import type { Quorum } from "./quorum.ts";
import { type Table, voters } from "./tables.ts";

/** Usual milliseconds until another region's replica shows a write. */
const LAG_MILLISECONDS = [20, 200] as const;

interface Hidden {
  /** The item before the first write not seen yet; undefined: there was none. */
  readonly before: Attributes | undefined;
  /** On the monotonic clock; undefined: written while the region was isolated, nothing is on its way. */
  visibleAt: number | undefined;
}

interface View {
  readonly isIsolated: () => boolean;
  /** By key, oldest first. */
  readonly hidden: Map<string, Hidden>;
}

/** Each region's replica, as its difference to the latest state. Items deleted meanwhile are not resurrected. */
export class Views {
  readonly #faults: Faults;
  readonly #quorum: Quorum;
  readonly #random: Random;
  readonly #views = new Map<string, View>();

  constructor(faults: Faults, quorum: Quorum, random: Random) {
    this.#faults = faults;
    this.#quorum = quorum;
    this.#random = random;
    faults.on("change", this.#reconnect);
  }

  close(): void {
    this.#faults.off("change", this.#reconnect);
  }

  /** Call for every write, in the order in which they took effect. */
  wrote(table: Table, writer: Region, key: string, before: Attributes | undefined): void {
    for (const region of table.replicas) {
      if (region === writer) continue;
      const { hidden, isIsolated } = this.#view(table, region);
      if (hidden.has(key)) continue;
      hidden.set(key, { before, visibleAt: isIsolated() ? undefined : this.#soon() });
    }
  }

  /** The answer of a read as `region` sees it, given the answer from the latest state. */
  stale(table: Table, region: Region, latest: Payload, keyOf: (item: Attributes) => string): Payload {
    const { hidden } = this.#view(table, region);
    if (hidden.size === 0) return latest;
    const see = (item: Attributes): Attributes | undefined => {
      const older = hidden.get(keyOf(item));
      return older ? older.before : item;
    };
    const { Item, Items, ...rest } = latest as { Item?: Attributes; Items?: readonly Attributes[] };
    if (Item) {
      const seen = see(Item);
      return seen ? { ...rest, Item: seen } : rest;
    }
    if (!Items) return latest;
    const seen = Items.map(see).filter((item) => item !== undefined);
    return { ...rest, Items: seen, Count: seen.length };
  }

  /** The view after everything due has arrived. */
  #view(table: Table, region: Region): View {
    const name = `${region}/${table.name}`;
    const isIsolated = () => !this.#quorum.confirms(region, voters(table));
    const view = this.#views.get(name) ?? { isIsolated, hidden: new Map<string, Hidden>() };
    this.#views.set(name, view);
    for (const [key, { visibleAt }] of view.hidden) {
      // Later ones may be due already; stopping at the first keeps this a short walk per write.
      if (visibleAt === undefined || visibleAt > performance.now()) break;
      view.hidden.delete(key);
    }
    return view;
  }

  readonly #reconnect = (): void => {
    for (const { isIsolated, hidden } of this.#views.values()) {
      if (isIsolated()) continue;
      for (const write of hidden.values()) write.visibleAt ??= this.#soon();
    }
  };

  #soon(): number {
    return performance.now() + this.#random.between(...LAG_MILLISECONDS);
  }
}
