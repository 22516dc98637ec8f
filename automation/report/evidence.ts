/** What a drill leaves behind: one value from which verdict, exit code and every printed number follow. */
import type { DnsProvider, Region } from "../../components/model.ts";
import type { Verdict } from "./verdict.ts";

/** How the region is lost: processes killed, frozen (SIGSTOP), or its network accepting and never answering. */
export const LOSSES = ["kill", "freeze", "blackhole"] as const;
export type Loss = (typeof LOSSES)[number];

export const LATENCIES = ["none", "published"] as const;
export type Latency = (typeof LATENCIES)[number];

/** Seconds since the impact; negative before it. */
export interface Phase {
  readonly name: string;
  readonly startSeconds: number;
  readonly endSeconds: number;
}

/** A wait that no work of ours can shorten: bound computed from config before the run, then what it really took. */
export interface Wait {
  readonly name: string;
  readonly boundSeconds: number;
  readonly measuredSeconds: number;
}

export interface RecoveryTime {
  readonly targetSeconds: number;
  /** Impact to the first successful write by the public name of a fresh client; null: none succeeded. */
  readonly fromImpactSeconds: number | null;
  /** The same from the operator's "go", the start of the confirmed command. */
  readonly fromGoSeconds: number | null;
  /** The same for the unluckiest fresh client, whose caching resolver asked last before the answer changed. */
  readonly everyResolverSeconds: number | null;
  /** Sum of the bounds of `criticalPath`, known before the run. */
  readonly criticalPathSeconds: number;
  readonly criticalPath: readonly Wait[];
  /** `fromImpactSeconds` less each wait as far as it was both allowed and really spent: luck is not credited. */
  readonly ownOverheadSeconds: number | null;
  readonly phases: readonly Phase[];
}

export interface RecoveryPoint {
  /** Writes (orders and cancels) that clients hold an acknowledgement for. */
  readonly acknowledged: number;
  /** Acknowledged, but absent or different in the valid journal, the new region's API or the projection. */
  readonly lost: number;
  /** Writes whose answer never arrived, however often the client asked. */
  readonly unknown: number;
  /** Writes without an answer at first, settled later by the same client under the same id. */
  readonly unknownRecovered: number;
  /** Events beyond the replica's watermark, before the operator confirmed; null: the runbook could not tell. */
  readonly predictedGapEvents: number | null;
  /** The same, measured when the promoted database had caught up. */
  readonly measuredGapEvents: number | null;
}

export interface ClientFigures {
  /** Operations tried, reads included; retries and fresh clients are not. */
  readonly sent: number;
  readonly ok: number;
  readonly failed: number;
  /** Answered 503 and nothing appended: counted apart, no order came of them. */
  readonly neverAppended: number;
  /** Impact to a client's first success of a request sent after it, over clients that recovered. */
  readonly p50OutageSeconds: number | null;
  readonly maxOutageSeconds: number | null;
  /** Clients whose last request of the watch still went to the lost region. */
  readonly stragglers: number;
  /** Of them, those that ignore the TTL for ever, by design of the load. */
  readonly pinned: number;
}

export interface Integrity {
  /** Of orders and trades, per shard, computed on the writer: second fold of the journal = projection. */
  readonly checksumsEqual: boolean;
  /** Acknowledgements whose (shard, epoch, seq, hash) is not in the valid log, whenever sent. */
  readonly splitBrainWrites: number;
  readonly duplicates: number;
  /** Acknowledged cancels undone. */
  readonly resurrected: number;
  /** Answers "refused" or "never appended" for orders that exist. */
  readonly phantom: number;
  /** State-dependent answers of the lost region to requests sent after the fence, and reads that went back in time. */
  readonly staleAnswers: number;
  /** Records of the valid log whose hash or link to the one before is wrong, and gaps in it. */
  readonly brokenLinks: number;
}

export interface Coverage {
  readonly inFlightAtKill: number;
  readonly gapsAtSeal: number;
  readonly orphans: number;
  readonly lostAnswers: number;
  readonly lateLandings: number;
  readonly measuredGapEvents: number;
  /** Requests that the returned region answered, whatever it said: a region that nobody asks proves nothing. */
  readonly answersAfterReturn: number;
}

/**
 * Operations a plain `preview` would do; `unreachable` while a region it must reach is dead; `refused` by the
 * program's own guard, which keeps an older commit from undoing a failover.
 */
export type PreviewResult = number | "unreachable" | "refused" | "failed";

/** Seconds from the start of the damage, unless they say otherwise; null: it did not come to that. */
export interface CorruptionCase {
  readonly id: string;
  readonly title: string;
  /** The first difference that was seen, in words; null: the damage was not found. */
  readonly found: string | null;
  /** To the seal in every shard: no write is accepted any more. */
  readonly haltedSeconds: number | null;
  /** What the restore took, to a database that is proven. */
  readonly restoreSeconds: number | null;
  /** From there to the journal's end. */
  readonly replaySeconds: number | null;
  readonly eventsReplayed: number;
  /** Events taken out of the journal; 0 where it was whole. */
  readonly quarantined: number;
  /** To the first order of every shard by the public name. */
  readonly servedSeconds: number | null;
  /** Differences from the journal that are left, in words. */
  readonly left: readonly string[];
  /** What each of the operator's commands ended with. */
  readonly exitCodes: readonly (number | null)[];
}

export interface Evidence {
  readonly type: "evidence";
  readonly id: string;
  readonly scenario: string;
  readonly verdict: Verdict;
  /** Why not `met`, in words; empty when met. */
  readonly reasons: readonly string[];
  readonly startedAt: string;
  readonly commit: string;
  readonly lost: Region;
  readonly target: Region;
  readonly options: {
    readonly rate: number;
    readonly clients: number;
    readonly seed: number;
    readonly latency: Latency;
    readonly dns: DnsProvider;
    readonly loss: Loss;
  };
  readonly rto: RecoveryTime;
  readonly rpo: RecoveryPoint;
  readonly clients: ClientFigures;
  readonly integrity: Integrity;
  readonly coverage: Coverage;
  /** Impact to the promoted database taking writes; null: it did not. */
  readonly databaseWritableSeconds: number | null;
  /** The operator's command: its run and exit code; null: it did not end by itself. */
  readonly failover: { readonly run: string | null; readonly exitCode: number | null };
  readonly preview: { readonly prod: PreviewResult; readonly dr: PreviewResult };
  /** Of a corruption drill: what was damaged one after the other, and what it took to be whole again. */
  readonly cases?: readonly CorruptionCase[];
  /** Version of the Pulumi engine. */
  readonly engine: string;
  /** What was a model and not the real thing, in words. */
  readonly modelled: readonly string[];
}

/** Everything measured, before it is judged. */
export type Measurements = Omit<Evidence, "type" | "verdict" | "reasons">;
