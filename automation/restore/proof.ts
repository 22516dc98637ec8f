/**
 * The rows of a restored projection against a second fold of the whole journal, which shares no code with the
 * projector's. It holds the journal in memory.
 */

import { connected, type ProjectionAccess } from "../adapters/projection-reader.ts";
import { differences } from "../drill/audit/projection.ts";
import { validLog } from "../drill/audit/valid-log.ts";
import { readJournalTable, type TableSource } from "../drill/witness/journal-table.ts";
import { readProjectionOf } from "../drill/witness/projection-query.ts";
import type { ProofPort } from "./ports.ts";

/** Checksums of large tables take their time. */
const QUERY_MILLISECONDS = 600_000;

export interface ProofOptions {
  readonly table: TableSource;
  readonly primary: string;
  readonly shards: number;
  readonly access: ProjectionAccess;
}

export class FoldProof implements ProofPort {
  readonly #options: ProofOptions;

  constructor(options: ProofOptions) {
    this.#options = options;
  }

  async differences(endpoint: string): Promise<readonly string[]> {
    const { table, primary, shards, access } = this.#options;
    const [items, projection] = await Promise.all([
      readJournalTable(table),
      connected(access, endpoint, readProjectionOf, QUERY_MILLISECONDS),
    ]);
    const logs = Array.from({ length: shards }, (_, shard) => validLog(items, shard, primary));
    return [...logs.flatMap(({ broken }) => broken), ...differences(projection, logs)];
  }
}
