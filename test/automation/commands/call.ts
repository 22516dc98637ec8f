/** A call of `dr` in this process, with nobody at a terminal. SDKs take an endpoint from their own process alone. */
import { tmpdir } from "node:os";
import { Readable, Writable } from "node:stream";
import { dr as call } from "../../../automation/dr.ts";

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export async function dr(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  const said = { stdout: "", stderr: "" };
  const stream = (name: "stdout" | "stderr") =>
    new Writable({
      write(chunk, _, done) {
        said[name] += chunk;
        done();
      },
    });
  const code = await call(args, {
    environment,
    workingDirectory: tmpdir(),
    stdin: Readable.from([]),
    stdout: stream("stdout"),
    stderr: stream("stderr"),
    signal: new AbortController().signal,
  });
  return { code, ...said };
}
