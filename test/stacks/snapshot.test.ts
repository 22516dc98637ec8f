/**
 * The graphs in `graphs/` were reviewed. `UPDATE_GRAPHS=1 ava test/stacks/snapshot.test.ts` writes them anew; the
 * difference is then part of the commit's review.
 */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import test from "ava";
import { standing } from "./graph.ts";
import { render } from "./snapshot.ts";

const DIRECTORY = path.join(import.meta.dirname, "graphs");

for (const stack of ["prod", "dr"] as const) {
  test.serial(`the resource graph of ${stack} is the one that was reviewed`, async (t) => {
    const file = path.join(DIRECTORY, `${stack}.txt`);
    const graph = render(await standing(stack));
    if (process.env["UPDATE_GRAPHS"] === "1") {
      await mkdir(DIRECTORY, { recursive: true });
      await writeFile(file, graph);
    }
    t.is(graph, await readFile(file, "utf8"));
  });
}
