/** Which code was drilled. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";

/** Full hash, with `-dirty` when files differ; `unknown` outside git. */
export async function currentCommit(): Promise<string> {
  const git = async (...arguments_: string[]) =>
    (await promisify(execFile)("git", arguments_, { cwd: import.meta.dirname })).stdout.trim();
  try {
    const [commit, changes] = [await git("rev-parse", "HEAD"), await git("status", "--porcelain")];
    return changes === "" ? commit : `${commit}-dirty`;
  } catch {
    return "unknown";
  }
}
