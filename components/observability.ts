/** What tells people: alarms of this region, a dashboard, and the topic that both people and experiments listen to. */
import { Dashboard } from "@pulumi/aws/cloudwatch/dashboard.js";
import { EventRule } from "@pulumi/aws/cloudwatch/eventRule.js";
import { EventTarget } from "@pulumi/aws/cloudwatch/eventTarget.js";
import { LogGroup } from "@pulumi/aws/cloudwatch/logGroup.js";
import { LogMetricFilter } from "@pulumi/aws/cloudwatch/logMetricFilter.js";
import { MetricAlarm } from "@pulumi/aws/cloudwatch/metricAlarm.js";
import { Topic } from "@pulumi/aws/sns/topic.js";
import { TopicPolicy } from "@pulumi/aws/sns/topicPolicy.js";
import { TopicSubscription } from "@pulumi/aws/sns/topicSubscription.js";
import {
  ComponentResource,
  type ComponentResourceOptions,
  type Input,
  type Output,
  output,
} from "@pulumi/pulumi";
import { type AlarmSpec, type AlarmThresholds, alarmsOf, ERRORS_METRIC } from "./alarms.ts";
import { dashboardOf } from "./dashboard.ts";
import { regionalKey, usedByServices } from "./keys.ts";
import type { Region } from "./model.ts";
import { containerLogsName, type Identity, noticesKeyAlias, noticesTopicName } from "./names.ts";

export interface ObservabilityArgs extends Identity {
  readonly region: Region;
  readonly clusterName: string;
  readonly databaseClusterId: string;
  readonly journalTable: string;
  readonly zones: readonly string[];
  /** False for a cluster that was there already: its agent has made its log group. */
  readonly ownsLogs: boolean;
  /** The part of its ARN by which metrics name a load balancer or a target group. */
  readonly loadBalancer: Input<string>;
  readonly targetGroup: Input<string>;
  readonly thresholds: AlarmThresholds;
  /** Who is told; each must confirm once. */
  readonly emails: readonly string[];
}

const LOG_DAYS = 90;
/** Services that write to the topic, and so use its key. */
const ALARMS = "cloudwatch.amazonaws.com";
const EVENTS = "events.amazonaws.com";
const LOST = ["FAILED", "ABORTED", "EXPIRED"];
/** What AWS Backup says of jobs that came to nothing. https://docs.aws.amazon.com/aws-backup/latest/devguide/eventbridge.html */
const FAILED_JOBS = {
  source: ["aws.backup"],
  "detail-type": ["Backup Job State Change", "Copy Job State Change", "Restore Job State Change"],
  // Copies and backups have a state, restores a status.
  detail: { $or: [{ state: LOST }, { status: LOST }] },
};

export class Observability extends ComponentResource {
  readonly topicArn: Output<string>;
  /** Alarms that an experiment must not outlast: orders fail, or take too long. */
  readonly experimentsStopOn: readonly Output<string>[];

  readonly #name: string;
  readonly #args: ObservabilityArgs;

