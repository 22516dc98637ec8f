/**
 * A shard's engine, wherever it is at the moment: the one that opened the newest epoch says so in the journal's table.
 * Kubernetes would go on sending to the engine of a dead zone until its node counts as lost, some 50 s.
 */
import type { Region } from "../../components/model.ts";
import type { EngineItem } from "../../journal/model.ts";
import { type Answer, NotSentError, Upstream } from "./upstream.ts";

export class ShardEngine {
  readonly #shard: number;
  readonly #region: Region;
  #epoch = 0;
  #upstream: Upstream | undefined;

  constructor(shard: number, region: Region) {
    this.#shard = shard;
    this.#region = region;
  }

  /**
   * From now on asks there, unless that is an older engine, or one of another region. What still waits for the one
   * before it rejects with `NoAnswerError` at once: it may never answer, and whoever asks again asks the new one.
   */
  follow(item: EngineItem | undefined): void {
    if (item === undefined || item.region !== this.#region || item.epoch <= this.#epoch) return;
    this.#upstream?.close();
    this.#upstream = new Upstream(item.url);
    this.#epoch = item.epoch;
  }

  /** As `Upstream.send`. */
  async send(method: string, path: string, body: string, deadlineMs: number): Promise<Answer> {
    return await this.#asked(method, path).send(method, path, body, deadlineMs);
  }

  /** As `Upstream.get`. */
  async get<T>(path: string, deadlineMs: number): Promise<T> {
    return await this.#asked("GET", path).get<T>(path, deadlineMs);
  }

  close(): void {
    this.#upstream?.close();
  }

  #asked(method: string, path: string): Upstream {
    if (this.#upstream !== undefined) return this.#upstream;
    const to = `${method} ${path.split("?", 1)[0]}`;
    throw new NotSentError(`${to}: no engine of shard ${this.#shard} is known in ${this.#region}`);
  }
}
