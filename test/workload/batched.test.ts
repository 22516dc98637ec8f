import test from "ava";
import { batched } from "../../workload/batched.ts";

async function* ready(...items: number[]): AsyncGenerator<number, void, undefined> {
  yield* items;
}

const collect = async <T>(source: AsyncIterable<T>): Promise<T[]> => {
  const all: T[] = [];
  for await (const one of source) all.push(one);
  return all;
};

test("what is ready comes together, at most as many as allowed, in order", async (t) => {
  t.deepEqual(await collect(batched(ready(1, 2, 3, 4, 5), 2)), [[1, 2], [3, 4], [5]]);
  t.deepEqual(await collect(batched(ready(), 2)), []);
});

test("what is ready is not held back for what is not", async (t) => {
  const more = Promise.withResolvers<void>();
  async function* slow(): AsyncGenerator<number, void, undefined> {
    yield 1;
    yield 2;
    await more.promise;
    yield 3;
  }
  const batches = batched(slow(), 10);
  t.deepEqual((await batches.next()).value, [1, 2]);
  more.resolve();
  t.deepEqual((await batches.next()).value, [3]);
  t.true((await batches.next()).done);
});

test("an error of the source comes after the batch before it", async (t) => {
  async function* failing(): AsyncGenerator<number, void, undefined> {
    yield 1;
    throw new Error("cut");
  }
  const batches = batched(failing(), 10);
  t.deepEqual((await batches.next()).value, [1]);
  await t.throwsAsync(batches.next(), { message: "cut" });
});

test("whoever stops in the middle does not wait for an item that never comes", async (t) => {
  async function* silent(): AsyncGenerator<number, void, undefined> {
    yield 1;
    await new Promise(() => {});
  }
  for await (const batch of batched(silent(), 10)) {
    t.deepEqual(batch, [1]);
    break;
  }
});
