/** EC2 networking: what AWS makes up. */
import { arn, hex, joined, type Makers, numbered, resourceId, text } from "./making.ts";

/** Nobody is given an address that another has: a name's records would be the same twice. */
let allocated = 0;
const publicIp = (): string => `203.0.113.${1 + (allocated++ % 254)}`;

export const NETWORK: Makers = {
  "aws:ec2/vpc:Vpc": numbered("vpc", (making, id) => ({
    arn: arn(making, "ec2", `vpc/${id}`),
    ownerId: making.accountId,
    defaultSecurityGroupId: resourceId("sg"),
    defaultRouteTableId: resourceId("rtb"),
    mainRouteTableId: resourceId("rtb"),
    defaultNetworkAclId: resourceId("acl"),
    dhcpOptionsId: resourceId("dopt"),
  })),
  "aws:ec2/subnet:Subnet": numbered("subnet", (making, id) => ({
    arn: arn(making, "ec2", `subnet/${id}`),
    ownerId: making.accountId,
    availabilityZoneId: text(making.inputs["availabilityZone"]).replace(/^(\w\w)-(\w)\w+-(\d)(\w)$/, zoneId),
  })),
  "aws:ec2/internetGateway:InternetGateway": numbered("igw", (making, id) => ({
    arn: arn(making, "ec2", `internet-gateway/${id}`),
    ownerId: making.accountId,
  })),
  "aws:ec2/eip:Eip": numbered("eipalloc", (making, id) => ({
    arn: arn(making, "ec2", `elastic-ip/${id}`),
    allocationId: id,
    publicIp: publicIp(),
  })),
  "aws:ec2/natGateway:NatGateway": numbered("nat", () => ({ networkInterfaceId: resourceId("eni") })),
  "aws:ec2/routeTable:RouteTable": numbered("rtb", (making, id) => ({
    arn: arn(making, "ec2", `route-table/${id}`),
    ownerId: making.accountId,
  })),
  "aws:ec2/route:Route": numbered("r-rtb", () => ({ state: "active", origin: "CreateRoute" })),
  "aws:ec2/routeTableAssociation:RouteTableAssociation": numbered("rtbassoc"),
  "aws:ec2/securityGroup:SecurityGroup": numbered("sg", (making, id) => ({
    arn: arn(making, "ec2", `security-group/${id}`),
    ownerId: making.accountId,
    name: text(making.inputs["name"]),
  })),
  "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": numbered("sg", (making, id) => ({
    arn: arn(making, "ec2", `security-group/${id}`),
    ownerId: making.accountId,
    name: "default",
  })),
  "aws:ec2/securityGroupRule:SecurityGroupRule": numbered("sgrule", () => ({
    securityGroupRuleId: resourceId("sgr"),
  })),
  "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": numbered("sgr", (making, id) => ({
    arn: arn(making, "ec2", `security-group-rule/${id}`),
    securityGroupRuleId: id,
  })),
  "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": numbered("sgr", (making, id) => ({
    arn: arn(making, "ec2", `security-group-rule/${id}`),
    securityGroupRuleId: id,
  })),
  "aws:ec2/vpcEndpoint:VpcEndpoint": numbered("vpce", (making, id) => ({
    arn: arn(making, "ec2", `vpc-endpoint/${id}`),
    ownerId: making.accountId,
    state: "available",
    prefixListId: `pl-${hex(8)}`,
    cidrBlocks: [],
  })),
  "aws:ec2/flowLog:FlowLog": numbered("fl", (making, id) => ({
    arn: arn(making, "ec2", `vpc-flow-log/${id}`),
  })),
  "aws:ec2/launchTemplate:LaunchTemplate": numbered("lt", (making, id) => ({
    arn: arn(making, "ec2", `launch-template/${id}`),
    latestVersion: 1,
    defaultVersion: 1,
  })),
  "aws:ec2/capacityReservation:CapacityReservation": numbered("cr", (making, id) => ({
    arn: arn(making, "ec2", `capacity-reservation/${id}`),
    ownerId: making.accountId,
  })),
  "aws:autoscaling/attachment:Attachment": joined("-", "autoscalingGroupName", "lbTargetGroupArn"),
  "aws:autoscaling/trafficSourceAttachment:TrafficSourceAttachment": joined("-", "autoscalingGroupName"),
};

/** `us-east-1a` is `use1-az1` here; AWS maps letters to zones per account. */
function zoneId(_: string, continent: string, direction: string, number: string, letter: string): string {
  return `${continent}${direction}${number}-az${letter.charCodeAt(0) - 96}`;
}
