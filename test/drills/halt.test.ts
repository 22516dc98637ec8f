/**
 * Halted and resumed by the operator's own script, on real processes: what is halted takes nothing, an engine that was
 * frozen meanwhile wakes and cannot write, and both regions' previews stay clean. Then, on the same two regions, what the
 * workflows run by the calendar: readiness, a zone's experiment, and production moved to the other region.
 */
import { setTimeout as sleep } from "node:timers/promises";
import test from "ava";
import type { RunEvent } from "../../automation/runbook/events.ts";
import { readValid } from "../../journal/index.ts";
import { EAST, instruments, Place, send } from "./place.ts";
import { openWindow, scheduled } from "./scheduled.ts";

const FROZEN = 1;

test("halted by a seal, proven by the public name, a frozen engine wakes and cannot write, then resumed", async (t) => {
  t.timeout(8 * 60_000);
  const place = await Place.open(t, {}, openWindow);
  const { sandbox } = place;
  const prod = await place.outputs("prod");
  const known = await instruments(prod);
  const id = (shard: number, n: string) => `${known.get(shard)}:${n}`;
  const logs = () =>
    Promise.all([...known.keys()].map((shard) => Array.fromAsync(readValid(place.journal(prod), shard))));

  // Its request is on the way when it freezes: it was told to write, and has not.
  sandbox.freeze(EAST, `engine-${FROZEN}`);
  const stuck = send(prod, id(FROZEN, "frozen"));

  const enabled = await place.toggle("--enable", "--reason", "wrong fills since 12:00");
  t.is(enabled.code, 0, enabled.stderr);
  t.is((await stuck).status, 504);
  const places = enabled.stdout.trim().split("\n");
  t.is(places.length, prod.shards);
  for (const [shard, line] of places.entries())
    t.regex(
      line,
      new RegExp(
        `^shard ${shard} is at epoch \\d+, seq \\d+, 20.*Z, [0-9a-f]{64}: halt by .*-enable-us-east-1-`,
      ),
    );
  t.regex(enabled.stderr, /drain .* not known to have stopped: engine 1 is unreachable/);
  t.regex(enabled.stderr, /switch .* maintenance is on, by Pulumi/);
  for (const shard of known.keys()) {
    const { status, retryAfter, body } = await send(prod, id(shard, "halted"));
    t.deepEqual(
      { status, retryAfter, said: body.status },
      { status: 503, retryAfter: "5", said: "maintenance" },
    );
  }
  const before = await logs();

  sandbox.thaw(EAST, `engine-${FROZEN}`);
  await sleep(4_000);
  t.deepEqual(await logs(), before, "nothing was written while halted");

  // Twice is fine, and what is deployed says what is so.
  const again = await place.toggle("--enable", "--region", EAST, "--json");
  t.is(again.code, 0, again.stderr);
  const events = again.stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as RunEvent);
  t.true(
    events.some(
      (event) => event.type === "step" && event.step === "switch" && event.state === "already-done",
    ),
  );
  const status = await place.toggle("--status", "--json");
  t.like(JSON.parse(status.stdout), {
    ...{
      region: EAST,
      halted: "yes",
      control: "on",
      publicName: "closed",
      reason: "wrong fills since 12:00",
    },
  });
  const wrong = await place.toggle("--enable", "--region", "us-west-2");
  t.is(wrong.code, 10);
  t.is(
    wrong.stderr,
    "dr: --region us-west-2: us-east-1 is the active region (generation 0). Nothing was changed\n",
  );
  const clean = await place.script("dr.sh", "reconcile", "--stack", "prod");
  t.is(clean.stderr, "prod: role active is deployed and a preview is clean\n");

  const disabled = await place.toggle("--disable");
  t.is(disabled.code, 0, disabled.stderr);
  for (const shard of known.keys()) t.is((await send(prod, id(shard, "resumed"))).status, 201);
  t.is((await send(prod, id(FROZEN, "frozen"))).status, 201, "it never was an order");
  const off = await place.toggle("--status", "--json");
  t.like(JSON.parse(off.stdout), { halted: "no", control: "off", reason: null });
  await scheduled(t, place);
});
