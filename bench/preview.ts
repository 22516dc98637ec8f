/**
 * How long a preview of each stack takes at rest, and how much of it is the program: `node bench/preview.ts`. On the
 * real engine, against the sandbox's providers in this process. The objective is 5 s on two cores; the shares and the
 * milliseconds per resource are what to compare between machines. Secrets cost nothing here, as with a key of AWS; a
 * passphrase adds half a second to every call of the CLI.
 */
import { spawnSync } from "node:child_process";
import { availableParallelism, loadavg } from "node:os";
import { deploy } from "../test/stacks/graph.ts";
import { Local } from "../test/stacks/local.ts";

const ROUNDS = 5;
const OBJECTIVE_SECONDS = 5;

async function seconds(work: () => unknown): Promise<number> {
  const begun = performance.now();
  await work();
  return (performance.now() - begun) / 1000;
}

async function medianSeconds(work: () => unknown): Promise<number> {
  const measured: number[] = [];
  for (let round = 0; round < ROUNDS; round++) measured.push(await seconds(work));
  return measured.sort((a, b) => a - b)[Math.floor(ROUNDS / 2)] ?? Number.NaN;
}

function node(script: string): void {
  const { status, stderr } = spawnSync(process.execPath, ["--input-type=module", "--eval", script], {
    cwd: import.meta.dirname,
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(stderr);
}

const percent = (part: number, whole: number): string => `${((100 * part) / whole).toFixed(0)} %`;

// Others at work make every figure here larger.
console.log(`${availableParallelism()} cores, load ${loadavg()[0]?.toFixed(1)} before`);
const empty = await medianSeconds(() => node(""));
const importing = (await medianSeconds(() => node('await import("../stacks/index.ts")'))) - empty;
console.log(`importing the program: ${importing.toFixed(2)} s, once per process`);

const local = await Local.start();
try {
  for (const name of ["prod", "dr"] as const) {
    const stack = await local.stack(name);
    await stack.up();
    let resources = 0;
    const preview = await medianSeconds(async () => {
      const { changeSummary } = await stack.preview();
      resources = changeSummary.same ?? 0;
    });
    const program = await medianSeconds(() => deploy(name));
    const whole = importing + preview;
    console.log(
      `${name}: ${whole.toFixed(2)} s from start to end, ${percent(whole, OBJECTIVE_SECONDS)} of the objective: ` +
        `import ${percent(importing, whole)}, registering ${percent(program, whole)}, ` +
        `engine and providers ${percent(preview - program, whole)}; ` +
        `${resources} resources, ${((1000 * preview) / resources).toFixed(1)} ms each`,
    );
  }
} finally {
  await local.close();
}
