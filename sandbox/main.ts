/** `npm run sandbox`: two deployed regions that stay up until Ctrl-C, and verbs to ask and to break them. */
import path from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import { DNS_PROVIDERS, type DnsProvider, isRegion, REGION_SETS } from "../components/model.ts";
import { Addresses } from "./addresses.ts";
import type { Latency } from "./aws/dynamo/quorum.ts";
import { ask, isLoss, isZoneLoss, LOSSES, type Loss, type SandboxStatus } from "./control.ts";
import { DEFAULT_SHARDS, Sandbox } from "./sandbox.ts";

const [primary, witness, secondary] = REGION_SETS.us;
const HIGHEST_ASKED = 20;

const say = (line: string) => process.stderr.write(`${line}\n`);

function integer(low: number, high: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (Number.isInteger(value) && value >= low && value <= high) return value;
    throw new InvalidArgumentError(`allowed is an integer from ${low} to ${high}.`);
  };
}

/** A region of the sandbox, or a zone of one. */
function place(text: string): string {
  const regions: readonly string[] = [primary, secondary, witness];
  if (regions.includes(text) || regions.includes(text.replace(/[a-c]$/, ""))) return text;
  throw new InvalidArgumentError(`allowed are ${regions.join(", ")}, and zones like ${primary}a.`);
}

function loss(text: string): Loss {
  if (isLoss(text)) return text;
  throw new InvalidArgumentError(`allowed are ${LOSSES.join(", ")}.`);
}

const guardOf = (sandbox: number) => new Addresses(sandbox, { primary, secondary, witness }).guard;

async function running(number: number | undefined): Promise<readonly SandboxStatus[]> {
  const numbers = number === undefined ? Array.from({ length: HIGHEST_ASKED }, (_, n) => n + 1) : [number];
  const answers = await Promise.all(numbers.map((n) => ask(guardOf(n), "/status").catch(() => undefined)));
  return answers.filter((status) => status !== undefined);
}

/** The one sandbox that is meant; exit code 2 when that is not clear. */
async function chosen(number: number | undefined): Promise<SandboxStatus> {
  const found = await running(number);
  const [only] = found;
  if (only !== undefined && found.length === 1) return only;
  const what = found.length === 0 ? "no sandbox is running" : `${found.length} sandboxes are running`;
  const next =
    found.length === 0
      ? "start one with: npm run sandbox"
      : `name one with --sandbox ${found.map(({ sandbox }) => sandbox).join(" or ")}`;
  say(`sandbox: ${what}${number === undefined ? "" : ` as number ${number}`}; ${next}`);
  process.exit(2);
}

function describe(status: SandboxStatus): string {
  const { host, port } = split(status.dns);
  const exports = Object.entries(status.environment).map(([name, value]) => `export ${name}='${value}'`);
  const lost = Object.entries(status.lost).map(([name, how]) => `${name} (${how})`);
  return [
    `Sandbox ${status.sandbox} is ${status.phase}${lost.length > 0 ? `, lost: ${lost.join(", ")}` : ""}.`,
    "",
    "# In another terminal:",
    ...exports,
    `cd '${status.projectDirectory}'`,
    "",
    "pulumi preview --stack dr                  # any Pulumi CLI with a nodejs host",
    `dig @${host} -p ${port} ${status.publicName}`,
    `curl --connect-to ::$(dig @${host} -p ${port} +short ${status.publicName} | head -1):${status.listenerPort} http://${status.publicName}:${status.listenerPort}/active`,
    ...Object.entries(status.databases).map(([name, target]) => `psql '${target}'    # ${name}`),
    `${path.join(import.meta.dirname, "..", "infra/scripts/failover-region.sh")} --target ${secondary}`,
    `npm run sandbox -- lose ${primary} kill      # or freeze, blackhole, partition; a zone: ${primary}a; then: return ${primary}`,
    "npm run sandbox -- backup                   # the backup plans' night and the restore tests' Sunday",
    "",
    "# What is a model here:",
    ...status.modelled.map((line) => `#  - ${line}`),
  ].join("\n");
}

