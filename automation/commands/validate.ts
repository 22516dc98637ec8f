/** `dr validate`: whether the database is what the journal says. */
import { EXIT } from "../errors.ts";
import type { Command } from "./command.ts";
import { chosenShards } from "./parse.ts";

export const command: Command = {
  name: "validate",
  options(program) {
    program
      .option("--region <region>", "whose journal and database; default: the region that decides")
      .option("--database <url>", "postgres://user@host:5432/name; default: the region's writer")
      .option("--shards <list>", "only these, e.g. 0,2; default: all")
      .option("--no-archive", "do not hold the chain against the archive's heads")
      .option("--no-engines", "do not ask the engines for their state")
      .option("--json", "one JSON value on stdout");
  },
  async run(options, { settings, stdout, stderr, signal }) {
    const [{ openWorld }, { validate }, { validationLines }, { engineStates }] = await Promise.all([
      import("../corruption/world.ts"),
      import("../corruption/validate.ts"),
      import("../corruption/report.ts"),
      import("../corruption/engines.ts"),
    ]);
    const world = await openWorld(settings, {
      region: options["region"] as string | undefined,
      database: options["database"] as string | undefined,
    });
    const engines = options["engines"] === false ? [] : await engineStates(world.outputs, settings, stderr);
    let [events, toldAt] = [0, performance.now()];
    const results = await validate({
      ...world,
      shards: chosenShards(options["shards"], world.outputs.shards),
      archive: options["archive"] === false ? undefined : world.archive,
      engines,
      signal,
      onProgress: (more) => {
        events += more;
        if (performance.now() - toldAt < 1_000) return;
        toldAt = performance.now();
        stderr.write(`${events.toLocaleString("en-US")} events folded\n`);
      },
    });
    const inJson = (_: string, value: unknown) => (typeof value === "bigint" ? String(value) : value);
    const text = options["json"] === true ? `${JSON.stringify(results, inJson)}\n` : validationLines(results);
    stdout.write(text);
    return results.every(({ valid }) => valid) ? EXIT.done : EXIT.invalid;
  },
};
