/** Rules of the Terraform provider that CloudFormation's specification does not tell: clusters, identities, logs and notifications. */
import type { Override } from "../overrides.ts";

export const PLATFORM: Readonly<Record<string, Override>> = {
  "aws:budgets/budget:Budget": {
    source: "budgets/budget.go",
    replace: ["accountId", "name", "namePrefix"],
    update: [
      "autoAdjustData",
      "budgetType",
      "costFilters",
      "costTypes",
      "limitAmount",
      "limitUnit",
      "notifications",
      "plannedLimits",
      "timePeriodEnd",
      "timePeriodStart",
      "timeUnit",
    ],
  },
  "aws:cloudwatch/eventRule:EventRule": {
    source: "events/rule.go",
    replace: ["eventBusName", "name", "namePrefix"],
    update: ["forceDestroy", "state"],
  },
  "aws:cloudwatch/eventTarget:EventTarget": {
    source: "events/target.go",
    replace: ["eventBusName", "rule", "targetId"],
    update: ["arn", "input", "inputPath", "inputTransformer", "roleArn"],
  },
  "aws:cloudwatch/logGroup:LogGroup": {
    source: "logs/group.go",
    replace: ["name", "namePrefix"],
    update: ["skipDestroy", "logGroupClass"],
  },
  "aws:cloudwatch/logMetricFilter:LogMetricFilter": {
    source: "logs/metric_filter.go",
    replace: ["name"],
    update: ["pattern"],
  },
  "aws:cloudwatch/metricAlarm:MetricAlarm": {
    source: "cloudwatch/metric_alarm.go",
    replace: ["name"],
    update: ["metricQueries"],
  },
  "aws:ecr/repository:Repository": {
    source: "ecr/repository.go",
    replace: ["name"],
    update: ["forceDelete"],
  },
  "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": {
    source: "eks/access_policy_association.go",
    replace: ["accessScope", "clusterName", "policyArn", "principalArn"],
  },
  "aws:eks/addon:Addon": {
    source: "eks/addon.go",
    update: ["preserve", "resolveConflictsOnCreate", "resolveConflictsOnUpdate"],
  },
  "aws:eks/cluster:Cluster": {
    source: "eks/cluster.go",
    replace: [
      "accessConfig.bootstrapClusterCreatorAdminPermissions",
      "defaultAddonsToRemoves",
      "remoteNetworkConfig",
    ],
    update: [
      "enabledClusterLogTypes",
      "encryptionConfig",
      "forceUpdateVersion",
      "kubernetesNetworkConfig.elasticLoadBalancing",
      "vpcConfig",
    ],
  },
  "aws:eks/nodeGroup:NodeGroup": {
    source: "eks/node_group.go",
    replace: ["launchTemplate.id", "launchTemplate.name", "nodeGroupNamePrefix", "nodeRoleArn", "subnetIds"],
    update: ["forceUpdateVersion"],
  },
  "aws:eks/podIdentityAssociation:PodIdentityAssociation": {
    source: "eks/pod_identity_association.go",
    replace: ["clusterName", "namespace", "serviceAccount"],
    update: ["disableSessionTags", "roleArn", "targetRoleArn"],
  },
  "aws:iam/policy:Policy": {
    source: "iam/policy.go",
    replace: ["name", "namePrefix"],
    update: ["policy"],
  },
  "aws:iam/role:Role": {
    source: "iam/role.go",
    replace: ["name", "namePrefix"],
    update: ["assumeRolePolicy", "forceDetachPolicies", "inlinePolicies"],
  },
  "aws:iam/rolePolicy:RolePolicy": {
    source: "iam/role_policy.go",
    replace: ["name", "namePrefix", "role"],
    update: ["policy"],
  },
  "aws:iam/rolePolicyAttachment:RolePolicyAttachment": {
    source: "iam/role_policy_attachment.go",
    replace: ["policyArn", "role"],
  },
  "aws:sns/topic:Topic": {
    source: "sns/topic.go",
    replace: ["name", "namePrefix", "fifoTopic"],
    update: ["deliveryPolicy", "policy"],
  },
  "aws:sns/topicPolicy:TopicPolicy": { source: "sns/topic_policy.go", replace: ["arn"], update: ["policy"] },
  "aws:sns/topicSubscription:TopicSubscription": {
    source: "sns/topic_subscription.go",
    replace: ["endpoint", "protocol", "topic"],
    update: ["confirmationTimeoutInMinutes", "endpointAutoConfirms"],
  },
};
