/** The journal as a failover uses it, read and written in one region through the journal's own rules. */
import { type DynamoDBClient, GetItemCommand, UpdateItemCommand } from "@aws-sdk/client-dynamodb";
import { z } from "zod";
import { isRegion, type Region } from "../../components/model.ts";
import {
  type Anchor,
  type ControlItem,
  DecisionConflictError,
  type EventPosition,
  fence,
  isHalted,
  type JournalStore,
  type Known,
  measureTail,
  NotInLogError,
  openDynamoJournal,
  type Position,
  REGION_KEY,
  type RegionItem,
  readHead,
  surveyCut,
} from "../../journal/index.ts";
import type { JournalPort, RunSummary, ShardFence, ShardHead } from "../failover/ports.ts";
import type { ShardStanding } from "../maintenance/ports.ts";
import type { RestoreJournalPort, ShardCut } from "../restore/ports.ts";
import type { CutRequest } from "../restore/times.ts";

export interface JournalAddress {
  readonly region: Region;
  /** Active until the first decision. */
  readonly primary: Region;
  readonly table: string;
  readonly shards: number;
  readonly window: number;
}

// The store itself repeats until it knows: without a limit a journal out of reach would be waited for silently.
const READ_MILLISECONDS = 15_000;
const FENCE_MILLISECONDS = 60_000;
const TAIL_MILLISECONDS = 120_000;

const summarySchema = z.object({
  id: z.string(),
  owner: z.string(),
  startedAt: z.string(),
  step: z.string(),
  finished: z.boolean(),
});
const key = { pk: { S: REGION_KEY }, sk: { N: "0" } };

export class Journal implements JournalPort, RestoreJournalPort {
  readonly #address: JournalAddress;
  readonly #client: DynamoDBClient;
  readonly #store: JournalStore;
  /** By shard, where the last look at the heads saw the log end: the next one, and the fence, read on from there. */
  readonly #seen = new Map<number, Known>();

  constructor(address: JournalAddress, client: DynamoDBClient) {
    this.#address = address;
    this.#client = client;
    this.#store = openDynamoJournal({ client, table: address.table, primary: address.primary });
  }

  async decision() {
    const { Item } = await this.#client.send(
      new GetItemCommand({ TableName: this.#address.table, Key: key, ConsistentRead: true }),
    );
    if (Item === undefined) {
      return {
        generation: 0,
        active: this.#address.primary,
        runId: null,
        finished: true,
        summary: undefined,
      };
    }
    const active = Item["active"]?.S;
    if (!isRegion(active)) throw new Error(`the region item names "${active}", which is no region`);
    const runId = Item["runId"]?.S ?? null;
    const text = Item["run"]?.S;
    const summary = text === undefined ? undefined : summarySchema.parse(JSON.parse(text));
    return {
      generation: Number(Item["generation"]?.N),
      active,
      runId,
      finished: runId === null || (summary?.id === runId && summary.finished),
      summary,
    };
  }

  async heads(): Promise<readonly ShardHead[]> {
    const signal = AbortSignal.timeout(READ_MILLISECONDS);
    return await Promise.all(
      Array.from({ length: this.#address.shards }, async (_, shard) => {
        const before = this.#seen.get(shard);
        const { opening, head, known } = await readHead(this.#store, shard, { known: before, signal });
        this.#seen.set(shard, known);
        return {
          shard,
          epoch: head.epoch,
          seq: head.seq,
          hash: head.hash,
          ts: head.ts,
          region: opening.region,
          haltedBy: isHalted(opening) ? opening.sealer : null,
        };
      }),
    );
  }

  async decide(decision: RegionItem): Promise<boolean> {
    try {
      await this.#store.bumpRegionItem(decision, AbortSignal.timeout(READ_MILLISECONDS));
      return true;
    } catch (error) {
      if (error instanceof DecisionConflictError) return false;
      throw error;
    }
  }

  async report(generation: number, summary: RunSummary): Promise<boolean> {
    try {
      await this.#client.send(
        new UpdateItemCommand({
          TableName: this.#address.table,
          Key: key,
          UpdateExpression: "SET #run = :run",
          ConditionExpression: "#generation = :generation AND #runId = :runId",
          ExpressionAttributeNames: { "#run": "run", "#generation": "generation", "#runId": "runId" },
          ExpressionAttributeValues: {
            ":run": { S: JSON.stringify(summary) },
            ":generation": { N: String(generation) },
            ":runId": { S: summary.id },
          },
        }),
      );
      return true;
    } catch (error) {
      if (error instanceof Error && error.name === "ConditionalCheckFailedException") return false;
      throw error;
    }
  }

  async fence(
    shard: number,
    { generation, region, runId, endsHalt }: Parameters<JournalPort["fence"]>[1],
  ): Promise<ShardFence> {
    const { opening, gapsAtSeal, orphans } = await fence(this.#store, shard, {
      generation,
      region,
      reason: "failover",
      endsHalt,
      known: this.#seen.get(shard),
      sealer: runId,
      window: this.#address.window,
      signal: AbortSignal.timeout(FENCE_MILLISECONDS),
    });
    return {
      shard,
      epoch: opening.epoch,
      generation: opening.generation,
      region: opening.region,
      base: opening.base,
      gapsAtSeal,
      orphans,
    };
  }

