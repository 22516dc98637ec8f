import { execFileSync } from "node:child_process";

/** Commit of the working tree that holds the program, 40 hex digits; `unknown` where there is no git. */
export function deployedCommit(): string {
  try {
    return execFileSync("git", ["rev-parse", "HEAD"], {
      cwd: import.meta.dirname,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
      timeout: 2_000,
    }).trim();
  } catch {
    return "unknown";
  }
}
