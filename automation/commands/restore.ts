/** `dr restore`: what the operator asks for, checked before anything else is loaded. */
import { UsageError } from "../errors.ts";
import { type CutRequest, parseCut, parseTime } from "../restore/times.ts";
import type { Command, Context, Options } from "./command.ts";
import { type HaltedRequest, parseHalted } from "./halted.ts";

export interface RestoreRequest extends HaltedRequest {
  /** Milliseconds since 1970. */
  readonly restoreTo: number;
  readonly cut: CutRequest;
}

export const command: Command = {
  name: "restore",
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
export function parseRequest(options: Options, context: Pick<Context, "stdin">): RestoreRequest {
  const { restoreTo, cut } = options;
  if (typeof restoreTo !== "string") {
    throw new UsageError(
      "--restore-to is missing: give a time before the damage, e.g. --restore-to 2026-11-23T12:00:00Z",
    );
  }
  const common = parseHalted(options, context);
  return {
    ...common,
    restoreTo: parseTime(restoreTo, "--restore-to"),
    cut: parseCut((cut as readonly string[] | undefined) ?? []),
  };
}
