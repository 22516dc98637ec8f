import { tmpdir } from "node:os";
import test from "ava";
import { dr } from "./call.ts";

const BAD: readonly (readonly [args: readonly string[], line: string])[] = [
  [
    ["simulate", "--runs", "5"],
    "error: option '--runs <n>' argument '5' is invalid. It must be an integer from 100 to 1000000.",
  ],
  [["simulate"], `dr: there is no Pulumi.yaml in ${tmpdir()}: name the project with --project-dir DIR`],
  [
    ["simulate", "--svg", "/nowhere/drawn.svg"],
    "dr: --svg /nowhere/drawn.svg: it cannot be written: ENOENT: no such file or directory, open '/nowhere/drawn.svg'",
  ],
  [["check", "--host", "--forecast"], "dr: --host and --forecast exclude each other: name one of them"],
  [
    ["watch", "--until-stable", "soon"],
    "error: option '--until-stable <time>' argument 'soon' is invalid. It must be a time from 1s to 1440m, e.g. 60s or 2m.",
  ],
  [
    ["calendar", "run", "--zone", "us-east-1a", "--", "true"],
    "dr: run needs one of --zone ZONE, or a command after --",
  ],
];

test("bad input is one clear line and exit code 2, before anything is looked at", async (t) => {
  for (const [args, line] of BAD) {
    const { code, stderr } = await dr(args);
    t.deepEqual([code, stderr.split("\n")[0]], [2, line]);
  }
});
