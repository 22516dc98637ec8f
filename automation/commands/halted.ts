/** What the commands that mend a halted region have in common: where, whether it is confirmed, how it is told. */
import { UsageError } from "../errors.ts";
import type { Context, Options } from "./command.ts";

export interface HaltedRequest {
  /** Undefined: the region that is active. */
  readonly region: string | undefined;
  readonly confirmedRegion: string | undefined;
  readonly dryRun: boolean;
  readonly json: boolean;
}

/** @throws UsageError */
export function parseHalted(options: Options, { stdin }: Pick<Context, "stdin">): HaltedRequest {
  const text = (name: string) => (typeof options[name] === "string" ? options[name] : undefined);
  const flag = (name: string) => options[name] === true;
  const confirmedRegion = text("confirmRegion");
  if (flag("yes") !== (confirmedRegion !== undefined)) {
    throw new UsageError("--yes and --confirm-region REGION go together: nothing was changed");
  }
  if (!flag("yes") && !flag("dryRun") && stdin.isTTY !== true) {
    throw new UsageError(
      "there is no terminal to confirm on: add --yes --confirm-region REGION, or --dry-run to look only",
    );
  }
  return { region: text("region"), confirmedRegion, dryRun: flag("dryRun"), json: flag("json") };
}
