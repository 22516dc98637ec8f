/** `dr failover`: what the operator asks for, checked before anything else is loaded. */
import { UsageError } from "../errors.ts";
import type { Command, Context, Options } from "./command.ts";

export interface FailoverRequest {
  readonly target: string;
  readonly dryRun: boolean;
  /** `--yes --confirm-target` given, so that nobody is asked. */
  readonly confirmed: boolean;
  readonly json: boolean;
  readonly direct: boolean;
  readonly force: boolean;
  readonly endHalt: boolean;
  readonly takeOver: string | undefined;
}

export const command: Command = {
  name: "failover",
  options(program) {
    program
      .option("--target <region>", "the region that takes over")
      .option("--dry-run", "gather the evidence and show every step, change nothing")
      .option("--yes", "do not ask; needs --confirm-target")
      .option("--confirm-target <region>", "the target once more, as confirmation of --yes")
      .option("--json", "one event per line on stdout")
      .option("--direct", "make the role changes by API, without Pulumi; reconcile afterwards")
      .option("--force", "also when the evidence does not show that the active region is lost")
      .option("--end-halt", "also when shards are halted: the target takes orders again")
      .option("--take-over <run>", "take the decision over from this unfinished run");
  },
  async run(options, context) {
    const request = parseRequest(options, context);
    const { runFailover } = await import("../failover/start.ts");
    return await runFailover(request, context);
  },
};

/** @throws UsageError */
export function parseRequest(options: Options, { stdin }: Pick<Context, "stdin">): FailoverRequest {
  const text = (name: string) => (typeof options[name] === "string" ? options[name] : undefined);
  const flag = (name: string) => options[name] === true;
  const target = text("target");
  if (target === undefined) {
    throw new UsageError("--target is missing: name the region that takes over, e.g. --target us-west-2");
  }
  const again = text("confirmTarget");
  if (again !== undefined && again !== target) {
    throw new UsageError(`--confirm-target ${again} is not the target ${target}: nothing was changed`);
  }
  if (flag("yes") && again === undefined) {
    throw new UsageError(`--yes needs --confirm-target ${target}: nothing was changed`);
  }
  const confirmed = flag("yes");
  if (!confirmed && !flag("dryRun") && stdin.isTTY !== true) {
    throw new UsageError(
      `there is no terminal to confirm on: add --yes --confirm-target ${target}, or --dry-run to look only`,
    );
  }
  return {
    target,
    dryRun: flag("dryRun"),
    confirmed,
    json: flag("json"),
    direct: flag("direct"),
    force: flag("force"),
    endHalt: flag("endHalt"),
    takeOver: text("takeOver"),
  };
}
