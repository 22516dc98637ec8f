/** `dr restore`: what the operator asks for, checked before anything else is loaded. */
import { UsageError } from "../errors.ts";
import { type CutRequest, parseCut, parseTime } from "../restore/times.ts";
import type { Command, Context, Options } from "./command.ts";

export interface RestoreRequest {
  /** Milliseconds since 1970. */
  readonly restoreTo: number;
  readonly cut: CutRequest;
  /** Undefined: the region that is active. */
  readonly region: string | undefined;
  readonly confirmedRegion: string | undefined;
  readonly dryRun: boolean;
  readonly json: boolean;
}

export const command: Command = {
  name: "restore",
  describe: "restore the halted region's database to a time, and cut the journal if its events are bad",
  options(program) {
    program
      .option(
        "--restore-to <time>",
        "of the database, before the damage, with its zone: 2026-11-23T12:00:00.123Z",
      )
      .option(
        "--cut <where>",
        "of the journal, only when its events are bad: a time, or SHARD:EPOCH:SEQ:INDEX of a shard's first event that goes, repeatable",
        (value: string, before: readonly string[]) => [...before, value],
        [],
      )
      .option("--region <region>", "the active region; refused when another one is active")
      .option("--dry-run", "show what could be restored and what would be cut, change nothing")
      .option("--yes", "do not ask; needs --confirm-region")
      .option("--confirm-region <region>", "the region once more, as confirmation of --yes")
      .option("--json", "one event per line on stdout");
  },
  async run(options, context) {
    const request = parseRequest(options, context);
    const { runRestore } = await import("../restore/start.ts");
    return await runRestore(request, context);
  },
};

/** @throws UsageError */
export function parseRequest(options: Options, { stdin }: Pick<Context, "stdin">): RestoreRequest {
  const text = (name: string) => (typeof options[name] === "string" ? options[name] : undefined);
  const flag = (name: string) => options[name] === true;
  const restoreTo = text("restoreTo");
  if (restoreTo === undefined) {
    throw new UsageError(
      "--restore-to is missing: give a time before the damage, e.g. --restore-to 2026-11-23T12:00:00Z",
    );
  }
  const confirmedRegion = text("confirmRegion");
  if (flag("yes") !== (confirmedRegion !== undefined)) {
    throw new UsageError("--yes and --confirm-region REGION go together: nothing was changed");
  }
  if (!flag("yes") && !flag("dryRun") && stdin.isTTY !== true) {
    throw new UsageError(
      "there is no terminal to confirm on: add --yes --confirm-region REGION, or --dry-run to look only",
    );
  }
  return {
    restoreTo: parseTime(restoreTo, "--restore-to"),
    cut: parseCut((options["cut"] as readonly string[] | undefined) ?? []),
    region: text("region"),
    confirmedRegion,
    dryRun: flag("dryRun"),
    json: flag("json"),
  };
}
