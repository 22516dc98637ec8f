/**
 * The real Pulumi engine, from wherever this machine can have it: on PATH, downloaded by the Automation API, or
 * built with Go from the module proxy (`tools/pulumi/go.mod` pins it). Nothing to install by hand.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdir, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import path from "node:path";
import { PulumiCommand } from "@pulumi/pulumi/automation/index.js";

/**
 * By default the whole state is written before and after each resource, and copied each time. With this an update that
 * was killed is repaired by the same update; the bucket keeps the versions.
 * https://github.com/pulumi/pulumi/issues/10668
 */
export const SAVES_ONCE = {
  PULUMI_SKIP_CHECKPOINTS: "true",
  PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS: "true",
};

/** The version that `tools/pulumi/go.mod` builds. */
export const BUILT_VERSION = "3.230.0";
const MINIMUM_MINOR = 200;
const DOWNLOAD_LIMIT_MILLISECONDS = 90_000;
const BUILD_LIMIT_MILLISECONDS = 20 * 60_000;
const PROGRESS_INTERVAL_MILLISECONDS = 5_000;

const MODULE_DIRECTORY = path.join(import.meta.dirname, "..", "tools", "pulumi");
const CLI_PACKAGE = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi";

export class EngineError extends Error {
  override readonly name = "EngineError";
}

export type Progress = (line: string) => void;

/** One way to have the engine. Resolves, or rejects with the reason why this machine cannot have it so. */
interface Source {
  readonly title: string;
  readonly get: (progress: Progress) => Promise<PulumiCommand>;
}

function builtRoot(): string {
  return path.join(process.env["PULUMI_HOME"] ?? path.join(homedir(), ".pulumi"), "versions", BUILT_VERSION);
}

async function onPath(): Promise<PulumiCommand> {
  const command = await PulumiCommand.get({ skipVersionCheck: true });
  const version = command.version;
  if (version === null || version.major !== 3 || version.minor < MINIMUM_MINOR) {
    throw new Error(`it is version ${version ?? "unknown"}; 3.${MINIMUM_MINOR} or newer is needed`);
  }
  return command;
}

const builtEarlier = (): Promise<PulumiCommand> =>
  PulumiCommand.get({ root: builtRoot(), skipVersionCheck: true });

async function downloaded(progress: Progress): Promise<PulumiCommand> {
  progress("Pulumi CLI: not on PATH, downloading it");
  return await withLimit(PulumiCommand.install({ skipVersionCheck: true }), DOWNLOAD_LIMIT_MILLISECONDS);
}

async function withLimit<T>(work: Promise<T>, milliseconds: number): Promise<T> {
  const limit = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => limit.reject(new Error(`no answer within ${milliseconds / 1000} s`)),
    milliseconds,
  );
  try {
    return await Promise.race([work, limit.promise]);
  } finally {
    clearTimeout(timer);
  }
}

async function builtWithGo(progress: Progress): Promise<PulumiCommand> {
  progress("Pulumi CLI: building it with Go, once, about 3 minutes");
  const target = path.join(builtRoot(), "bin", "pulumi");
  const partial = `${target}.${process.pid}`;
  await mkdir(path.dirname(target), { recursive: true });
  const version = `-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v${BUILT_VERSION}`;
  const arguments_ = ["build", "-v", "-trimpath", "-ldflags", `-s -w ${version}`, "-o", partial, CLI_PACKAGE];
  const build = spawn("go", arguments_, {
    cwd: MODULE_DIRECTORY,
    env: { ...process.env, CGO_ENABLED: "0", GOFLAGS: "-mod=readonly" },
    stdio: ["ignore", "ignore", "pipe"],
    timeout: BUILD_LIMIT_MILLISECONDS,
  });
  try {
    await finished(build, progress);
    // Another process may have built it meanwhile: either result is the same file.
    await rename(partial, target);
  } finally {
    await rm(partial, { force: true });
  }
  return await builtEarlier();
}

/** Reports the number of packages compiled (`go build -v` names one a line) until the build ends. */
async function finished(build: ChildProcess, progress: Progress): Promise<void> {
  const started = performance.now();
  let packages = 0;
  let tail = "";
  build.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
    packages += chunk.split("\n").length - 1;
    tail = (tail + chunk).slice(-2_000);
  });
  const timer = setInterval(() => {
    const seconds = Math.round((performance.now() - started) / 1000);
    progress(`Pulumi CLI: building with Go, ${seconds} s, ${packages} packages`);
  }, PROGRESS_INTERVAL_MILLISECONDS);
  try {
    await new Promise<void>((resolve, reject) => {
      build.once("error", (cause) => reject(new Error(`go: ${cause.message}`, { cause })));
      build.once("close", (code, signal) => {
        if (code === 0) resolve();
        else reject(new Error(`go build ended with ${signal ?? `exit code ${code}`}: ${tail.trim()}`));
      });
    });
  } finally {
    clearInterval(timer);
  }
}

const SOURCES: readonly Source[] = [
  { title: `on PATH (3.${MINIMUM_MINOR} or newer)`, get: onPath },
  { title: "built earlier", get: builtEarlier },
  { title: "downloaded by the Automation API", get: downloaded },
  { title: "built with Go from the module proxy", get: builtWithGo },
];

let found: Promise<PulumiCommand> | undefined;

/**
 * The `pulumi` CLI for the Automation API.
 * @throws EngineError naming every way that was tried and why it did not work
 */
export function engine(progress: Progress = () => {}): Promise<PulumiCommand> {
  found ??= firstOf(SOURCES, progress);
  return found;
}

/** Exported for tests. */
export async function firstOf(sources: readonly Source[], progress: Progress): Promise<PulumiCommand> {
  const reasons: string[] = [];
  for (const source of sources) {
    try {
      return await source.get(progress);
    } catch (cause) {
      reasons.push(`  - ${source.title}: ${cause instanceof Error ? cause.message.trim() : String(cause)}`);
    }
  }
  throw new EngineError(
    `no Pulumi CLI. Install Pulumi 3.${MINIMUM_MINOR} or newer, or Go, or allow the download. Tried:\n${reasons.join("\n")}`,
  );
}
