import { createServer, type Server } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { CreateTableCommand, DynamoDBClient, PutItemCommand } from "@aws-sdk/client-dynamodb";
import test from "ava";
import {
  DecisionConflictError,
  type JournalStore,
  openDynamoJournal,
  openWriter,
  readValid,
  TamperedError,
} from "../../journal/index.ts";

/** CommonJS without types. */
const dynalite = createRequire(import.meta.url)("dynalite") as (options: { createTableMs: number }) => Server;

const TABLE = "exchange-journal";
const region = "us-east-1" as const;
let server: Server;
let endpoint: string;

const connect = (to: string, maxAttempts = 1) =>
  new DynamoDBClient({
    region,
    endpoint: to,
    maxAttempts,
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
  });
const open = (to = endpoint, maxAttempts = 1): JournalStore =>
  openDynamoJournal({ client: connect(to, maxAttempts), table: TABLE, primary: region });

const listen = async (listener: Server): Promise<string> => {
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(listener.address() as AddressInfo).port}`;
};

test.before(async () => {
  server = dynalite({ createTableMs: 0 });
  endpoint = await listen(server);
  await connect(endpoint).send(
    new CreateTableCommand({
      TableName: TABLE,
      BillingMode: "PAY_PER_REQUEST",
      KeySchema: [
        { AttributeName: "pk", KeyType: "HASH" },
        { AttributeName: "sk", KeyType: "RANGE" },
      ],
      AttributeDefinitions: [
        { AttributeName: "pk", AttributeType: "S" },
        { AttributeName: "sk", AttributeType: "N" },
      ],
    }),
  );
});
test.after.always(() => server.close());

test("records and seals come back as they were put, over more than one page", async (t) => {
  const store = open();
  const writer = await openWriter({ store, shard: 1, region, writer: "a" });
  const bodies = Array.from({ length: 40 }, (_, k) => `${k}:${"ü".repeat(30_000)}`);
  for (const body of bodies) {
    await writer.room();
    void writer.append(body, 3);
  }
  await writer.confirm();
  await openWriter({ store, shard: 1, region, writer: "b" });
  const read: string[] = [];
  for await (const { record, upTo } of readValid(store, 1)) {
    t.is(upTo, 3);
    read.push(record.body);
  }
  t.deepEqual(read, bodies);
});

/**
 * Forwards to dynalite, and loses the first answer to each put after it was applied: the put is in the table.
 */
async function losingAnswers(t: { teardown(fn: () => void): void }) {
  const lost = new Set<string>();
  const proxy = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    const headers = Object.fromEntries(
      Object.entries(request.headers).filter(([name]) => name !== "connection") as [string, string][],
    );
    const answer = await fetch(endpoint, { method: "POST", headers, body });
    const isPut = headers["x-amz-target"]?.endsWith("PutItem") === true;
    if (isPut && !lost.has(body.toString())) {
      lost.add(body.toString());
      return request.socket.destroy();
    }
    response.writeHead(answer.status, { "content-type": "application/x-amz-json-1.0" });
    return response.end(await answer.text());
  });
  t.teardown(() => proxy.close());
  return { url: await listen(proxy), lost };
}

for (const maxAttempts of [1, 3]) {
  test(`a put whose answer was lost is mine when it is found there, with ${maxAttempts} SDK attempts`, async (t) => {
    const { url, lost } = await losingAnswers(t);
    const store = open(url, maxAttempts);
    const shard = 10 + maxAttempts;
    const writer = await openWriter({ store, shard, region, writer: "a", window: 4 });
    const acks = await Promise.all([1, 2, 3, 4].map((k) => writer.append(`${k}`, 1)));
    t.deepEqual(
      acks.map(({ seq }) => seq),
      [1, 2, 3, 4],
    );
    t.is(lost.size, 9 + 4);
  });
}

test("the region item starts as generation 0 in the primary and moves by one generation at a time", async (t) => {
  const store = open();
  t.deepEqual(await store.readRegionItem(), { generation: 0, active: region, runId: null });
  const first = { generation: 1, active: "us-west-2", runId: "run-1" } as const;
  t.deepEqual(await store.bumpRegionItem(first), first);
  t.deepEqual(await store.bumpRegionItem(first), first);
  t.deepEqual(await store.readRegionItem(), first);
  await t.throwsAsync(store.bumpRegionItem({ ...first, runId: "run-2" }), {
    instanceOf: DecisionConflictError,
    message: "the region item is at generation 1 (us-west-2, run run-1), not 0: read it again",
  });
  await store.bumpRegionItem({ generation: 2, active: region, runId: "run-2" });
});

test("a control item is changed where it exists and nowhere else", async (t) => {
  const store = open();
  t.is(await store.readControlItem("us-west-2"), undefined);
  await t.throwsAsync(store.writeControlItem({ region: "us-west-2", traffic: "on", maintenance: "off" }), {
    message: "control#us-west-2 does not exist: deploy us-west-2 before changing its traffic",
  });
  await connect(endpoint).send(
    new PutItemCommand({
      TableName: TABLE,
      Item: {
        pk: { S: "control#us-west-2" },
        sk: { N: "0" },
        traffic: { S: "off" },
        maintenance: { S: "off" },
      },
    }),
  );
  await store.writeControlItem({ region: "us-west-2", traffic: "on", maintenance: "off" });
  t.deepEqual(await store.readControlItem("us-west-2"), {
    region: "us-west-2",
    traffic: "on",
    maintenance: "off",
  });
});

test("what is not a log item is refused by name and place", async (t) => {
  const store = open();
  const put = (sk: string, attributes: object) =>
    connect(endpoint).send(
      new PutItemCommand({ TableName: TABLE, Item: { pk: { S: "7#0" }, sk: { N: sk }, ...attributes } }),
    );
  await put("1", { ts: { N: "1" } });
  await t.throwsAsync(store.read(7, 0, { from: 1 }), {
    instanceOf: TamperedError,
    message:
      "shard 7, epoch 0, seq 1: the stored item has no valid prevHash: stop and compare with the archive",
  });
});

test("a table that is not there fails a read at once, instead of being asked for ever", async (t) => {
  const store = openDynamoJournal({ client: connect(endpoint), table: "another-journal", primary: region });
  await t.throwsAsync(store.readRegionItem(), { name: "ResourceNotFoundException" });
});

test("an endpoint that never answers is asked again until the signal ends it", async (t) => {
  const silent = createServer(() => {});
  t.teardown(() => {
    silent.closeAllConnections();
    silent.close();
  });
  const retries: number[] = [];
  const store = openDynamoJournal({
    client: connect(await listen(silent)),
    table: TABLE,
    primary: region,
    attemptMilliseconds: 50,
    onRetry: (_error, attempt) => retries.push(attempt),
  });
  const started = Date.now();
  await t.throwsAsync(store.readRegionItem(AbortSignal.timeout(400)), { name: "TimeoutError" });
  t.true(Date.now() - started < 1_000);
  t.deepEqual(retries.slice(0, 3), [1, 2, 3]);
});