  constructor(name: string, args: ObservabilityArgs, options?: ComponentResourceOptions) {
    super("trading-platform:components:Observability", name, {}, options);
    this.#name = name;
    this.#args = args;

    const topic = this.#topic();
    const logMetrics = `${args.name}/${args.region}`;
    this.#errors(logMetrics);
    const specs = alarmsOf({ ...args, logMetrics });
    const alarms = specs.map((spec) => ({ spec, alarm: this.#alarm(spec, topic) }));
    this.#emptyZone(topic);
    this.#failedBackups(topic);
    new Dashboard(
      name,
      {
        dashboardName: `${args.name}-${args.region}`,
        dashboardBody: output(args.loadBalancer).apply((balancer) => dashboardOf(args, specs, balancer)),
      },
      { parent: this },
    );

    this.topicArn = topic.arn;
    this.experimentsStopOn = alarms.filter(({ spec }) => spec.stopsExperiments).map(({ alarm }) => alarm.arn);
    this.registerOutputs({ topicArn: this.topicArn });
  }

  #topic(): Topic {
    const { accountId, region, emails } = this.#args;
    const key = regionalKey(
      this.#name,
      {
        description: `${this.#args.name} notices, ${region}`,
        alias: noticesKeyAlias(this.#args),
        policy: usedByServices(accountId, [ALARMS, EVENTS]),
      },
      this,
    );
    const topic = new Topic(
      this.#name,
      { name: noticesTopicName(this.#args), kmsMasterKeyId: key.arn },
      { parent: this },
    );
    new TopicPolicy(
      this.#name,
      { arn: topic.arn, policy: topic.arn.apply((arn) => publishedBy(accountId, arn)) },
      { parent: this },
    );
    for (const endpoint of emails) {
      new TopicSubscription(
        `${this.#name}-${endpoint}`,
        { topic: topic.arn, protocol: "email", endpoint },
        { parent: this },
      );
    }
    return topic;
  }

  /** Services log one JSON object per event, and an `error` in it when something went wrong. */
  #errors(namespace: string): void {
    const { clusterName, ownsLogs } = this.#args;
    const name = containerLogsName(clusterName);
    // Made here so that the agent, which would make it, does not keep what is in it for ever.
    const logs = ownsLogs
      ? new LogGroup(this.#name, { name, retentionInDays: LOG_DAYS }, { parent: this })
      : { name };
    new LogMetricFilter(
      this.#name,
      {
        name: ERRORS_METRIC,
        logGroupName: logs.name,
        pattern: '{ $.log_processed.error = "*" }',
        metricTransformation: { name: ERRORS_METRIC, namespace, value: "1", defaultValue: "0" },
      },
      { parent: this },
    );
  }

  #alarm(spec: AlarmSpec, topic: Topic): MetricAlarm {
    const isPercentile = spec.statistic === "p99";
    return new MetricAlarm(
      `${this.#name}-${spec.name}`,
      {
        name: `${this.#args.name}-${spec.name}`,
        alarmDescription: spec.description,
        namespace: spec.namespace,
        metricName: spec.metric,
        dimensions: { ...spec.dimensions },
        ...(isPercentile ? { extendedStatistic: spec.statistic } : { statistic: spec.statistic }),
        period: spec.periodSeconds,
        evaluationPeriods: spec.periods,
        threshold: spec.threshold,
        comparisonOperator: "GreaterThanThreshold",
        // Nothing written, nothing slow: a passive region is silent and well.
        treatMissingData: "notBreaching",
        alarmActions: [topic.arn],
        okActions: [topic.arn],
      },
      { parent: this },
    );
  }

  #failedBackups(topic: Topic): void {
    const name = `${this.#name}-failed-backups`;
    const rule = new EventRule(
      name,
      {
        name: `${this.#args.name}-failed-backups`,
        description:
          "A backup, its copy or its trial restore failed: until the next one the copies are older",
        eventPattern: JSON.stringify(FAILED_JOBS),
      },
      { parent: this },
    );
    new EventTarget(name, { rule: rule.name, arn: topic.arn }, { parent: this });
  }

  /** A zone that answers nobody while others do. With all of them empty the region is parked, or the failover's matter. */
  #emptyZone(topic: Topic): void {
    const { zones, loadBalancer, targetGroup } = this.#args;
    const metrics = zones.map((zone, n) => ({
      id: `zone${n}`,
      metric: {
        namespace: "AWS/NetworkELB",
        metricName: "HealthyHostCount",
        stat: "Minimum",
        period: 60,
        dimensions: { LoadBalancer: loadBalancer, TargetGroup: targetGroup, AvailabilityZone: zone },
      },
    }));
    const ids = metrics.map(({ id }) => id).join(",");
    new MetricAlarm(
      `${this.#name}-zone-empty`,
      {
        name: `${this.#args.name}-zone-empty`,
        alarmDescription:
          "A zone's address reaches no healthy gateway: clients lose a third of their attempts.",
        metricQueries: [
          ...metrics,
          {
            id: "empty",
            label: "zones without a target",
            expression: `IF(MAX([${ids}]) > 0 AND MIN([${ids}]) < 1, 1, 0)`,
            returnData: true,
          },
        ],
        evaluationPeriods: 2,
        threshold: 0,
        comparisonOperator: "GreaterThanThreshold",
        treatMissingData: "notBreaching",
        alarmActions: [topic.arn],
        okActions: [topic.arn],
      },
      { parent: this },
    );
  }
}

function publishedBy(accountId: string, topicArn: string): string {
  const publish = { Effect: "Allow", Action: "sns:Publish", Resource: topicArn };
  return JSON.stringify({
    Version: "2012-10-17",
    Statement: [
      {
        ...publish,
        Principal: { Service: ALARMS },
        Condition: { StringEquals: { "aws:SourceAccount": accountId } },
      },
      // EventBridge takes no conditions in a topic's policy.
      // https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html
      { ...publish, Principal: { Service: EVENTS } },
    ],
  });
}
