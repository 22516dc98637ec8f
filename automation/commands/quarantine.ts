/** `dr quarantine resubmit`: what a cut set aside, sent again by decision. */
import { Argument, InvalidArgumentError } from "commander";
import { instrumentOf } from "../../workload/orders.ts";
import { ask } from "../ask.ts";
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
  const url = checkedUrl(options["url"]) ?? (await publicUrl(context.settings));
  const json = options["json"] === true;
  const say = (event: object, line: string) =>
    json ? context.stdout.write(`${JSON.stringify(event)}\n`) : context.stderr.write(`${line}\n`);
  const absent = new Set(where.map(({ field }) => field));
  const result = await resubmit({
    ...{ file, url, signal: context.signal },
    decide: async (one) => {
      if (!byRule) return await decision(one, context);
      const fields = fieldsOf(one);
      for (const field of Object.keys(fields)) absent.delete(field);
      return where.every(({ field, value }) => String(fields[field]) === value) ? "send" : "leave";
    },
    onSent: ({ command: sent }, status, body) =>
      say({ type: "sent", command: sent, status, body }, `${nameOf(sent)}: ${status} ${body}`),
    onUnsettled: ({ command: left }, reason) =>
      say({ type: "unsettled", command: left, reason }, `${nameOf(left)}: undecided: ${reason}`),
  });
  const [unknown] = absent;
  if (unknown !== undefined && result.undecided > 0) {
    throw new UsageError(`--where ${unknown}=…: no command in ${file} has such a field; nothing was sent`);
  }
  const { accepted, refused, skipped, undecided } = result;
  context.stdout.write(
    json
      ? `${JSON.stringify({ type: "done", ...result })}\n`
      : `${accepted} accepted, ${refused} refused, ${skipped} left for good, ${undecided} undecided\n`,
  );
  return undecided > 0 ? EXIT.halfway : EXIT.done;
}

async function decision(one: Quarantined, context: Context): Promise<"send" | "skip" | "leave" | "stop"> {
  const question = `${JSON.stringify(one.command)}\n  ${one.reason}; send it again? [y]es, [n]ever, [l]ater, [q]uit: `;
  for (;;) {
    switch (await ask(context, question)) {
      case "y":
        return "send";
      case "n":
        return "skip";
      case "l":
        return "leave";
      case "q":
      case "":
        return "stop";
    }
  }
}

function checkedUrl(url: unknown): string | undefined {
  if (typeof url !== "string") return undefined;
  if (URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)) return url;
  throw new UsageError(`--url ${url}: must be the platform's API, e.g. https://exchange.example.com`);
}

const nameOf = (command: object): string => {
  const { type, client, clientOrderId } = command as Readonly<Record<string, unknown>>;
  return `${type} ${clientOrderId} of ${client}`;
};

function condition(text: string): Condition {
  const at = text.indexOf("=");
  if (at > 0) return { field: text.slice(0, at), value: text.slice(at + 1) };
  throw new InvalidArgumentError("It must be field=value, e.g. client=ann.");
}

/** A cancel names its order alone; of an instrument it is all the same, and must not stay behind its order. */
function fieldsOf(quarantined: Quarantined): Readonly<Record<string, unknown>> {
  const { command: own, events: _, ...place } = quarantined;
  const { clientOrderId } = own as { readonly clientOrderId?: unknown };
  const instrument = typeof clientOrderId === "string" ? instrumentOf(clientOrderId) : undefined;
  return { ...place, ...(instrument && { instrument }), ...own };
}