function split(hostPort: string): { host: string; port: string } {
  const [host = "", port = ""] = hostPort.split(":");
  return { host, port };
}

interface StartOptions {
  readonly seed: number;
  readonly latency: Latency;
  readonly dns: DnsProvider;
  readonly shards: number;
  readonly json?: boolean;
}

async function start({ json, ...options }: StartOptions): Promise<void> {
  const interrupted = Promise.withResolvers<NodeJS.Signals>();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, interrupted.resolve);
  const sandbox = await Sandbox.start(options, say);
  let failed: unknown;
  try {
    const deployed = sandbox.deploy(say).then(() => {
      process.stdout.write(`${json ? JSON.stringify(sandbox.status()) : describe(sandbox.status())}\n`);
      say("Ctrl-C stops it and leaves nothing behind.");
    });
    await Promise.race([deployed.then(() => interrupted.promise), interrupted.promise]);
  } catch (error) {
    failed = error;
  }
  say("stopping…");
  await sandbox.stop();
  if (failed !== undefined) throw failed;
  process.exit(0);
}

const which = () => new Option("--sandbox <n>", "which one, when several run").argParser(integer(1, 250));

const program = new Command("npm run sandbox --")
  .description("Two regions on one machine, deployed by the real engine from the unmodified program.")
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2));
program
  .command("start", { isDefault: true })
  .description("start one, deploy both stacks, stay up until Ctrl-C")
  .option("--seed <n>", "decides every draw of the model", integer(0, 2 ** 32 - 1), 1)
  .addOption(new Option("--latency <kind>", "between regions").choices(["none", "published"]).default("none"))
  .addOption(
    new Option("--dns <provider>", "who answers the public name").choices(DNS_PROVIDERS).default("route53"),
  )
  .option("--shards <n>", "of the journal", integer(1, 16), DEFAULT_SHARDS)
  .option("--json", "print the status as JSON when ready")
  .action(start);
program
  .command("status")
  .description("what runs, and the environment to use it from another terminal")
  .option("--json", "as JSON")
  .addOption(which())
  .action(async (options: { json?: boolean; sandbox?: number }) => {
    const status = await chosen(options.sandbox);
    process.stdout.write(`${options.json ? JSON.stringify(status) : describe(status)}\n`);
  });
program
  .command("lose")
  .description("lose a region or a zone")
  .argument("<place>", "a region, or a zone (kill or freeze)", place)
  .argument("[how]", LOSSES.join(", "), loss, "kill")
  .addOption(which())
  .action(async (name: string, how: Loss, options: { sandbox?: number }) => {
    if (!isRegion(name) && !isZoneLoss(how))
      program.error(`error: loss '${how}' of zone ${name}: allowed are kill, freeze.`);
    const { sandbox } = await chosen(options.sandbox);
    await ask(guardOf(sandbox), `/lose/${name}/${how}`, "POST");
    say(`${name} is lost (${how})`);
  });
program
  .command("return")
  .description("bring a lost region or zone back")
  .argument("<place>", "", place)
  .addOption(which())
  .action(async (name: string, options: { sandbox?: number }) => {
    const { sandbox } = await chosen(options.sandbox);
    await ask(guardOf(sandbox), `/return/${name}`, "POST");
    say(`${name} is back`);
  });
program
  .command("backup")
  .description("carry out both regions' backup plans and restore tests, as their schedule would")
  .addOption(which())
  .action(async (options: { sandbox?: number }) => {
    const { sandbox } = await chosen(options.sandbox);
    await ask(guardOf(sandbox), "/backup", "POST");
    say("backed up, and restored to see that it can be");
  });
await program.parseAsync().catch((error: unknown) => {
  say(`sandbox: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
});
