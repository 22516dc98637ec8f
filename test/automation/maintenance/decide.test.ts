import test from "ava";
import { parseRequest } from "../../../automation/commands/maintenance.ts";
import { UsageError } from "../../../automation/errors.ts";
import { decideClosed, decideResume, unproven } from "../../../automation/maintenance/decide.ts";
import type { Knock, ShardStanding } from "../../../automation/maintenance/ports.ts";
import { placeOf, render } from "../../../automation/maintenance/status.ts";

const shut: Knock = { resolver: "r", address: "10.0.0.1", status: 503, said: "maintenance", retryAfter: "5" };
const silent: Knock = {
  ...{ resolver: "r", address: "10.0.0.2", status: null, said: null, retryAfter: null },
  reason: "no answer within 3000 ms",
};
const standing: ShardStanding = {
  ...{ shard: 0, region: "us-east-1", generation: 1 },
  head: { epoch: 3, seq: 302, hash: "ab".repeat(32), ts: Date.UTC(2026, 10, 23, 12) },
  halt: { reason: "halt", by: "run-1", at: Date.UTC(2026, 10, 23, 12, 1) },
};

test("closed: every address that answers says maintenance and when to come back; a silent one accepts nothing", (t) => {
  t.is(decideClosed([shut, silent]), undefined);
  const missing = "the public name to say maintenance: 10.0.0.1 answers";
  t.is(decideClosed([{ ...shut, retryAfter: null }]), `${missing} 503 maintenance`);
  t.is(decideClosed([{ ...shut, said: "not-active" }]), `${missing} 503 not-active`);
  t.is(decideClosed([silent, { ...shut, status: 422, said: "refused" }]), `${missing} 422 refused`);
  t.is(decideClosed([{ ...shut, status: 502, said: null }]), `${missing} 502`);
});

test("silence by the public name proves nothing, whatever the load balancer itself says", (t) => {
  t.is(decideClosed([silent]), "an answer by the public name (no answer within 3000 ms)");
  const direct = { ...shut, resolver: null };
  t.is(decideClosed([silent, direct]), "an answer by the public name (no answer within 3000 ms)");
  t.is(
    decideClosed([shut, { ...direct, status: 201, said: "accepted" }]),
    "the public name to say maintenance: 10.0.0.1 answers 201 accepted",
  );
});

test("what is not proven, shard by shard", (t) => {
  const wanted = { region: "us-east-1", generation: 1, halted: true } as const;
  t.deepEqual(unproven([standing], wanted), []);
  t.deepEqual(
    unproven(
      [
        { ...standing, halt: null },
        { ...standing, shard: 1, region: "us-west-2" },
        { ...standing, shard: 2, generation: 2 },
      ],
      wanted,
    ),
    ["shard 0 takes orders", "shard 1 belongs to us-west-2", "shard 2 has generation 2"],
  );
  t.deepEqual(unproven([standing], { ...wanted, halted: false }), ["shard 0 is halted by run-1"]);
});

test("a place is printed with position, time and hash; --status says all of it in words", (t) => {
  const hash = "ab".repeat(32);
  const place = `shard 0 is at epoch 3, seq 302, 2026-11-23T12:00:00.000Z, ${hash}: halt by run-1 at 2026-11-23T12:01:00.000Z`;
  t.is(placeOf(standing), place);
  t.is(
    placeOf({ ...standing, head: { ...standing.head, seq: 0 }, halt: null }),
    "shard 0 is empty: takes orders",
  );
  const status = { region: "us-east-1", generation: 1, shards: [standing] } as const;
  t.is(
    render({ ...status, halted: "yes", control: "on", publicName: "closed", reason: "wrong fills" }),
    `us-east-1 (generation 1): halted, because: wrong fills\n  ${place}\n  maintenance on\n  public name refuses writes\n`,
  );
  t.is(
    render({
      ...{ ...status, shards: [], halted: "partly", reason: null },
      control: { unknown: "no answer" },
      publicName: { open: "the public name to say maintenance: 10.0.0.1 answers 201" },
    }),
    "us-east-1 (generation 1): PARTLY halted: give --enable or --disable again\n  maintenance unknown (no answer)\n  public name not closed, waiting for the public name to say maintenance: 10.0.0.1 answers 201\n",
  );
});

test("a halt does not end while a restore has taken the database out of use", (t) => {
  t.is(decideResume([], []), undefined);
  t.is(decideResume([{ id: "run-1", steps: { restore: {}, verify: {} } }], []), undefined);
  t.is(
    decideResume([], [{ id: "run-2", steps: { close: {} } }]),
    "run run-2 has closed the journal's table and has not finished: give its command again first (dr journal rebuild)",
  );
  t.is(
    decideResume([{ id: "run-1", steps: { "set-aside": {} } }], []),
    "restore run-1 has taken the database out of use and has not finished: give its command again first. What is written before it cuts the journal would go with the cut",
  );
});

const needed = "exactly one of --enable, --disable and --status is needed";
const refusals: readonly [string, Parameters<typeof parseRequest>[0], string][] = [
  ["no action", {}, `${needed}: none is given`],
  ["two actions", { enable: true, disable: true }, `${needed}: got --enable and --disable`],
  ["a reason to go on", { disable: true, reason: "x" }, "--reason goes with --enable, not with --disable"],
];
for (const [what, options, message] of refusals) {
  test(`usage: ${what}`, (t) => {
    t.throws(() => parseRequest(options), { instanceOf: UsageError, message });
  });
}
