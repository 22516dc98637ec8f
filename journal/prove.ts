/**
 * A shard's log as it can be proven in spite of whoever could write the table: the locked archive, and what of the table
 * fits behind it. In the order of the log, what earlier cuts took back included: it stands where it stood.
 */
import type { Archive } from "./archive.ts";
import { lowestSeal, readEpoch } from "./epochs.ts";
import { TamperedError } from "./errors.ts";
import { hashSeal } from "./hash.ts";
import type { LogItem, Position, Seal } from "./model.ts";
import { genesis, isBefore, openedBy } from "./protocol.ts";
import { type Proven, Prover } from "./prover.ts";
import type { JournalStore } from "./store.ts";

export interface ProveOptions {
  readonly store: JournalStore;
  readonly archive: Archive;
  readonly shard: number;
  readonly signal?: AbortSignal | undefined;
}

/** Throws TamperedError when the archive contradicts itself, or has a record that no seal leads to. */
export async function* proveLog(options: ProveOptions): AsyncGenerator<Proven, void, undefined> {
  const { store, archive, shard, signal } = options;
  const seals = await sealsOf(options);
  const prover = new Prover(seals.map(({ base }) => base));
  const archived = new Cursor(archive.records(shard, { signal }));
  let opening = genesis(shard, store.primary);
  for (let epoch = 0; epoch <= seals.length; epoch += 1) {
    const seal = seals[epoch];
    prover.enter(opening);
    const table = new Cursor(readEpoch(store, shard, epoch, opening.first, signal));
    for (let seq = opening.first; seal === undefined || seq < seal.seq; seq += 1) {
      const [truth, stored] = [await archived.at({ epoch, seq }), await table.at({ epoch, seq })];
      if (truth !== undefined) yield* prover.archived(truth, stored);
      else if (stored?.kind === "record") yield* prover.stored(stored);
      else if (seal === undefined) break;
      else yield* prover.missing();
    }
    const left = await archived.peek();
    if (left !== undefined && (seal === undefined || left.epoch <= epoch)) {
      throw new TamperedError(shard, left, "it is archived, and no seal that holds leads to it");
    }
    if (seal === undefined) break;
    yield* prover.sealed(seal);
    opening = openedBy(seal);
  }
  yield* prover.end();
}

/** The seals that end epoch 0, 1, …, each checked against the one before; the archive's, where it has them. */
async function sealsOf({ store, archive, shard, signal }: ProveOptions): Promise<readonly Seal[]> {
  const archived = new Map<number, Seal>();
  for await (const seal of archive.seals(shard, signal)) {
    if (archived.has(seal.epoch))
      throw new TamperedError(shard, seal, "the archive holds two different ends of this epoch");
    archived.set(seal.epoch, seal);
  }
  const seals: Seal[] = [];
  for (let opening = genesis(shard, store.primary); ; ) {
    const { epoch } = opening;
    const seal = archived.get(epoch) ?? (await lowestSeal(store, shard, epoch, signal));
    const holds = seal?.prevHash === opening.hash && hashSeal(seal) === seal.hash;
    if (seal === undefined || seal.reason === "move" || !holds) return seals;
    seals.push(seal);
    opening = openedBy(seal);
  }
}

/** Walks ascending items beside ascending positions. */
class Cursor<T extends LogItem> {
  readonly #items: AsyncGenerator<T, void, undefined>;
  #next: Promise<IteratorResult<T, void>>;

  constructor(items: AsyncGenerator<T, void, undefined>) {
    this.#items = items;
    this.#next = items.next();
    this.#next.catch(() => {});
  }

  async peek(): Promise<T | undefined> {
    return (await this.#next).value ?? undefined;
  }

  /** The item at that position, if there is one; those before it are passed over. */
  async at(position: Position): Promise<T | undefined> {
    for (;;) {
      const item = await this.peek();
      if (item === undefined || isBefore(position, item)) return undefined;
      this.#next = this.#items.next();
      this.#next.catch(() => {});
      if (!isBefore(item, position)) return item;
    }
  }
}
