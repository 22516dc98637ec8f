import { setTimeout as sleep } from "node:timers/promises";
import test from "ava";
import { Faults, INTERNET, UnreachableError } from "../../sandbox/faults.ts";

const settles = async (promise: Promise<unknown>, milliseconds: number): Promise<boolean> =>
  await Promise.race([promise.then(() => true), sleep(milliseconds).then(() => false)]);

test("everything is reachable until a fault says otherwise", async (t) => {
  const faults = new Faults();
  t.is(faults.state("us-east-1", "us-west-2"), "open");
  await t.notThrowsAsync(faults.pass(INTERNET, "us-east-1"));
});

test("a cut link is one way", async (t) => {
  const faults = new Faults();
  faults.setLink("us-east-1", "us-west-2", "cut");
  await t.throwsAsync(faults.pass("us-east-1", "us-west-2"), {
    instanceOf: UnreachableError,
    message: "us-west-2 is unreachable from us-east-1",
  });
  await t.notThrowsAsync(faults.pass("us-west-2", "us-east-1"));
});

test("a dead region is reached by nobody, reaches nobody, and not even itself", async (t) => {
  const faults = new Faults();
  faults.setPlace("us-east-1", "cut");
  await t.throwsAsync(faults.pass(INTERNET, "us-east-1"), { instanceOf: UnreachableError });
  await t.throwsAsync(faults.pass("us-east-1", "us-east-2"), { instanceOf: UnreachableError });
  await t.throwsAsync(faults.pass("us-east-1", "us-east-1"), { instanceOf: UnreachableError });
});

test("a fault of a region holds for its zones, a zone's for that zone alone", (t) => {
  const faults = new Faults();
  faults.setPlace("us-east-1", "blackhole");
  t.is(faults.state(INTERNET, "us-east-1b"), "blackhole");
  t.is(faults.state("us-east-1b", "us-east-1b"), "blackhole");
  faults.heal();
  faults.setPlace("us-east-1a", "cut");
  t.is(faults.state(INTERNET, "us-east-1a"), "cut");
  t.is(faults.state(INTERNET, "us-east-1b"), "open");
  t.is(faults.state(INTERNET, "us-east-1"), "open");
});

test("a black hole answers nothing until it is healed", async (t) => {
  const faults = new Faults();
  faults.setPlace("us-east-1", "blackhole");
  const passing = faults.pass(INTERNET, "us-east-1");
  t.false(await settles(passing, 50));
  faults.heal();
  t.true(await settles(passing, 1_000));
});

test("who waits at a black hole may give up", async (t) => {
  const faults = new Faults();
  faults.setPlace("us-east-1", "blackhole");
  const passing = faults.pass(INTERNET, "us-east-1", AbortSignal.timeout(20));
  await t.throwsAsync(passing, { name: "TimeoutError" });
  t.is(faults.listenerCount("change"), 0);
});

test("delays of a link and of its ends add up, and a black hole outweighs them", (t) => {
  const faults = new Faults();
  faults.setLink("us-east-1", "us-west-2", 30);
  faults.setPlace("us-west-2", 5);
  t.is(faults.state("us-east-1", "us-west-2"), 35);
  faults.setPlace("us-east-1", "blackhole");
  t.is(faults.state("us-east-1", "us-west-2"), "blackhole");
});
