/** A region on one page: what the alarms watch, and the door. Pure. */
import { type AlarmSpec, CONTAINER_METRICS } from "./alarms.ts";
import type { Region } from "./model.ts";

export interface DashboardSubjects {
  readonly region: Region;
  readonly clusterName: string;
  readonly journalTable: string;
}

const WIDTH = 8;
const HEIGHT = 6;
const PER_ROW = 3;

type Metric = readonly (string | { readonly stat: string })[];

/**
 * CloudWatch's JSON for a dashboard.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
 */
export function dashboardOf(
  { region, clusterName, journalTable }: DashboardSubjects,
  alarms: readonly AlarmSpec[],
  loadBalancer: string,
): string {
  const watched = alarms.map((alarm) => ({
    title: alarm.name,
    metrics: [
      [alarm.namespace, alarm.metric, ...Object.entries(alarm.dimensions).flat(), { stat: alarm.statistic }],
    ],
    threshold: alarm.threshold,
  }));
  const others = [
    {
      title: "appends",
      metrics: [
        [
          "AWS/DynamoDB",
          "SuccessfulRequestLatency",
          "TableName",
          journalTable,
          "Operation",
          "PutItem",
          { stat: "SampleCount" },
        ],
      ],
    },
    {
      title: "connections",
      metrics: [["AWS/NetworkELB", "NewFlowCount", "LoadBalancer", loadBalancer, { stat: "Sum" }]],
    },
    {
      title: "nodes",
      metrics: [[CONTAINER_METRICS, "cluster_node_count", "ClusterName", clusterName, { stat: "Maximum" }]],
    },
  ] satisfies { title: string; metrics: Metric[] }[];
  const widgets = [...watched, ...others].map((widget, n) => ({
    type: "metric",
    x: (n % PER_ROW) * WIDTH,
    y: Math.floor(n / PER_ROW) * HEIGHT,
    width: WIDTH,
    height: HEIGHT,
    properties: {
      title: widget.title,
      region,
      view: "timeSeries",
      period: 60,
      metrics: widget.metrics,
      ...("threshold" in widget && {
        annotations: { horizontal: [{ label: "alarm", value: widget.threshold }] },
      }),
    },
  }));
  return JSON.stringify({ widgets });
}
