/** Clusters, load balancers, identities and the rest: what AWS makes up. */
import { createHash } from "node:crypto";
import type { Properties } from "../../cloud/behaviour.ts";
import {
  arn,
  globalArn,
  hex,
  joined,
  letters,
  type Makers,
  named,
  numbered,
  resourceId,
  text,
  uuid,
} from "./making.ts";
import { valuesAt } from "./paths.ts";

/** Hosted zones of Network Load Balancers. https://docs.aws.amazon.com/general/latest/gr/elb.html */
const NLB_ZONES: Record<string, string> = {
  "us-east-1": "Z26RNL4JYFTOTI",
  "us-east-2": "ZLMOA37VPKANP",
  "us-west-2": "Z18D5FSROUN65G",
  "eu-west-1": "Z2IFOLAFXWLO4F",
  "eu-west-2": "ZD4D7Y8KGAS4G",
  "eu-west-3": "Z1CMS0P5QUZ6D5",
  "eu-central-1": "Z3F0SRJ5LGBH90",
  "ap-northeast-1": "Z31USIVHYNEOWT",
  "ap-northeast-2": "ZIBE1TIR4HY56",
  "ap-northeast-3": "Z1GWIQ4HH19I5X",
};

export const PLATFORM: Makers = {
  "aws:eks/cluster:Cluster": named("name", (making, id) => ({
    arn: arn(making, "eks", `cluster/${id}`),
    endpoint: `https://${letters(32)}.gr7.${making.region}.eks.amazonaws.com`,
    certificateAuthority: { data: Buffer.from(`certificate of ${id}`).toString("base64") },
    clusterId: "",
    createdAt: new Date().toISOString(),
    identities: [
      { oidcs: [{ issuer: `https://oidc.eks.${making.region}.amazonaws.com/id/${letters(32)}` }] },
    ],
    platformVersion: "eks.1",
    status: "ACTIVE",
    // Given in `vpcConfig` by the program, completed by EKS.
    vpcConfig: {
      ...(making.inputs["vpcConfig"] as object),
      clusterSecurityGroupId: resourceId("sg"),
      vpcId: "",
    },
  })),
  "aws:eks/nodeGroup:NodeGroup": (making) => {
    const { clusterName, nodeGroupName } = making.inputs;
    const group = text(nodeGroupName) || `${making.name}-${hex(7)}`;
    return {
      id: `${text(clusterName)}:${group}`,
      outputs: {
        nodeGroupName: group,
        arn: arn(making, "eks", `nodegroup/${text(clusterName)}/${group}/${hex(8)}-${hex(4)}`),
        status: "ACTIVE",
        resources: [
          {
            autoscalingGroups: [{ name: `eks-${group}-${hex(8)}-${hex(4)}` }],
            remoteAccessSecurityGroupId: "",
          },
        ],
      },
    };
  },
  "aws:eks/addon:Addon": (making) => {
    const { clusterName, addonName } = making.inputs;
    return {
      id: `${text(clusterName)}:${text(addonName)}`,
      outputs: {
        arn: arn(making, "eks", `addon/${text(clusterName)}/${text(addonName)}/${hex(8)}`),
        addonVersion: text(making.inputs["addonVersion"]) || "v1.0.0-eksbuild.1",
      },
    };
  },
  "aws:eks/podIdentityAssociation:PodIdentityAssociation": numbered("a", (making, id) => ({
    associationId: id,
    associationArn: arn(making, "eks", `podidentityassociation/${text(making.inputs["clusterName"])}/${id}`),
  })),
  "aws:eks/accessEntry:AccessEntry": (making) => {
    const { clusterName, principalArn } = making.inputs;
    return {
      id: `${text(clusterName)}:${text(principalArn)}`,
      outputs: { accessEntryArn: arn(making, "eks", `access-entry/${text(clusterName)}/${hex(16)}`) },
    };
  },
  "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": joined(
    "#",
    "clusterName",
    "principalArn",
    "policyArn",
  ),
  "aws:lb/loadBalancer:LoadBalancer": (making) => {
    const name = text(making.inputs["name"]);
    const suffix = hex(16);
    const isNetwork = making.inputs["loadBalancerType"] === "network";
    const path = `${isNetwork ? "net" : "app"}/${name}/${suffix}`;
    const id = arn(making, "elasticloadbalancing", `loadbalancer/${path}`);
    return {
      id,
      outputs: {
        arn: id,
        arnSuffix: path,
        dnsName: `${name}-${suffix}.elb.${making.region}.amazonaws.com`,
        zoneId: NLB_ZONES[making.region] ?? "",
      },
    };
  },
  "aws:lb/targetGroup:TargetGroup": (making) => {
    const path = `targetgroup/${text(making.inputs["name"])}/${hex(16)}`;
    const id = arn(making, "elasticloadbalancing", path);
    return { id, outputs: { arn: id, arnSuffix: path, loadBalancerArns: [] } };
  },
  "aws:lb/listener:Listener": (making) => {
    const balancer = text(making.inputs["loadBalancerArn"]);
    const id = `${balancer.replace(":loadbalancer/", ":listener/")}/${hex(16)}`;
    return { id, outputs: { arn: id } };
  },
  "aws:iam/role:Role": named("name", (making, id) => ({
    arn: globalArn(making, "iam", `role${text(making.inputs["path"]) || "/"}${id}`),
    uniqueId: `AROA${letters(17)}`,
    createDate: new Date().toISOString(),
  })),
  "aws:iam/policy:Policy": (making) => {
    const id = globalArn(
      making,
      "iam",
      `policy${text(making.inputs["path"]) || "/"}${text(making.inputs["name"])}`,
    );
    return { id, outputs: { arn: id, policyId: `ANPA${letters(17)}`, attachmentCount: 0 } };
  },
  "aws:iam/rolePolicy:RolePolicy": joined(":", "role", "name"),
  "aws:iam/rolePolicyAttachment:RolePolicyAttachment": joined("/", "role", "policyArn"),
  "aws:acm/certificate:Certificate": (making) => {
    const id = arn(making, "acm", `certificate/${uuid()}`);
    const names = [making.inputs["domainName"], ...valuesAt(making.inputs, ["subjectAlternativeNames", "*"])];
    return {
      id,
      outputs: {
        arn: id,
        domainValidationOptions: [...new Set(names.map(text))].map((name) => proofOf(making.accountId, name)),
        status: "PENDING_VALIDATION",
        validationEmails: [],
      },
    };
  },
  "aws:acm/certificateValidation:CertificateValidation": joined("", "certificateArn"),
  "aws:route53/healthCheck:HealthCheck": (making) => {
    const id = uuid();
    return {
      id,
      outputs: { arn: `arn:aws:route53:::healthcheck/${id}`, tagsAll: making.inputs["tags"] ?? {} },
    };
  },
  "aws:route53/record:Record": ({ inputs }) => {
    const parts = ["zoneId", "name", "type", "setIdentifier"].map((property) => text(inputs[property]));
    return { id: parts.filter((part) => part !== "").join("_"), outputs: { fqdn: text(inputs["name"]) } };
  },
  "aws:budgets/budget:Budget": (making) => {
    const name = text(making.inputs["name"]) || `${making.name}-${hex(7)}`;
    const id = `${making.accountId}:${name}`;
    return {
      id,
      outputs: { name, accountId: making.accountId, arn: globalArn(making, "budgets", `budget/${name}`) },
    };
  },
  "aws:ecr/repository:Repository": named("name", (making, id) => ({
    arn: arn(making, "ecr", `repository/${id}`),
    registryId: making.accountId,
    repositoryUrl: `${making.accountId}.dkr.ecr.${making.region}.amazonaws.com/${id}`,
  })),
  "aws:fis/experimentTemplate:ExperimentTemplate": numbered("EXT"),
  "aws:cloudwatch/eventRule:EventRule": named("name", (making, id) => ({
    arn: arn(making, "events", `rule/${id}`),
    eventBusName: "default",
  })),
  "aws:cloudwatch/eventTarget:EventTarget": (making) => {
    const targetId = text(making.inputs["targetId"]) || `terraform-${hex(26)}`;
    return {
      id: `${text(making.inputs["rule"])}-${targetId}`,
      outputs: { targetId, eventBusName: "default" },
    };
  },
  "aws:cloudwatch/logMetricFilter:LogMetricFilter": named("name"),
  "aws:cloudwatch/logGroup:LogGroup": named("name", (making, id) => ({
    arn: arn(making, "logs", `log-group:${id}`),
  })),
  "aws:cloudwatch/metricAlarm:MetricAlarm": named("name", (making, id) => ({
    arn: arn(making, "cloudwatch", `alarm:${id}`),
  })),
  "aws:cloudwatch/dashboard:Dashboard": named("dashboardName", (making, id) => ({
    dashboardArn: globalArn(making, "cloudwatch", `dashboard/${id}`),
  })),
  "aws:sns/topic:Topic": (making) => {
    const id = arn(making, "sns", text(making.inputs["name"]));
    return { id, outputs: { arn: id, owner: making.accountId } };
  },
  "aws:sns/topicPolicy:TopicPolicy": joined("", "arn"),
  "aws:sns/topicSubscription:TopicSubscription": (making) => {
    const id = `${text(making.inputs["topic"])}:${uuid()}`;
    return { id, outputs: { arn: id, ownerId: making.accountId, pendingConfirmation: false } };
  },
};

/** The same for every certificate of an account that covers the name; a wildcard shares its parent's. */
function proofOf(accountId: string, domainName: string): Properties {
  const parent = domainName.replace(/^\*\./, "");
  const token = (what: string) => createHash("md5").update(`${accountId} ${parent} ${what}`).digest("hex");
  return {
    domainName,
    resourceRecordName: `_${token("name")}.${parent}.`,
    resourceRecordType: "CNAME",
    resourceRecordValue: `_${token("value")}.acm-validations.aws.`,
  };
}
