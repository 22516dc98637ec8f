/** What wakes somebody, as plain values: one entry per alarm, each with what to do about it. */

export interface AlarmSubjects {
  readonly clusterName: string;
  readonly databaseClusterId: string;
  readonly journalTable: string;
  /** Namespace of the metrics that are counted from logs. */
  readonly logMetrics: string;
  readonly thresholds: AlarmThresholds;
}

export interface AlarmThresholds {
  /** Behind the writer in the other region. Normally below a second; it is what a failover has to catch up. */
  readonly replicationLagSeconds: number;
  /** An append is a round trip to the nearest other region, and all of an order's waiting. */
  readonly journalMilliseconds: number;
  readonly errorsPerMinute: number;
}
/** Aurora: "typically under 1 second"; a table over us-east-1 and us-west-2: 15 to 60 ms. */
export const DEFAULT_THRESHOLDS: AlarmThresholds = {
  replicationLagSeconds: 5,
  journalMilliseconds: 250,
  errorsPerMinute: 10,
};

export interface AlarmSpec {
  readonly name: string;
  readonly description: string;
  readonly namespace: string;
  readonly metric: string;
  readonly statistic: "Sum" | "Maximum" | "Average" | "Minimum" | "p99";
  readonly dimensions: Readonly<Record<string, string>>;
  readonly threshold: number;
  readonly periodSeconds: number;
  /** Of how many periods in a row. */
  readonly periods: number;
  readonly stopsExperiments?: true;
}

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Container-Insights-metrics-enhanced-EKS.html */
export const CONTAINER_METRICS = "ContainerInsights";
export const ERRORS_METRIC = "Errors";
const MINUTE = 60;

/**
 * None of them depends on the region's role, so that a failover changes no alarm: a parked Deployment lacks nothing,
 * writes no errors, and its region appends nothing that could be slow.
 */
export function alarmsOf(subjects: AlarmSubjects): readonly AlarmSpec[] {
  const { databaseClusterId, journalTable, logMetrics, clusterName, thresholds } = subjects;
  const database = { DBClusterIdentifier: databaseClusterId };
  const appends = { TableName: journalTable, Operation: "PutItem" };
  return [
    {
      name: "replication-lag",
      description:
        "The database in this region is far behind the writer: a failover would catch up for longer.",
      namespace: "AWS/RDS",
      metric: "AuroraGlobalDBReplicationLag",
      statistic: "Maximum",
      dimensions: database,
      threshold: thresholds.replicationLagSeconds * 1_000,
      periodSeconds: MINUTE,
      periods: 3,
    },
    {
      name: "database-cpu",
      description:
        "The database works at its limit: the projection falls behind next. See which queries, then the class.",
      namespace: "AWS/RDS",
      metric: "CPUUtilization",
      statistic: "Average",
      dimensions: database,
      threshold: 85,
      periodSeconds: MINUTE,
      periods: 10,
    },
    {
      name: "journal-latency",
      description:
        "Appends are slow, and so is every order: look at AWS' health for the three regions of the table.",
      namespace: "AWS/DynamoDB",
      metric: "SuccessfulRequestLatency",
      statistic: "p99",
      dimensions: appends,
      threshold: thresholds.journalMilliseconds,
      periodSeconds: MINUTE,
      periods: 3,
      stopsExperiments: true,
    },
    {
      name: "journal-errors",
      description: "Appends fail: this region may be cut off from both others. `dr status`, then decide.",
      namespace: "AWS/DynamoDB",
      metric: "SystemErrors",
      statistic: "Sum",
      dimensions: appends,
      threshold: thresholds.errorsPerMinute,
      periodSeconds: MINUTE,
      periods: 2,
    },
    {
      name: "journal-throttles",
      description: "A shard writes more than its partition takes: raise journal.shards before the next peak.",
      namespace: "AWS/DynamoDB",
      metric: "WriteThrottleEvents",
      statistic: "Sum",
      dimensions: { TableName: journalTable },
      threshold: 0,
      periodSeconds: MINUTE,
      periods: 1,
    },
    {
      name: "nodes-failed",
      description:
        "Nodes are not ready: what they ran moves to the others, which carry it while two zones stand.",
      namespace: CONTAINER_METRICS,
      metric: "cluster_failed_node_count",
      statistic: "Maximum",
      dimensions: { ClusterName: clusterName },
      threshold: 0,
      periodSeconds: MINUTE,
      periods: 3,
    },
    {
      name: "errors",
      description: "The services log errors: the dashboard's last rows show which.",
      namespace: logMetrics,
      metric: ERRORS_METRIC,
      statistic: "Sum",
      dimensions: {},
      threshold: thresholds.errorsPerMinute,
      periodSeconds: MINUTE,
      periods: 2,
      stopsExperiments: true,
    },
  ];
}
