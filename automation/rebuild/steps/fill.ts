/** A fresh table beside the damaged one, and in it what can be proven. Nobody knows it yet. */
import { HalfwayError } from "../../errors.ts";
import type { Step } from "../../runbook/step.ts";
import { until } from "../../runbook/wait.ts";
import { decideUse } from "../decide.ts";
import { known, type RebuildFacts } from "../facts.ts";
import type { RebuildPorts } from "../ports.ts";

/** Replicas of an empty table take minutes. */
const LIMIT_MILLISECONDS = 3_600_000;
const LOOK_MILLISECONDS = 2_000;

export const create: Step<RebuildPorts, RebuildFacts> = {
  id: "create",
  title: "make a fresh strongly consistent table beside it (CreateTable, UpdateTable)",
  plan: (context) => `create ${known(context, "mission").into} with its replica and witness`,
  async run(context) {
    const { into } = known(context, "mission");
    await until(
      async () => {
        const missing = await context.ports.table.provide();
        return missing === undefined ? {} : { waitingFor: `${into}: ${missing}` };
      },
      {
        limitMilliseconds: LIMIT_MILLISECONDS,
        intervalMilliseconds: LOOK_MILLISECONDS,
        clock: context.clock,
        signal: context.signal,
        say: context.wait,
      },
    );
    return { detail: `${into} is there, strongly consistent` };
  },
};

export const fill: Step<RebuildPorts, RebuildFacts> = {
  id: "fill",
  title: "put what is proven at its places, then a halt; set aside what is not",
  plan: (context) => `fill ${known(context, "mission").into} from the archive and what fits behind it`,
  async run(context) {
    const { table, fresh } = context.ports;
    await table.copyControls();
    const { rebuilt, file, commands } = await fresh.rebuild(
      (shard, put) => context.wait(`shard ${shard}: ${put} item(s) put`),
      context.run.id,
    );
    await context.remember({ rebuilt, setAside: commands });
    if (commands > 0)
      context.note(`${commands} command(s) that nothing vouches for are in ${file}: dr quarantine resubmit`);
    const records = rebuilt.reduce((sum, { kept }) => sum + kept.archive + kept.chain + kept.proof, 0);
    const events = rebuilt.reduce((sum, one) => sum + one.events, 0);
    return {
      detail: `${records} record(s), ${events} event(s)`,
      data: { records, events, setAside: commands },
    };
  },
};

export const prove: Step<RebuildPorts, RebuildFacts> = {
  id: "prove",
  title: "hold the fresh table against the archive, from its first record to its last",
  plan: (context) => `verify ${known(context, "mission").into}`,
  async run(context) {
    const { shards } = known(context, "mission");
    const { fresh } = context.ports;
    const problems = decideUse(await fresh.standings(), known(context, "rebuilt"));
    if (problems.length > 0) throw new HalfwayError(`${problems.join("; ")}. The same command resumes`);
    const counts = await Promise.all(Array.from({ length: shards }, (_, shard) => fresh.verify(shard)));
    return { detail: `${counts.reduce((a, b) => a + b, 0)} record(s) chain and are what the archive says` };
  },
};
