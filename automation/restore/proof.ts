/** The rows of a restored projection, and the chain that they come from, by the validation of `dr validate`. */
import type { Client } from "pg";
import type { Archive, JournalStore } from "../../journal/index.ts";
import { inWords } from "../corruption/difference.ts";
import { type ShardValidation, validate } from "../corruption/validate.ts";
import type { ProofPort } from "./ports.ts";

export interface ProofOptions {
  readonly store: JournalStore;
  readonly archive: Archive;
  readonly shards: number;
  readonly connect: (endpoint: string) => Promise<Client>;
  readonly signal: AbortSignal;
}

export class JournalProof implements ProofPort {
  readonly #options: ProofOptions;

  constructor(options: ProofOptions) {
    this.#options = options;
  }

  async differences(endpoint: string): Promise<readonly string[]> {
    const { store, archive, shards: count, connect, signal } = this.#options;
    const shards = Array.from({ length: count }, (_, shard) => shard);
    const results = await validate({ store, archive, shards, signal, connect: () => connect(endpoint) });
    return results.flatMap(problems);
  }
}

function problems({ shard, valid, chain, tables, conserved, broken }: ShardValidation): readonly string[] {
  if (valid) return [];
  const found = [
    ...(chain.holds ? [] : [chain.why]),
    ...broken,
    ...tables.flatMap(({ first, table, equal }) =>
      equal ? [] : [first === null ? `${table} differ` : inWords(first)],
    ),
  ];
  if (found.length === 0) found.push(conserved ? "not valid" : "what was bought is not what was sold");
  return found.map((one) => `shard ${shard}: ${one}`);
}
