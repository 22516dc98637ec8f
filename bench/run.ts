/** `npm run bench -- NAME [OPTIONS]`: one file per bench, `node bench/NAME.ts`; without a name, what there is. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";

const [name, ...options] = process.argv.slice(2);
const benches = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith(".ts") && file !== path.basename(import.meta.filename))
  .map((file) => path.basename(file, ".ts"));

if (name === undefined || !benches.includes(name)) {
  const wrong = name === undefined || name === "--help" ? "" : `there is no bench ${name}\n`;
  const lines = benches.map((bench) => `  ${bench.padEnd(12)} ${describe(bench)}`);
  process.stderr.write(`${wrong}npm run bench -- NAME, one of\n${lines.join("\n")}\n`);
  process.exit(2);
}
const child = spawn(process.execPath, [fileOf(name), ...options], { stdio: "inherit" });
const [code] = (await once(child, "exit")) as [number | null];
process.exit(code ?? 1);

function fileOf(bench: string): string {
  return path.join(import.meta.dirname, `${bench}.ts`);
}

/** A bench's first comment line says what it measures. */
function describe(bench: string): string {
  return /\/\*\*\s*\*?\s*(.*?)(?:\*\/|\n)/.exec(readFileSync(fileOf(bench), "utf8"))?.[1]?.trim() ?? "";
}
