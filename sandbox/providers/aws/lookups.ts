/** Data sources by which a program looks at what another one made: answered from the registry, in the provider's words. */
import type { Region } from "../../../components/model.ts";
import type { Invocations, Json, Properties } from "../../cloud/behaviour.ts";
import type { Entry, Registry } from "../registry.ts";
import { text } from "./making.ts";

/** Of each subnet AWS keeps five. https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html */
const RESERVED_ADDRESSES = 5;

const noMatch = (what: string): Error => new Error(`no matching ${what} found`);
const notFound = (what: string, id: string): Error =>
  new Error(`reading ${what} (${id}): couldn't find resource`);

/** What is a block in a resource's inputs is a list of one in a data source's answer. */
const listed = (value: Json | undefined): Json => (value === undefined ? [] : [value]);
const all = (value: Json | undefined): Json => value ?? [];

const addresses = (cidrBlock: string): number =>
  2 ** (32 - Number(cidrBlock.split("/")[1])) - RESERVED_ADDRESSES;

export function lookupsOf(registry: Registry): Invocations {
  const eks = (type: string, what: string, region: Region, id: string): Entry => {
    const entry = registry.get(`aws:eks/${type}`, region, id);
    if (entry === undefined) throw notFound(what, id);
    return entry;
  };

  const routesOf = (table: Entry, region: Region): Json => {
    const vpc = registry.get("aws:ec2/vpc:Vpc", region, text(table.inputs["vpcId"]));
    const routes = registry
      .list({ type: "aws:ec2/route:Route", region })
      .filter(({ inputs }) => inputs["routeTableId"] === table.id)
      .map(({ inputs }) => ({ ...inputs, cidrBlock: text(inputs["destinationCidrBlock"]) }));
    return [{ cidrBlock: text(vpc?.inputs["cidrBlock"]), gatewayId: "local" }, ...routes];
  };

  return {
    "aws:ec2/getVpc:getVpc": async ({ id }, region) => {
      const entry = registry.get("aws:ec2/vpc:Vpc", region, text(id));
      if (entry === undefined) throw noMatch("EC2 VPC");
      return { enableDnsHostnames: false, enableDnsSupport: true, ...entry.outputs, id: entry.id };
    },
    "aws:ec2/getSubnet:getSubnet": async ({ id }, region) => {
      const entry = registry.get("aws:ec2/subnet:Subnet", region, text(id));
      if (entry === undefined) throw noMatch("EC2 Subnet");
      const availableIpAddressCount = addresses(text(entry.outputs["cidrBlock"]));
      return { ...entry.outputs, id: entry.id, availableIpAddressCount };
    },
    // A subnet without a table of its own follows the main one, and is not found by its id.
    "aws:ec2/getRouteTable:getRouteTable": async ({ subnetId }, region) => {
      const association = registry
        .list({ type: "aws:ec2/routeTableAssociation:RouteTableAssociation", region })
        .find(({ inputs }) => inputs["subnetId"] === subnetId);
      const id = text(association?.inputs["routeTableId"]);
      const table = registry.get("aws:ec2/routeTable:RouteTable", region, id);
      if (table === undefined) {
        throw new Error("query returned no results. Please change your search criteria and try again");
      }
      return { id, routeTableId: id, routes: routesOf(table, region) };
    },
    "aws:cloudwatch/getLogGroup:getLogGroup": async ({ name }, region) => {
      const entry = registry.get("aws:cloudwatch/logGroup:LogGroup", region, text(name));
      if (entry === undefined)
        throw new Error(`reading CloudWatch Logs Log Group (${text(name)}): empty result`);
      return entry.outputs;
    },
    "aws:eks/getCluster:getCluster": async ({ name }, region) => {
      const { outputs } = eks("cluster:Cluster", "EKS Cluster", region, text(name));
      return {
        ...outputs,
        certificateAuthorities: listed(outputs["certificateAuthority"]),
        accessConfigs: listed(outputs["accessConfig"]),
        vpcConfig: { publicAccessCidrs: [], ...(outputs["vpcConfig"] as Properties) },
      };
    },
    "aws:eks/getNodeGroup:getNodeGroup": async ({ clusterName, nodeGroupName }, region) => {
      const id = `${text(clusterName)}:${text(nodeGroupName)}`;
      const { outputs } = eks("nodeGroup:NodeGroup", "EKS Node Group", region, id);
      return {
        ...outputs,
        instanceTypes: all(outputs["instanceTypes"]),
        scalingConfigs: listed(outputs["scalingConfig"]),
        launchTemplates: listed(outputs["launchTemplate"]),
      };
    },
    "aws:eks/getAddon:getAddon": async ({ clusterName, addonName }, region) => {
      const { outputs } = eks("addon:Addon", "EKS Add-On", region, `${text(clusterName)}:${text(addonName)}`);
      return { configurationValues: "", ...outputs };
    },
    "aws:eks/getAccessEntry:getAccessEntry": async ({ clusterName, principalArn }, region) => {
      const id = `${text(clusterName)}:${text(principalArn)}`;
      const { outputs } = eks("accessEntry:AccessEntry", "EKS Access Entry", region, id);
      return { kubernetesGroups: all(outputs["kubernetesGroups"]), ...outputs };
    },
  };
}
