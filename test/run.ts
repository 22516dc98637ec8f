/**
 * `npm test`: every check, quick ones first, each announced and timed; ends with `N passed, N failed`.
 * `npm test -- --all` adds whole disasters, the sabotaged ones too, which take three quarters of an hour;
 * `npm test -- FILE…` runs ava on these files alone.
 */
import { spawn } from "node:child_process";
import { globSync } from "node:fs";
import path from "node:path";
import { engine } from "../automation/engine.ts";

interface Count {
  readonly passed: number;
  readonly failed: number;
}

interface Stage {
  readonly title: string;
  readonly run: () => Promise<Count>;
}

/** Whole disasters: each has the machine's two cores to itself. */
const DRILLS = "test/drills/*.test.ts";
/** Tests that start the real engine or real PostgreSQL. */
const ENGINE = "test/**/*.engine.test.ts";

/** Every test file is a process of its own: compiled once, its modules start in two thirds of the time. */
const ENVIRONMENT = {
  ...process.env,
  NODE_COMPILE_CACHE: path.join(import.meta.dirname, "..", "node_modules", ".cache", "compiled"),
};

function command(name: string, arguments_: readonly string[]): Promise<{ code: number; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(name, arguments_, { env: ENVIRONMENT, stdio: ["ignore", "pipe", "inherit"] });
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      output += chunk;
      process.stdout.write(chunk);
    });
    child.once("error", reject);
    child.once("close", (code) => resolve({ code: code ?? 1, output }));
  });
}

/** A check that passes or fails as a whole. */
const check = (title: string, name: string, ...arguments_: string[]): Stage => ({
  title,
  async run() {
    const { code } = await command(name, arguments_);
    return code === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
  },
});

function ava(title: string, files: readonly string[], ...options: string[]): Stage {
  return {
    title: `${title}: ${files.length} test files`,
    async run() {
      if (files.length === 0) return { passed: 0, failed: 0 };
      const { code, output } = await command("ava", [...options, ...files]);
      return counted(code, output);
    },
  };
}

/** ava's closing lines, e.g. `12 tests passed`, `1 test failed`, `2 uncaught exceptions`. */
function counted(code: number, output: string): Count {
  const sum = (pattern: RegExp) =>
    [...output.matchAll(pattern)].reduce((total, match) => total + Number(match[1]), 0);
  // Where anything failed ava does not count the rest.
  const passed = sum(/^\s*(\d+) tests? passed/gm) || [...output.matchAll(/^\s*✔ /gm)].length;
  const failed = sum(
    /^\s*(\d+) (?:tests? failed|uncaught exceptions?|unhandled rejections?|hooks? failed)/gm,
  );
  return { passed, failed: code !== 0 && failed === 0 ? 1 : failed };
}

function stages(named: readonly string[], all: boolean): readonly Stage[] {
  if (named.length > 0) return [ava("named tests", named)];
  const drills = globSync(DRILLS).sort();
  const engines = globSync(ENGINE).sort();
  const slow = new Set([...drills, ...engines]);
  const quick = globSync("test/**/*.test.ts")
    .filter((file) => !slow.has(file))
    .sort();
  const drilling = ["--serial", "--concurrency=1", "--timeout=8m"];
  return [
    check("format and lint (biome)", "biome", "check"),
    check("types (tsc)", "node", "node_modules/typescript7/bin/tsc", "--noEmit"),
    check("workflows (actionlint)", "sh", "tools/actionlint/run.sh"),
    ava("quick tests", quick, "--concurrency=3"),
    ava("tests on the real engine", engines, "--concurrency=3"),
    ...(all ? [ava("drills", drills, ...drilling)] : []),
  ];
}

const seconds = (since: number): string => `${((performance.now() - since) / 1000).toFixed(1)} s`;

const started = performance.now();
await engine((line) => console.error(line));
const total = { passed: 0, failed: 0 };
const words = process.argv.slice(2);
const named = words.filter((word) => word !== "--all");
for (const stage of stages(named, words.includes("--all"))) {
  const begun = performance.now();
  console.log(`── ${stage.title}`);
  const { passed, failed } = await stage.run();
  total.passed += passed;
  total.failed += failed;
  console.log(`── ${stage.title}: ${passed} passed, ${failed} failed, ${seconds(begun)}\n`);
}
console.log(`all in ${seconds(started)}`);
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed > 0 ? 1 : 0;