  async standings(): Promise<readonly ShardStanding[]> {
    return await Promise.all(
      Array.from({ length: this.#address.shards }, (_, shard) =>
        this.#standing(shard, AbortSignal.timeout(READ_MILLISECONDS)),
      ),
    );
  }

  async seal(
    shard: number,
    reason: "halt" | "resume" | "move",
    { generation, region, runId }: Parameters<RestoreJournalPort["seal"]>[2],
  ): Promise<ShardStanding> {
    const signal = AbortSignal.timeout(FENCE_MILLISECONDS);
    const { window } = this.#address;
    await fence(this.#store, shard, { ...{ generation, region, reason, window, signal }, sealer: runId });
    return await this.#standing(shard, signal);
  }

  async cuts(request: CutRequest): Promise<readonly ShardCut[]> {
    const shards = Array.from({ length: this.#address.shards }, (_, shard) => shard);
    const place = (shard: number) =>
      request.kind === "places" ? request.places.find((one) => one.shard === shard) : undefined;
    const unknown =
      request.kind === "places" ? request.places.find(({ shard }) => !shards.includes(shard)) : undefined;
    if (unknown !== undefined)
      throw new NotInLogError(unknown.shard, unknown, `there are ${shards.length} shards`);
    return await Promise.all(
      shards.map(async (shard) => {
        const from = request.kind === "time" ? request.time : place(shard);
        if (from !== undefined) return { shard, ...(await surveyCut(this.#store, shard, from)) };
        const { head } = await readHead(this.#store, shard);
        return { shard, cut: null, lastTs: head.ts };
      }),
    );
  }

  async cut(
    shard: number,
    position: EventPosition,
    { generation, region, runId }: Parameters<RestoreJournalPort["cut"]>[2],
  ): Promise<ShardStanding> {
    const signal = AbortSignal.timeout(FENCE_MILLISECONDS);
    const { window } = this.#address;
    const seal = { generation, region, reason: "cut", cut: position, sealer: runId } as const;
    await fence(this.#store, shard, { ...seal, window, signal });
    return await this.#standing(shard, signal);
  }

  async #standing(shard: number, signal: AbortSignal): Promise<ShardStanding> {
    const { opening, head } = await readHead(this.#store, shard, { signal });
    const { region, generation, reason, sealer, ts } = opening;
    const isOver = reason === "halt" || reason === "cut" || reason === "move";
    const halt = isOver ? { reason, by: sealer, at: ts } : null;
    return { shard, region, generation, head, halt };
  }

  async tail(shard: number, after: Anchor | undefined, to?: Position) {
    try {
      const { records, events } = await measureTail(this.#store, shard, {
        ...(after && { after }),
        ...(to && { to }),
        signal: AbortSignal.timeout(TAIL_MILLISECONDS),
      });
      return { records, events };
    } catch (error) {
      if (error instanceof NotInLogError) return undefined;
      throw error;
    }
  }

  async control(region: Region): Promise<ControlItem | undefined> {
    return await this.#store.readControlItem(region, AbortSignal.timeout(READ_MILLISECONDS));
  }

  /** The change that Pulumi would make to the control item, without Pulumi. */
  async setControl(item: ControlItem): Promise<void> {
    await this.#store.writeControlItem(item, AbortSignal.timeout(READ_MILLISECONDS));
  }
}
