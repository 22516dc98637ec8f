/** `dr corruption find`: the first bad record, by a question to the projection, by its rows, or by the archive. */
import { Argument } from "commander";
import type { JournalStore } from "../../journal/index.ts";
import type { Difference } from "../corruption/difference.ts";
import { RefusedError, UsageError } from "../errors.ts";
import type { Command, Context, Options } from "./command.ts";
import { chosenShards } from "./parse.ts";

export const command: Command = {
  name: "corruption",
  options(program) {
    program
      .addArgument(new Argument("<action>", "what to do").choices(["find"]))
      .option("--predicate <sql>", "a query over the projection that has a row only when something is wrong")
      .option("--scratch <url>", "with --predicate: any database of a server where a scratch one may be made")
      .option("--differs", "compare the database with the journal: the first row that is not the same")
      .option("--tampered", "compare the journal with its locked archive, record by record")
      .option("--region <region>", "whose journal and database; default: the region that decides")
      .option(
        "--database <url>",
        "with --differs: postgres://user@host:5432/name; default: the region's writer",
      )
      .option("--shards <list>", "only these, e.g. 0,2; default: all")
      .option("--json", "one JSON value on stdout");
  },
  async run(options, context) {
    const { predicate, scratch, differs, tampered } = options;
    const ways = [predicate !== undefined, differs === true, tampered === true].filter(Boolean).length;
    if (ways !== 1) {
      throw new UsageError(
        "say how to find it: --predicate SQL, --differs or --tampered, exactly one of them",
      );
    }
    if (predicate !== undefined && scratch === undefined) {
      throw new UsageError(
        "--predicate needs --scratch URL, a server where a scratch database may be made, e.g. postgres://user@host:5432/postgres",
      );
    }
    if (tampered === true) return await findTamperedRecord(options, context);
    if (differs === true) return await findDifference(options, context);
    return await findByPredicate(String(predicate), String(scratch), options, context);
  },
};

/** 0: found; 1 would be a bug, and finding nothing is an answer too. */
function answer({ stdout }: Context, options: Options, found: object | null, text: string): number {
  stdout.write(options["json"] === true ? `${JSON.stringify({ found })}\n` : text);
  return 0;
}

async function worldOf(options: Options, { settings }: Context) {
  const { openWorld } = await import("../corruption/world.ts");
  const world = await openWorld(settings, {
    region: options["region"] as string | undefined,
    database: options["database"] as string | undefined,
  });
  return { ...world, shards: chosenShards(options["shards"], world.outputs.shards) };
}

async function findByPredicate(predicate: string, server: string, options: Options, context: Context) {
  const [{ findFirstBad }, { createScratch }, { APPLICATION }, { foundLines }] = await Promise.all([
    import("../corruption/find.ts"),
    import("../corruption/scratch.ts"),
    import("../../workload/projector/application.ts"),
    import("../corruption/report.ts"),
  ]);
  const { store, shards } = await worldOf(options, context);
  const scratch = await createScratch(server);
  try {
    let events = 0;
    const found = await findFirstBad({
      ...{
        store,
        shards,
        connect: scratch.connect,
        application: APPLICATION,
        predicate,
        signal: context.signal,
      },
      onProgress: (more) => {
        events += more;
        context.stderr.write(`good up to event ${events.toLocaleString("en-US")}\n`);
      },
    });
    const text = found === undefined ? "the predicate holds nowhere in the journal\n" : foundLines(found);
    return answer(context, options, found ?? null, text);
  } finally {
    await scratch.drop();
  }
}

async function findDifference(options: Options, context: Context): Promise<number> {
  const [{ validate }, { inWords }] = await Promise.all([
    import("../corruption/validate.ts"),
    import("../corruption/difference.ts"),
  ]);
  const { store, shards, connect } = await worldOf(options, context);
  const results = await validate({ store, shards, connect, signal: context.signal });
  const differences = await Promise.all(
    results.flatMap(({ shard, tables }) =>
      tables.flatMap(({ first }) => (first === null ? [] : [withRecord(store, shard, first)])),
    ),
  );
  differences.sort((a, b) => (a.ts ?? Number.POSITIVE_INFINITY) - (b.ts ?? Number.POSITIVE_INFINITY));
  const lines = differences.map((one) => {
    const when =
      one.ts === null ? "at no time that the journal knows" : `at ${new Date(one.ts).toISOString()}`;
    return `shard ${one.shard}, ${when}: ${inWords(one)}\n`;
  });
  const broken = results.flatMap(({ shard, chain }) =>
    chain.holds ? [] : [`shard ${shard}: ${chain.why}\n`],
  );
  const text = [...broken, ...lines].join("") || "every row is what the journal says\n";
  return answer(context, options, differences.length === 0 ? null : differences, text);
}

/** With the time and the text of the record that the row comes from; null: the journal has no such record. */
async function withRecord(store: JournalStore, shard: number, difference: Difference) {
  const { epoch, seq } = difference;
  const { items } = await store.read(shard, epoch, { from: seq, limit: 1 });
  const [item] = items;
  const record = item?.kind === "record" && item.seq === seq ? item : undefined;
  return { shard, ...difference, ts: record?.ts ?? null, body: record?.body ?? null };
}

async function findTamperedRecord(options: Options, context: Context): Promise<number> {
  const { findTampered, TamperedError } = await import("../../journal/index.ts");
  const { store, archive, shards } = await worldOf(options, context);
  const found = [];
  for (const shard of shards) {
    const tampered = await findTampered(store, archive, shard, { signal: context.signal }).catch(
      (error: unknown) => {
        // The archive contradicts itself: then nothing can be compared with it.
        throw error instanceof TamperedError ? new RefusedError(error.message, { cause: error }) : error;
      },
    );
    if (tampered !== undefined) found.push({ shard, ...tampered });
  }
  const lines = found.map(({ shard, archived, stored }) => {
    const { epoch, seq, ts, body } = archived;
    const now =
      stored === undefined ? "nothing" : stored.kind === "record" ? stored.body : `a seal (${stored.reason})`;
    return `shard ${shard}, record ${epoch}.${seq}, at ${new Date(ts).toISOString()}\n  archived  ${body}\n  journal   ${now}\n`;
  });
  const text =
    lines.length === 0 ? "every archived record stands in the journal as it was archived\n" : lines.join("");
  return answer(context, options, found.length === 0 ? null : found, text);
}
