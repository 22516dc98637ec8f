/** CloudWatch, as far as somebody asks for its metrics: each is read from what it measures, now. */
import type { Region } from "../../components/model.ts";
import { jsonService } from "./json.ts";
import type { AwsService } from "./protocol.ts";

export type Dimensions = Readonly<Record<string, string>>;
/** Undefined: nothing is measured, and CloudWatch has no data point. */
export type Metric = (dimensions: Dimensions, region: Region) => Promise<number | undefined>;

interface Asked {
  readonly Id: string;
  readonly MetricStat: {
    readonly Metric: {
      readonly Namespace: string;
      readonly MetricName: string;
      readonly Dimensions?: readonly { readonly Name: string; readonly Value: string }[];
    };
  };
}

/** @param metrics by `namespace/name` */
export function createMonitoring(metrics: Readonly<Record<string, Metric>>): AwsService {
  const measure = async ({ Id, MetricStat: { Metric: metric } }: Asked, region: Region) => {
    const { Namespace, MetricName, Dimensions = [] } = metric;
    const dimensions = Object.fromEntries(Dimensions.map(({ Name, Value }) => [Name, Value]));
    const value = await metrics[`${Namespace}/${MetricName}`]?.(dimensions, region);
    const points =
      value === undefined
        ? { Timestamps: [], Values: [] }
        : { Timestamps: [Math.floor(Date.now() / 60_000) * 60], Values: [value] };
    return { Id, Label: MetricName, StatusCode: "Complete", ...points };
  };
  return jsonService({
    name: "monitoring",
    title: "CloudWatch",
    version: "1.0",
    operations: {
      async GetMetricData({ MetricDataQueries }, region) {
        const asked = MetricDataQueries as readonly Asked[];
        return {
          MetricDataResults: await Promise.all(asked.map((one) => measure(one, region))),
          Messages: [],
        };
      },
    },
  });
}
