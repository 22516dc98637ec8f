/**
 * The table on DynamoDB. Reads are strongly consistent, writes conditional puts: with multi-Region strong
 * consistency both see the latest version in any region.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/multi-region-strong-consistency-gt.html
 */
import {
  ConditionalCheckFailedException,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  type PutItemCommandInput,
  QueryCommand,
} from "@aws-sdk/client-dynamodb";
import { type Attributes, fromAttributes, number, text, toAttributes } from "./attributes.ts";
import { type LogItem, logKey, type Page } from "./model.ts";
import { type JournalOptions, type JournalStore, openJournal, type ReadRange } from "./store.ts";
import type { PlainItem, Table } from "./table.ts";

export interface DynamoJournalOptions extends JournalOptions {
  /** Its own retries are harmless; `maxAttempts: 1` leaves the repeating, and its pace, to the journal. */
  readonly client: DynamoDBClient;
  readonly table: string;
}

class DynamoTable implements Table {
  readonly #client: DynamoDBClient;
  readonly #name: string;

  constructor({ client, table }: DynamoJournalOptions) {
    this.#client = client;
    this.#name = table;
  }

  async putLog(item: LogItem, signal: AbortSignal): Promise<"stored" | "taken"> {
    const Item = { pk: text(logKey(item.shard, item.epoch)), sk: number(item.seq), ...toAttributes(item) };
    const stored = await this.#put({ Item, ConditionExpression: "attribute_not_exists(pk)" }, signal);
    return stored ? "stored" : "taken";
  }

  async readLog(shard: number, epoch: number, range: ReadRange, signal: AbortSignal): Promise<Page> {
    const command = new QueryCommand({
      TableName: this.#name,
      ConsistentRead: true,
      KeyConditionExpression: "pk = :pk AND sk >= :from",
      ExpressionAttributeValues: { ":pk": text(logKey(shard, epoch)), ":from": number(range.from) },
      Limit: range.limit,
    });
    const { Items = [], LastEvaluatedKey } = await this.#client.send(command, { abortSignal: signal });
    const items = Items.map((attributes) => fromAttributes(shard, epoch, attributes));
    return { items, more: LastEvaluatedKey !== undefined };
  }

  async lastLog(shard: number, epoch: number, signal: AbortSignal): Promise<LogItem | undefined> {
    const command = new QueryCommand({
      TableName: this.#name,
      ConsistentRead: true,
      KeyConditionExpression: "pk = :pk",
      ExpressionAttributeValues: { ":pk": text(logKey(shard, epoch)) },
      ScanIndexForward: false,
      Limit: 1,
    });
    const { Items = [] } = await this.#client.send(command, { abortSignal: signal });
    return Items[0] && fromAttributes(shard, epoch, Items[0]);
  }

  async readItem(key: string, signal: AbortSignal): Promise<PlainItem | undefined> {
    const command = new GetItemCommand({
      TableName: this.#name,
      ConsistentRead: true,
      Key: { pk: text(key), sk: number(0) },
    });
    const { Item } = await this.#client.send(command, { abortSignal: signal });
    return Item && toPlain(Item);
  }

  async putItem(
    key: string,
    item: PlainItem,
    expected: PlainItem | null,
    signal: AbortSignal,
  ): Promise<"stored" | "refused"> {
    const Item = { pk: text(key), sk: number(0), ...fromPlain(item) };
    const stored = await this.#put({ Item, ...condition(expected) }, signal);
    return stored ? "stored" : "refused";
  }

  async #put(input: Omit<PutItemCommandInput, "TableName">, abortSignal: AbortSignal): Promise<boolean> {
    try {
      await this.#client.send(new PutItemCommand({ TableName: this.#name, ...input }), { abortSignal });
      return true;
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return false;
      throw error;
    }
  }
}

/** Names go through placeholders: many of ours are reserved words. */
function condition(expected: PlainItem | null): Omit<PutItemCommandInput, "TableName" | "Item"> {
  if (expected === null) return { ConditionExpression: "attribute_not_exists(pk)" };
  const names = Object.keys(expected);
  return {
    ConditionExpression: names.map((name) => `#${name} = :${name}`).join(" AND "),
    ExpressionAttributeNames: Object.fromEntries(names.map((name) => [`#${name}`, name])),
    ExpressionAttributeValues: Object.fromEntries(
      Object.entries(fromPlain(expected)).map(([name, value]) => [`:${name}`, value]),
    ),
  };
}

const fromPlain = (item: PlainItem): Attributes =>
  Object.fromEntries(
    Object.entries(item).map(([name, value]) => [
      name,
      typeof value === "number" ? number(value) : text(value),
    ]),
  );

function toPlain({ pk: _pk, sk: _sk, ...attributes }: Attributes): PlainItem {
  const plain: Record<string, string | number> = {};
  for (const [name, value] of Object.entries(attributes)) {
    if (value.N !== undefined) plain[name] = Number(value.N);
    else if (value.S !== undefined) plain[name] = value.S;
  }
  return plain;
}

export const openDynamoJournal = (options: DynamoJournalOptions): JournalStore =>
  openJournal(new DynamoTable(options), options);
