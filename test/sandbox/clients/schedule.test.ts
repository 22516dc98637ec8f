import test from "ava";
import { type Arrival, arrivals, follow } from "../../../sandbox/clients/schedule.ts";
import { FakeClock } from "./world.ts";

const take = (count: number, schedule: Iterator<Arrival>): Arrival[] =>
  Array.from({ length: count }, () => schedule.next().value as Arrival);

test("the same seed gives the same arrivals, another seed others", (t) => {
  t.deepEqual(take(500, arrivals(100, 40, 7)), take(500, arrivals(100, 40, 7)));
  t.notDeepEqual(take(500, arrivals(100, 40, 7)), take(500, arrivals(100, 40, 8)));
});

test("the rate is the total over all clients, and every client has its turns", (t) => {
  for (const rate of [20, 100, 1_000]) {
    const all = take(100_000, arrivals(rate, 40, 1));
    const perSecond = all.length / ((all.at(-1)?.at ?? 0) / 1000);
    t.true(Math.abs(perSecond / rate - 1) < 0.05, `${rate} asked, ${perSecond} measured`);
    t.is(new Set(all.map(({ client }) => client)).size, 40);
  }
});

test("orders come in bursts: most follow another one within a few milliseconds, at any usual rate", (t) => {
  const all = take(10_000, arrivals(50, 40, 1));
  const close = all.filter(({ at }, index) => at - (all[index - 1]?.at ?? -Infinity) < 10);
  t.true(close.length > 0.9 * all.length, `${close.length} of ${all.length}`);
});

test("requests leave on schedule though no answer ever comes", (t) => {
  const clock = new FakeClock();
  const start = clock.now();
  const planned = take(50, arrivals(100, 4, 3));
  const sent: number[] = [];
  const stop = follow(arrivals(100, 4, 3), clock, (_client, intended) => {
    sent.push(intended - start);
    new Promise(() => {}); // the answer that never comes
  });
  clock.pass(planned.at(-1)?.at ?? 0);
  stop();
  t.deepEqual(
    sent.slice(0, 50).map((at) => at.toFixed(3)),
    planned.map(({ at }) => at.toFixed(3)),
  );
});

test("a stalled process sends all that is overdue at once, with the times that were intended", (t) => {
  const clock = new FakeClock();
  const start = clock.now();
  const sent: { readonly intended: number; readonly at: number }[] = [];
  const plan: Arrival[] = [10, 20, 30, 5_000].map((at) => ({ at, client: 0 }));
  follow(plan.values(), clock, (_client, intended) => sent.push({ intended, at: clock.now() }));
  clock.stall(1_000);
  clock.pass(0);
  t.deepEqual(
    sent,
    [10, 20, 30].map((at) => ({ intended: start + at, at: start + 1_000 })),
  );
});

test("nothing is sent after stop", (t) => {
  const clock = new FakeClock();
  let sent = 0;
  const stop = follow(arrivals(1000, 1, 1), clock, () => sent++);
  clock.pass(100);
  const before = sent;
  stop();
  clock.pass(1_000);
  t.true(before > 0);
  t.is(sent, before);
});
