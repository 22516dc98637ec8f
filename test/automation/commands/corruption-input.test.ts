/** What these verbs refuse before they look at anything. */

import test from "ava";
import { Command as Program } from "commander";
import type { Command } from "../../../automation/commands/command.ts";
import { command as corruption } from "../../../automation/commands/corruption.ts";
import { chosenShards, shardCut, shardPosition } from "../../../automation/commands/parse.ts";
import { command as quarantine } from "../../../automation/commands/quarantine.ts";
import { command as replay } from "../../../automation/commands/replay.ts";
import { UsageError } from "../../../automation/errors.ts";

const context = { stdin: { isTTY: false } } as never;

async function given(command: Command, args: readonly string[]): Promise<number> {
  const program = new Program().exitOverride().configureOutput({ writeErr: () => {} });
  command.options(program);
  program.parse(args, { from: "user" });
  const named = program.registeredArguments.map((one, n) => [one.name(), program.processedArgs[n]]);
  return await command.run({ ...program.opts(), ...Object.fromEntries(named) }, context);
}

const refusals: readonly (readonly [Command, readonly string[], string])[] = [
  [corruption, ["find"], "say how to find it: --predicate SQL, --differs or --tampered, exactly one of them"],
  [
    corruption,
    ["find", "--differs", "--tampered"],
    "say how to find it: --predicate SQL, --differs or --tampered, exactly one of them",
  ],
  [
    corruption,
    ["find", "--predicate", "SELECT 1"],
    "--predicate needs --scratch URL, a server where a scratch database may be made, e.g. postgres://user@host:5432/postgres",
  ],
  [quarantine, ["resubmit"], "--file is missing: name the quarantine that `dr replay` wrote"],
  [
    quarantine,
    ["resubmit", "--file", "q", "--all"],
    "--where and --all ask nobody: add --yes; nothing was sent",
  ],
  [
    quarantine,
    ["resubmit", "--file", "q"],
    "there is no terminal to decide on: name a filter with --where and --yes, or --all --yes",
  ],
  [replay, ["--job"], "--job needs --region: name whose cluster it is for"],
  ...(
    [
      [["--shards", "0"], "--shards does not go with --job: it has a pod for every shard"],
      [
        ["--quarantine-from", "0:1:3"],
        "--quarantine-from does not go with --job: its pods replay to the end or the cut",
      ],
      [
        ["--leave-out", "true"],
        "--leave-out does not go with --job: carry over first, by a replay from here, and print the Job then",
      ],
      [["--no-archive"], "--no-archive does not go with --job: its pods hold the chain against the archive"],
      [
        ["--database", "exchange"],
        "--database exchange: must be a URL with the database's name, e.g. postgres://host:5432/exchange",
      ],
      [
        ["--database", "postgres://ann@host/exchange"],
        "--database names the user ann: with --job leave it out, pods sign in as the projector does",
      ],
    ] as const
  ).map(([more, message]) => [replay, ["--job", "--region", "us-west-2", ...more], message] as const),
];
for (const [command, args, message] of refusals) {
  test(`dr ${command.name} ${args.join(" ")}`, async (t) => {
    await t.throwsAsync(given(command, args), { instanceOf: UsageError, message });
  });
}

test("positions name shard, epoch and record, cuts an event as well", (t) => {
  t.deepEqual(shardPosition("0:3:1250"), { shard: 0, position: { epoch: 3, seq: 1250 } });
  t.deepEqual(shardCut("0:3:1250:2"), { shard: 0, position: { epoch: 3, seq: 1250, index: 2 } });
  t.deepEqual(shardCut("1:0:0"), { shard: 1, position: { epoch: 0, seq: 0, index: null } });
  for (const wrong of ["", "0:3", "0:3:x", "0:3:0", "0:-1:2", "0:1:2:3", "0:1:1.5"]) {
    t.throws(() => shardPosition(wrong), { message: "It must be shard:epoch:seq, e.g. 0:3:1250." }, wrong);
  }
});

test("shards are all of them, or those named, each once", (t) => {
  t.deepEqual(chosenShards(undefined, 3), [0, 1, 2]);
  t.deepEqual(chosenShards("2,0,2", 3), [2, 0]);
  t.throws(() => chosenShards("0,3", 3), {
    instanceOf: UsageError,
    message: "--shards 0,3: this deployment has the shards 0 to 2, e.g. --shards 0",
  });
});
