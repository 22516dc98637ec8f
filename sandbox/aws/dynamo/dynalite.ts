/** dynalite's request validation and actions, run in this process over our own storage. It has no types. */
import { createRequire } from "node:module";
import { Items } from "./memory.ts";

const load = createRequire(import.meta.url);

export type Attributes = Readonly<Record<string, Readonly<Record<string, unknown>>>>;
/** A DynamoDB request or answer as JSON. */
export type Payload = Readonly<Record<string, unknown>>;

export const WRITES = ["PutItem", "UpdateItem", "DeleteItem"] as const;
export const READS = ["GetItem", "Query", "Scan", "BatchGetItem"] as const;
export type Operation = (typeof WRITES)[number] | (typeof READS)[number];

interface Validations {
  checkTypes(data: unknown, types: unknown): Payload;
  checkValidations(data: Payload, types: unknown, custom: unknown, store: unknown): void;
}
type Action = (store: unknown, data: Payload, done: (error: unknown, answer?: Payload) => void) => void;

export interface KeySchema {
  readonly KeySchema: readonly { readonly AttributeName: string; readonly KeyType: "HASH" | "RANGE" }[];
  readonly AttributeDefinitions: readonly {
    readonly AttributeName: string;
    readonly AttributeType: string;
  }[];
}

const lowerFirst = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);
const validations = load("dynalite/validations") as Validations;
const shared = load("dynalite/db") as { createKey(item: unknown, table: KeySchema): string };
const operations = new Map(
  [...WRITES, ...READS].map((name) => [
    name,
    {
      rules: load(`dynalite/validations/${lowerFirst(name)}`) as { types: unknown; custom: unknown },
      action: load(`dynalite/actions/${lowerFirst(name)}`) as Action,
    },
  ]),
);

/** An error as DynamoDB answers it; `type` without namespace. */
export class DynamoError extends Error {
  override readonly name = "DynamoError";
  readonly type: string;
  readonly status: number;
  /** Further members of the body. */
  readonly detail: Payload;

  constructor(type: string, message: string, status = 400, detail: Payload = {}) {
    super(message);
    this.type = type;
    this.status = status;
    this.detail = detail;
  }
}

function asDynamoError(error: unknown): unknown {
  if (!(error instanceof Error) || !("body" in error)) return error;
  const { __type, message, Message, ...detail } = error.body as Record<string, unknown>;
  const type = String(__type).replace(/^.*#/, "");
  return new DynamoError(type, String(message ?? Message ?? type), 400, detail);
}

/** Tables and their items. Writes take effect within the call; reads see the instant of the call. */
export class Store {
  readonly options = { maxItemSize: 400 * 1024, maxItemSizeKb: 400 };
  readonly #tables = new Map<
    string,
    KeySchema & { readonly TableName: string; readonly TableStatus: "ACTIVE" }
  >();
  readonly #items = new Map<string, Items>();

  createTable(name: string, schema: KeySchema): void {
    this.#tables.set(name, { TableName: name, TableStatus: "ACTIVE", ...schema });
    this.#items.set(name, new Items());
  }

  isEmpty(name: string): boolean {
    return this.getItemDb(name).isEmpty;
  }

  deleteTable(name: string): void {
    this.#tables.delete(name);
    this.#items.delete(name);
  }

  /** Checks a request as DynamoDB does before it looks at any data. Throws `DynamoError`. */
  validate(operation: Operation, body: unknown): Payload {
    const { rules } = this.#operation(operation);
    try {
      const data = validations.checkTypes(body, rules.types);
      validations.checkValidations(data, rules.types, rules.custom, this);
      return data;
    } catch (error) {
      throw asDynamoError(error);
    }
  }

  /** Runs a validated request. Rejects with `DynamoError`. */
  run(operation: Operation, data: Payload): Promise<Payload> {
    return new Promise((resolve, reject) => {
      this.#operation(operation).action(this, data, (error, answer) => {
        if (error) reject(asDynamoError(error));
        else resolve(answer ?? {});
      });
    });
  }

  /** Identifies an item within its table; its part up to the second slash is the partition's. */
  keyOf(table: string, item: unknown): string {
    return shared.createKey(item, this.#schema(table));
  }

  peek(table: string, key: string): Attributes | undefined {
    return this.getItemDb(table).lookup(key) as Attributes | undefined;
  }

  getTable(name: string, ...rest: readonly unknown[]): void {
    const done = rest.at(-1) as (error: unknown, table?: unknown) => void;
    const table = this.#tables.get(name);
    if (table) done(null, table);
    else done(tableNotFound(name));
  }

  getItemDb(name: string): Items {
    const items = this.#items.get(name);
    if (!items) throw tableNotFound(name);
    return items;
  }

  #schema(name: string): KeySchema {
    const table = this.#tables.get(name);
    if (!table) throw tableNotFound(name);
    return table;
  }

  #operation(name: Operation) {
    const found = operations.get(name);
    if (!found) throw new RangeError(`operation ${name} is not loaded`);
    return found;
  }
}

export const tableNotFound = (name: string): DynamoError =>
  new DynamoError("ResourceNotFoundException", `Requested resource not found: Table: ${name} not found`);
