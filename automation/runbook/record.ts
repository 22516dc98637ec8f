/** A run on disk: written whole, fsynced and renamed before each act, so that a kill at any point finds it readable. */
import { mkdir, open, readdir, readFile, rename } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import { isRegion, type Region } from "../../components/model.ts";
import { UsageError } from "../errors.ts";
import { processIdentity } from "./process.ts";

const identity = z.object({
  pid: z.number(),
  host: z.string(),
  startedAt: z.number(),
  startTicks: z.string().nullable(),
});
const schema = z.object({
  version: z.literal(1),
  revision: z.number(),
  id: z.string(),
  verb: z.string(),
  target: z.custom<Region>(isRegion, "not a region"),
  startedAt: z.number(),
  owner: identity,
  steps: z.record(
    z.string(),
    z.object({
      state: z.enum(["intended", "done", "already-done", "skipped", "failed"]),
      startedAt: z.number(),
      endedAt: z.number().optional(),
      detail: z.string().optional(),
    }),
  ),
  facts: z.record(z.string(), z.unknown()),
  /** Engine processes that this run started: who may have left a lock behind. */
  children: z.array(identity),
  finished: z.object({ at: z.number(), verdict: z.string(), exitCode: z.number() }).nullable(),
});

export type RunData = z.infer<typeof schema>;
export type StepRecord = RunData["steps"][string];

const FILE = "record.json";
export const runsDirectory = (projectDirectory: string): string => path.join(projectDirectory, ".dr", "runs");

export class RunRecord {
  readonly directory: string;
  #data: RunData;
  #writing: Promise<void> = Promise.resolve();

  private constructor(directory: string, data: RunData) {
    this.directory = directory;
    this.#data = data;
  }

  static async create(
    projectDirectory: string,
    { id, verb, target, now }: { id: string; verb: string; target: Region; now: number },
  ): Promise<RunRecord> {
    const directory = path.join(runsDirectory(projectDirectory), id);
    await mkdir(directory, { recursive: true });
    const record = new RunRecord(directory, {
      version: 1,
      revision: 0,
      id,
      verb,
      target,
      startedAt: now,
      owner: await processIdentity(process.pid),
      steps: {},
      facts: {},
      children: [],
      finished: null,
    });
    await record.update(() => {});
    return record;
  }

  static async open(directory: string): Promise<RunRecord> {
    const file = path.join(directory, FILE);
    try {
      return new RunRecord(directory, schema.parse(JSON.parse(await readFile(file, "utf8"))));
    } catch (cause) {
      throw new UsageError(
        `${file} is not the record of a run: move its directory away to go on without it`,
        {
          cause,
        },
      );
    }
  }

  /** Every run of the project, newest first. */
  static async all(projectDirectory: string): Promise<readonly RunRecord[]> {
    const root = runsDirectory(projectDirectory);
    const names = await readdir(root).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return [];
      throw error;
    });
    // A directory without a record: killed before its first write, nothing was done.
    const opened = await Promise.all(
      names
        .sort()
        .reverse()
        .map(async (name) => {
          const files = await readdir(path.join(root, name)).catch((): string[] => []);
          return files.includes(FILE) ? await RunRecord.open(path.join(root, name)) : undefined;
        }),
    );
    return opened.filter((record) => record !== undefined);
  }

  get data(): Readonly<RunData> {
    return this.#data;
  }

  /** Changes a copy; resolves when it is on disk. Concurrent updates queue. */
  update(change: (data: RunData) => void): Promise<void> {
    const work = this.#writing.then(async () => {
      const next = structuredClone(this.#data);
      change(next);
      next.revision++;
      await writeDurably(path.join(this.directory, FILE), `${JSON.stringify(next, null, 2)}\n`);
      this.#data = next;
    });
    this.#writing = work.catch(() => {});
    return work;
  }
}

/** Replaces a file so that a crash leaves the old text or the new, never a part. */
export async function writeDurably(file: string, text: string): Promise<void> {
  const partial = `${file}.partial`;
  const handle = await open(partial, "w", 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(partial, file);
  const directory = await open(path.dirname(file), "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
