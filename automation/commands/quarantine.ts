/** `dr quarantine resubmit`: what a cut set aside, sent again by decision. */
import { createInterface } from "node:readline/promises";
import { Argument, InvalidArgumentError } from "commander";
import type { Quarantined } from "../corruption/quarantine.ts";
import { EXIT, UsageError } from "../errors.ts";
import type { Command, Context, Options } from "./command.ts";
import { collect } from "./parse.ts";

interface Condition {
  readonly field: string;
  readonly value: string;
}

export const command: Command = {
  name: "quarantine",
  describe: "send commands that a cut set aside again, one decision at a time or by filter",
  options(program) {
    program
      .addArgument(new Argument("<action>", "what to do").choices(["resubmit"]))
      .option("--file <file>", "the quarantine that `dr replay` wrote")
      .option("--url <url>", "the platform's API; default: the public name")
      .option(
        "--where <field=value>",
        "of the command or its place (client=ann, instrument=GOLD, shard=0); repeatable, all must hold; nobody is asked",
        (text: string, before?: readonly Condition[]) => collect(condition(text), before),
      )
      .option("--all", "send all that is undecided; nobody is asked")
      .option("--yes", "with --where or --all: confirm")
      .option("--json", "answers and result as JSON, one a line on stdout");
  },
  async run(options, context) {
    const file = options["file"];
    if (typeof file !== "string")
      throw new UsageError("--file is missing: name the quarantine that `dr replay` wrote");
    const where = (options["where"] as readonly Condition[] | undefined) ?? [];
    const byRule = where.length > 0 || options["all"] === true;
    if (byRule && options["yes"] !== true) {
      throw new UsageError("--where and --all ask nobody: add --yes; nothing was sent");
    }
    if (!byRule && context.stdin.isTTY !== true) {
      throw new UsageError(
        "there is no terminal to decide on: name a filter with --where and --yes, or --all --yes",
      );
    }
    return await run(file, where, byRule, options, context);
  },
};

async function run(
  file: string,
  where: readonly Condition[],
  byRule: boolean,
  options: Options,
  context: Context,
) {
  const [{ resubmit }, { publicUrl }] = await Promise.all([
    import("../corruption/resubmit.ts"),
    import("../corruption/public-url.ts"),
  ]);
  const url = typeof options["url"] === "string" ? options["url"] : await publicUrl(context.settings);
  const json = options["json"] === true;
  const ask = byRule ? undefined : createInterface({ input: context.stdin, output: context.stderr });
  try {
    const result = await resubmit({
      ...{ file, url, signal: context.signal },
      decide: async (one) => {
        if (ask === undefined) return where.every((each) => holds(each, one)) ? "send" : "leave";
        const answer = await ask.question(
          `${JSON.stringify(one.command)}\n  ${one.reason}; send it again? [y/n/q] `,
        );
        return answer === "y" ? "send" : answer === "n" ? "skip" : "stop";
      },
      onSent: ({ command: sent }, status, body) => {
        const line = json
          ? JSON.stringify({ type: "sent", command: sent, status, body })
          : `${status} ${body}`;
        (json ? context.stdout : context.stderr).write(`${line}\n`);
      },
    });
    const { accepted, refused, skipped, undecided } = result;
    context.stdout.write(
      json
        ? `${JSON.stringify({ type: "done", ...result })}\n`
        : `${accepted} accepted, ${refused} refused, ${skipped} left for good, ${undecided} undecided\n`,
    );
    return undecided > 0 ? EXIT.halfway : EXIT.done;
  } finally {
    ask?.close();
  }
}

function condition(text: string): Condition {
  const at = text.indexOf("=");
  if (at > 0) return { field: text.slice(0, at), value: text.slice(at + 1) };
  throw new InvalidArgumentError("It must be field=value, e.g. client=ann.");
}

const holds = ({ field, value }: Condition, quarantined: Quarantined): boolean => {
  const fields: Readonly<Record<string, unknown>> = { ...quarantined, ...quarantined.command };
  return String(fields[field]) === value;
};
