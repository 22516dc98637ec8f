/** What a drill leaves behind: one value from which verdict, exit code and every printed number follow. */
import type { DnsProvider, Region } from "../../components/model.ts";
import type { Verdict } from "./verdict.ts";

/** How the region is lost: processes killed, frozen (SIGSTOP), or its network accepting and never answering. */
export const LOSSES = ["kill", "freeze", "blackhole", "partition"] as const;
export type Loss = (typeof LOSSES)[number];
/** What a zone can suffer. */
export type ZoneLoss = Extract<Loss, "kill" | "freeze">;

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

/** What `dr check` said of a failover, or a restore, before the impact, against what happened. */
export interface Prediction {
  /** When it was made, in seconds since the impact: negative. */
  readonly madeSeconds: number;
  /** Median. */
  readonly rtoSeconds: number;
  /** Null: there was no recovery to compare with. */
  readonly rtoErrorSeconds: number | null;
  /** More than this is too far off. */
  readonly rtoBoundSeconds: number | null;
  readonly gapEvents: number | null;
  readonly gapErrorEvents: number | null;
  /** What the write rate can have changed between prediction and fence. */
  readonly gapBoundEvents: number | null;
  /** Of restores: acknowledged orders that it said would be lost, and this less those that were. */
  readonly orders?: { readonly lost: number; readonly error: number };
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

/** One zone lost, watched and returned. Seconds since its loss; null: not while it was watched. */
export interface ZoneRound {
  readonly zone: string;
  readonly loss: ZoneLoss;
  /** ISO 8601. */
  readonly lostAt: string;
  readonly watchedSeconds: number;
  /** What was in it: the database's writer, engines that were active (by Deployment), and how many pods. */
  readonly databaseWriter: boolean;
  readonly activeEngines: readonly string[];
  readonly pods: number;
  /** The autoscaler could not add a gateway any more. */
  readonly atMaximum: boolean;
  /** To the end of the last failed operation, clients that ignore the TTL apart. */
  readonly errorsEndSeconds: number | null;
  /** To the name's last answer with the zone's address. */
  readonly nameLeftSeconds: number;
  /** To another engine in the place of the lost active ones, by Deployment. */
  readonly takeoverSeconds: Readonly<Record<string, number | null>>;
  /** To the database's taking writes again. */
  readonly databaseWritableSeconds: number | null;
  /** To every Deployment's having its number of pods again, in the zones that were left. */
  readonly redundancySeconds: number | null;
  /** Pods that no node had room for when the watch ended, in Kubernetes' words. */
  readonly shortage: readonly string[];
  /** Operations of every second from the loss on, and how many of them failed; pinned clients apart. */
  readonly perSecond: readonly { readonly sent: number; readonly failed: number }[];
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
  /** The same from the operator's go: the start of the first command. */
  readonly fromGoSeconds: number | null;
  /** Absent: there was none. */
  readonly prediction?: Prediction;
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
  /** The region, or the zones one after the other. */
  readonly lost: string;
  /** Where service went on. */
  readonly target: Region;
  readonly options: {
    readonly rate: number;
    readonly clients: number;
    readonly seed: number;
    readonly latency: Latency;
    readonly dns: DnsProvider;
    /** `each`: the scenario's own losses, one after the other. */
    readonly loss: Loss | "each";
  };
  readonly rto: RecoveryTime;
  readonly rpo: RecoveryPoint;
  /** Absent: there was none. */
  readonly prediction?: Prediction;
  readonly clients: ClientFigures;
  readonly integrity: Integrity;
  readonly coverage: Coverage;
  /** Impact to the promoted database taking writes; null: it did not. */
  readonly databaseWritableSeconds: number | null;
  /** The operator's command: its run and exit code (null: it did not end by itself). Null: nobody intervened. */
  readonly failover: { readonly run: string | null; readonly exitCode: number | null } | null;
  /** Of a drill that loses zones. */
  readonly zones?: readonly ZoneRound[];
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
