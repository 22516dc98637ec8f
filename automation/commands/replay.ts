/** `dr replay`: the journal into a restored or an empty database. */
import type { Position } from "../../journal/model.ts";
import { UsageError } from "../errors.ts";
import type { Command, Context, Options } from "./command.ts";
import { chosenShards, collect, integer, type ShardPosition, shardPosition } from "./parse.ts";

export const command: Command = {
  name: "replay",
  options(program) {
    program
      .option("--region <region>", "whose journal and database; default: the region that decides")
      .option("--database <url>", "postgres://user@host:5432/name; default: the region's writer")
      .option("--shards <list>", "only these, e.g. 0,2; default: all")
      .option("--workers <n>", "shards at a time", integer(1, 64), 4)
      .option("--batch <n>", "events per transaction, about", integer(1, 1_000_000), 50_000)
      .option(
        "--quarantine-from <shard:epoch:seq>",
        "where the chain is broken: set this record and all behind it aside; repeatable",
        (text: string, before?: readonly ShardPosition[]) => collect(shardPosition(text), before),
      )
      .option(
        "--leave-out <sql>",
        "at a cut: go on without the events it is true of (columns epoch, seq, index, ts, event), carrying the others over",
      )
      .option("--quarantine <file>", "where to set aside what is not replayed; default: below .dr")
      .option("--no-archive", "do not hold the chain against the archive's heads")
      .option("--job", "print the Kubernetes Job that does this in the cluster, a pod per shard")
      .option("--json", "progress and result as JSON, one a line on stdout");
  },
  async run(options, context) {
    return options["job"] === true ? await printJob(options, context) : await replayHere(options, context);
  },
};

async function replayHere(options: Options, context: Context): Promise<number> {
  const [
    { openWorld },
    { replay },
    { APPLICATION },
    { asRefusal },
    { asideLine, progressLine, resultLines },
    { setAside },
  ] = await Promise.all([
    import("../corruption/world.ts"),
    import("../../replay/index.ts"),
    import("../../workload/projector/application.ts"),
    import("../corruption/refusal.ts"),
    import("../corruption/report.ts"),
    import("../corruption/aside.ts"),
  ]);
  const world = await openWorld(context.settings, {
    region: options["region"] as string | undefined,
    database: options["database"] as string | undefined,
  });
  const from = (options["quarantineFrom"] as readonly ShardPosition[] | undefined) ?? [];
  const json = options["json"] === true;
  const say = (event: object, line: string) =>
    json ? context.stdout.write(`${JSON.stringify(event)}\n`) : context.stderr.write(`${line}\n`);
  const shards = chosenShards(options["shards"], world.outputs.shards);
  say(
    { type: "started", database: world.database, shards },
    `replay of ${shards.length} shard(s) into ${world.database}`,
  );
  const aside = await setAside({
    ...{ world, shards, application: APPLICATION, signal: context.signal },
    givenUp: new Map(from.map(({ shard, position }) => [shard, position])),
    leaveOut: options["leaveOut"] as string | undefined,
    file: options["quarantine"] as string | undefined,
    directory: context.settings.projectDirectory,
  }).catch(asRefusal);
  if (aside !== undefined) say({ type: "quarantined", ...aside }, asideLine(aside));
  const done = await replay({
    store: world.store,
    shards,
    connect: world.connect,
    application: APPLICATION,
    archive: options["archive"] === false ? undefined : world.archive,
    to: lastBefore(from),
    workers: options["workers"] as number,
    batchEvents: options["batch"] as number,
    signal: context.signal,
    onProgress: (progress) => say({ type: "progress", ...progress }, progressLine(progress)),
  }).catch(asRefusal);
  const acknowledgedAfterCut = aside?.acknowledgedAfterCut ?? 0;
  if (json) context.stdout.write(`${JSON.stringify({ type: "done", ...done, acknowledgedAfterCut })}\n`);
  else context.stdout.write(resultLines(done));
  return 0;
}

/** By shard, the last position that is replayed. */
function lastBefore(from: readonly ShardPosition[]): ReadonlyMap<number, Position> {
  return new Map(from.map(({ shard, position: { epoch, seq } }) => [shard, { epoch, seq: seq - 1 }]));
}

/** What its pods cannot do otherwise than they do. */
const NOT_WITH_JOB = [
  ["shards", "--shards", "it has a pod for every shard"],
  ["quarantineFrom", "--quarantine-from", "its pods replay to the end or the cut"],
  ["leaveOut", "--leave-out", "carry over first, by a replay from here, and print the Job then"],
] as const;

async function printJob(options: Options, context: Context): Promise<number> {
  const { settings, stdout, stderr, signal } = context;
  for (const [name, option, why] of NOT_WITH_JOB) {
    if (options[name] !== undefined) throw new UsageError(`${option} does not go with --job: ${why}`);
  }
  if (options["archive"] === false) {
    throw new UsageError("--no-archive does not go with --job: its pods hold the chain against the archive");
  }
  const region = options["region"];
  if (typeof region !== "string") throw new UsageError("--job needs --region: name whose cluster it is for");
  const [{ replayJob }, { openWorld }, { setAside }, { asideLine }, { asRefusal }, { APPLICATION }] =
    await Promise.all([
      import("../corruption/job.ts"),
      import("../corruption/world.ts"),
      import("../corruption/aside.ts"),
      import("../corruption/report.ts"),
      import("../corruption/refusal.ts"),
      import("../../workload/projector/application.ts"),
    ]);
  const job = await replayJob(settings, {
    region,
    database: options["database"] as string | undefined,
    batchEvents: options["batch"] as number,
  });
  const world = await openWorld(settings, { region });
  const aside = await setAside({
    ...{ world, shards: chosenShards(undefined, world.outputs.shards), application: APPLICATION, signal },
    leaveOut: undefined,
    file: options["quarantine"] as string | undefined,
    directory: settings.projectDirectory,
  }).catch(asRefusal);
  if (aside !== undefined) stderr.write(`${asideLine(aside)}\n`);
  stdout.write(`${JSON.stringify(job, null, 2)}\n`);
  return 0;
}
