/**
 * The judge. It reads the log that is left, by the real reader over a table without faults, and holds it
 * against what clients were told and what processes reported.
 */
import {
  type FencedError,
  type Head,
  type JournalStore,
  type LogItem,
  readValid,
  type ValidRecord,
} from "../../../journal/index.ts";
import type { Exchange } from "./client.ts";
import { Orders, opsOf } from "./orders.ts";

export interface Recovery {
  readonly process: string;
  readonly head: Head;
  readonly checksum: string;
}

export interface Evidence {
  readonly store: JournalStore;
  readonly exchanges: readonly Exchange[];
  readonly recoveries: readonly Recovery[];
  readonly fences: readonly FencedError[];
  /** What was thrown and should not have been. */
  readonly failures: readonly unknown[];
  /** Hashes of the records that a follower of the live tail was given, in its order. */
  readonly followed: readonly string[];
}

const at = (place: { epoch: number; seq: number }) => `${place.epoch}/${place.seq}`;

/** Broken promises, in words; none when all was kept. */
export async function audit(evidence: Evidence): Promise<string[]> {
  const log: ValidRecord[] = [];
  try {
    for await (const valid of readValid(evidence.store, 0)) log.push(valid);
  } catch (error) {
    return [`the valid log cannot be read: ${error}`];
  }
  return [
    ...evidence.failures.map((error) => `a process failed: ${error}`),
    ...auditAcknowledgements(log, evidence.exchanges),
    ...auditSequences(evidence.exchanges),
    ...auditNeverAppended(log, evidence.exchanges),
    ...auditOnce(log),
    ...auditStates(evidence.exchanges),
    ...auditRecoveries(log, evidence.recoveries),
    ...(await auditFences(evidence.store, evidence.fences)),
    ...auditFollower(log, evidence.followed),
  ];
}

const acknowledged = (exchanges: readonly Exchange[]) =>
  exchanges.flatMap(({ request, answer, answeredAt = 0, sentAt }) => {
    if (answer?.kind === "accepted")
      return [{ id: request.id, kind: request.kind, ack: answer.ack, answeredAt, sentAt }];
    if (answer?.kind !== "state") return [];
    const { placed, cancelled } = answer;
    return [
      ...(placed ? [{ id: request.id, kind: "place" as const, ack: placed, answeredAt, sentAt }] : []),
      ...(cancelled ? [{ id: request.id, kind: "cancel" as const, ack: cancelled, answeredAt, sentAt }] : []),
    ];
  });

/** No acknowledged event is lost, nothing beyond the log was shown. */
function auditAcknowledgements(log: readonly ValidRecord[], exchanges: readonly Exchange[]): string[] {
  const records = new Map(log.map(({ record }) => [at(record), record]));
  return acknowledged(exchanges).flatMap(({ id, kind, ack }) => {
    const record = records.get(at(ack));
    if (record?.hash !== ack.hash) return [`lost: ${kind} ${id}, acknowledged at ${at(ack)}`];
    const holds = opsOf(record.body).some((op) => op.id === id && op.kind === kind);
    return holds ? [] : [`different: ${kind} ${id}, acknowledged at ${at(ack)}`];
  });
}

/** No two epochs acknowledge the same sequence, nor one epoch two records for it. */
function auditSequences(exchanges: readonly Exchange[]): string[] {
  const bySeq = new Map<number, string>();
  return acknowledged(exchanges).flatMap(({ ack }) => {
    const place = `${at(ack)} ${ack.hash}`;
    const first = bySeq.get(ack.seq) ?? place;
    bySeq.set(ack.seq, first);
    return first === place ? [] : [`seq ${ack.seq} was acknowledged twice: ${first} and ${place}`];
  });
}

function auditNeverAppended(log: readonly ValidRecord[], exchanges: readonly Exchange[]): string[] {
  const attempts = new Set(log.flatMap(({ record }) => opsOf(record.body)).map(({ attempt }) => attempt));
  return exchanges.flatMap(({ request, answer }) =>
    answer?.kind === "never-appended" && attempts.has(request.attempt)
      ? [`answered "never appended" and yet in the log: ${request.kind} ${request.id}`]
      : [],
  );
}

function auditOnce(log: readonly ValidRecord[]): string[] {
  const seen = new Set<string>();
  return log.flatMap(({ record }) =>
    opsOf(record.body).flatMap(({ kind, id }) => {
      const isRepeated = seen.has(`${kind} ${id}`);
      seen.add(`${kind} ${id}`);
      return isRepeated ? [`twice in the log: ${kind} ${id} at ${at(record)}`] : [];
    }),
  );
}

/** Whoever asks after somebody was told must be told no less: reads and repeated requests are never stale. */
function auditStates(exchanges: readonly Exchange[]): string[] {
  const told = acknowledged(exchanges);
  const firstTold = new Map<string, number>();
  for (const { id, kind, answeredAt } of told) {
    const key = `${kind} ${id}`;
    firstTold.set(key, Math.min(firstTold.get(key) ?? Number.POSITIVE_INFINITY, answeredAt));
  }
  const wasTold = (key: string, before: number) => (firstTold.get(key) ?? Number.POSITIVE_INFINITY) < before;
  return exchanges.flatMap(({ request, sentAt, answer }) => {
    if (answer?.kind !== "state") return [];
    const { id } = request;
    return [
      ...(!answer.placed && wasTold(`place ${id}`, sentAt)
        ? [`stale: ${request.kind} of ${id} knows no such order`]
        : []),
      ...(!answer.cancelled && wasTold(`cancel ${id}`, sentAt)
        ? [`stale: ${request.kind} of ${id} does not know that it is cancelled`]
        : []),
    ];
  });
}

/** Every start, whatever checkpoint it began with, recovered what folding the whole log gives. */
function auditRecoveries(log: readonly ValidRecord[], recoveries: readonly Recovery[]): string[] {
  const heads = new Set(recoveries.map(({ head }) => at(head)));
  const orders = new Orders();
  const checksums = new Map([["0/0", orders.checksum()]]);
  for (const valid of log) {
    orders.fold(valid);
    const place = at(valid.record);
    if (heads.has(place)) checksums.set(place, orders.checksum());
  }
  return recoveries.flatMap(({ process, head, checksum }) =>
    checksums.get(at(head)) === checksum ? [] : [`${process} recovered another state at ${at(head)}`],
  );
}

/** A writer is fenced by a seal, not by its own record. */
async function auditFences(store: JournalStore, fences: readonly FencedError[]): Promise<string[]> {
  const verdicts: string[] = [];
  for (const { shard, position } of fences) {
    const { items } = await store.read(shard, position.epoch, { from: position.seq, limit: 1 });
    const item: LogItem | undefined = items[0];
    if (item?.seq !== position.seq || item.kind !== "seal")
      verdicts.push(`fenced at ${at(position)} without a seal there`);
  }
  return verdicts;
}

function auditFollower(log: readonly ValidRecord[], followed: readonly string[]): string[] {
  const hashes = log.map(({ record }) => record.hash);
  const isPrefix = followed.every((hash, index) => hash === hashes[index]);
  return isPrefix ? [] : ["a follower of the tail was given what is not in the valid log"];
}
