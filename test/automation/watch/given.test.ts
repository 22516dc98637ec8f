import test from "ava";
import { Given } from "../../../automation/watch/given.ts";

const TTL_SECONDS = 15;

/** A weighted name: an address per question, each in its turn. */
function weighted(...addresses: readonly string[]) {
  let asked = 0;
  return { given: async () => [addresses[asked++ % addresses.length] ?? ""] };
}

test("an address counts as long as somebody may hold it, and no longer", async (t) => {
  const given = new Given();
  t.deepEqual(await given.at(0, TTL_SECONDS, weighted("a", "b", "c")), ["a", "b", "c"]);
  const left = weighted("b", "c");
  t.deepEqual(await given.at(1_000, TTL_SECONDS, left), ["a", "b", "c"]);
  t.deepEqual(await given.at(15_000, TTL_SECONDS, left), ["a", "b", "c"]);
  t.deepEqual(await given.at(15_001, TTL_SECONDS, left), ["b", "c"]);
  t.deepEqual(await given.at(16_000, TTL_SECONDS, weighted("a")), ["a", "b", "c"]);
});

test("a proxied name's answer is all there is", async (t) => {
  const given = new Given();
  t.deepEqual(await given.at(0, 0, weighted("a")), ["a"]);
  t.deepEqual(await given.at(1, 0, weighted("b")), ["b"]);
});

test("no answer is not an answer without addresses", async (t) => {
  const silent = { given: () => Promise.reject(new Error("queryA ETIMEOUT")) };
  await t.throwsAsync(new Given().at(0, TTL_SECONDS, silent), { message: "queryA ETIMEOUT" });
});
