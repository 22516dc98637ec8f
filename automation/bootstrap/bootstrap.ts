/** Looks at every piece, prints what it would do, asks, does it, and looks again. Safe to run again at any time. */
import { GetCallerIdentityCommand } from "@aws-sdk/client-sts";
import { type Config, PLACES } from "../../stacks/config.ts";
import { ask } from "../ask.ts";
import type { Context } from "../commands/command.ts";
import { EXIT, HalfwayError, isCredentialsError, messageOf, RefusedError, UsageError } from "../errors.ts";
import type { BootstrapClients } from "./clients.ts";
import { oidcProvider, role } from "./identity.ts";
import { stateBucketName, stateKeyAlias } from "./names.ts";
import type { Look, Piece } from "./piece.ts";
import { quota, quotasOf } from "./quotas.ts";
import { rolesOf } from "./roles.ts";
import { stateBucket, stateKey } from "./state.ts";
import { zoneRecovery } from "./zone.ts";

export interface BootstrapRequest {
  readonly repository: string;
  readonly operators: readonly string[];
  readonly yes: boolean;
  readonly dryRun: boolean;
}

interface Seen {
  readonly piece: Piece;
  readonly look: Look;
}

export async function bootstrap(
  config: Config,
  request: BootstrapRequest,
  clients: BootstrapClients,
  context: Context,
): Promise<number> {
  const say = (line: string) => context.stderr.write(`${line}\n`);
  await refuseOtherAccount(config, clients);
  const pieces = piecesOf(config, request, clients);
  say(`looking at ${pieces.length} pieces of account ${config.accountId}`);
  const seen = await lookAt(pieces);
  for (const line of seen.flatMap(told)) context.stdout.write(`${line}\n`);
  const blind = seen.filter(({ look }) => look.state === "unknown").length;
  if (blind > 0) {
    throw new RefusedError(`${blind} of ${seen.length} pieces cannot be seen: nothing was changed`);
  }
  const changes = seen.flatMap(({ look }) => (look.state === "differs" ? look.will : []));
  const short = seen.filter(({ look }) => look.state === "short").length;
  if (short > 0) say(`${short} are left for you, marked short`);
  if (request.dryRun) return EXIT.done;
  if (changes.length > 0) {
    if (!request.yes) await confirm(changes.length, config, context);
    await make(seen, context);
    await proveDone(pieces);
  }
  say(exported(config));
  const { backendUrl } = context.settings;
  if (backendUrl !== undefined && !backendUrl.startsWith(`s3://${stateBucketName(config)}?`)) {
    say(`PULUMI_BACKEND_URL is ${backendUrl} here: another place`);
  }
  return EXIT.done;
}

/** One after the other, in the order of the list; interrupted, the same command goes on. */
async function make(seen: readonly Seen[], { stderr, signal }: Context): Promise<void> {
  for (const { piece, look } of seen) {
    if (look.state !== "differs") continue;
    signal.throwIfAborted();
    await look.act().catch((cause: unknown) => {
      throw new HalfwayError(`${piece.title}: ${messageOf(cause)}. Run the same command again`, { cause });
    });
    stderr.write(`made: ${piece.title}\n`);
  }
}

/** @throws HalfwayError when something is still not as it should be */
async function proveDone(pieces: readonly Piece[]): Promise<void> {
  const left = (await lookAt(pieces)).filter(
    ({ look }) => look.state === "differs" || look.state === "unknown",
  );
  if (left.length === 0) return;
  const list = left.map(({ piece }) => piece.title).join(", ");
  throw new HalfwayError(`not as it should be after all: ${list}. Run the same command again`);
}

const exported = (config: Config): string =>
  [
    "Pulumi's state lives there, for `dr` and `pulumi` alike:",
    `  export PULUMI_BACKEND_URL='s3://${stateBucketName(config)}?region=${config.regions.witness}&awssdk=v2'`,
    `  pulumi stack init prod --secrets-provider 'awskms://${stateKeyAlias(config)}?region=${config.regions.witness}'   # and dr`,
  ].join("\n");

/** @throws RefusedError when the credentials are another account's */
async function refuseOtherAccount({ accountId }: Config, { sts }: BootstrapClients): Promise<void> {
  const { Account } = await sts.send(new GetCallerIdentityCommand({}));
  if (Account === accountId) return;
  throw new RefusedError(
    `these credentials are of account ${Account}, the configuration is for ${accountId}: nothing was changed`,
  );
}

function piecesOf(
  config: Config,
  { repository, operators }: BootstrapRequest,
  clients: BootstrapClients,
): readonly Piece[] {
  const { regions, dns, journal, network } = config;
  const place = {
    accountId: config.accountId,
    region: regions.witness,
    bucket: stateBucketName(config),
    alias: stateKeyAlias(config),
  };
  const adopts = [network.primary, network.secondary].some(({ existing }) => existing !== undefined);
  const scope = { ...config, regions, journalTable: journal.tableName, adopts, repository, operators };
  return [
    stateKey(clients.calls, place),
    stateBucket(clients.s3, place),
    oidcProvider(clients.iam, config),
    ...rolesOf(scope).map((spec) => role(clients.iam, spec)),
    ...(dns.provider === "route53" ? [zoneRecovery(clients.route53, dns.zoneId)] : []),
    ...PLACES.flatMap((which) =>
      quotasOf(config, which).map((wanted) => quota(clients.calls, regions[which], wanted)),
    ),
  ];
}

async function lookAt(pieces: readonly Piece[]): Promise<readonly Seen[]> {
  return await Promise.all(
    pieces.map(async (piece) => ({
      piece,
      look: await piece.look().catch((error: unknown): Look => {
        // Denied one read, it says so; without credentials at all there is nothing to list.
        if (isCredentialsError(error) && !isDenied(error)) throw error;
        return { state: "unknown", detail: messageOf(error) };
      }),
    })),
  );
}

const isDenied = (error: unknown): boolean =>
  error instanceof Error && /^(AccessDenied|AccessDeniedException|UnauthorizedOperation)$/.test(error.name);

function told({ piece, look }: Seen): readonly string[] {
  if (look.state === "differs") return look.will.map((line) => `will    ${piece.title}: ${line}`);
  return [`${look.state.padEnd(8)}${piece.title}: ${look.detail}`];
}

async function confirm(count: number, { accountId }: Config, context: Context): Promise<void> {
  const answer = await ask(context, `${count} changes. Type the account id ${accountId} to make them: `);
  if (answer.trim() === accountId) return;
  throw new UsageError(`not confirmed: got "${answer.trim()}", must be ${accountId}. Nothing was changed`);
}
