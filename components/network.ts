/** A VPC over three availability zones, from which everything else in the region hangs. */
import { LogGroup } from "@pulumi/aws/cloudwatch/logGroup.js";
import { DefaultSecurityGroup } from "@pulumi/aws/ec2/defaultSecurityGroup.js";
import { Eip } from "@pulumi/aws/ec2/eip.js";
import { FlowLog } from "@pulumi/aws/ec2/flowLog.js";
import { InternetGateway } from "@pulumi/aws/ec2/internetGateway.js";
import { NatGateway } from "@pulumi/aws/ec2/natGateway.js";
import { Route } from "@pulumi/aws/ec2/route.js";
import { RouteTable } from "@pulumi/aws/ec2/routeTable.js";
import { RouteTableAssociation } from "@pulumi/aws/ec2/routeTableAssociation.js";
import { SecurityGroup } from "@pulumi/aws/ec2/securityGroup.js";
import { Subnet } from "@pulumi/aws/ec2/subnet.js";
import { Vpc } from "@pulumi/aws/ec2/vpc.js";
import { VpcEndpoint } from "@pulumi/aws/ec2/vpcEndpoint.js";
import { Role } from "@pulumi/aws/iam/role.js";
import { RolePolicy } from "@pulumi/aws/iam/rolePolicy.js";
import { ComponentResource, type ComponentResourceOptions, type Output } from "@pulumi/pulumi";
import { assumedByService, policy } from "./iam.ts";
import { knownAfter } from "./knownAfter.ts";
import type { Region } from "./model.ts";
import { parseCidr, planSubnets, type ZoneSubnets } from "./subnets.ts";

export interface NetworkArgs {
  readonly region: Region;
  /** IPv4 range of the VPC, e.g. `10.10.0.0/16`; the other region's does not overlap. */
  readonly cidr: string;
  /** Three zones, e.g. `us-east-1a`. */
  readonly zones: readonly string[];
}

/** What pods call while they start or work, so that a NAT gateway is not on that way. Data plane only. */
const INTERFACE_ENDPOINTS = ["eks-auth", "sts", "ecr.api", "ecr.dkr", "logs"] as const;
const GATEWAY_ENDPOINTS = ["dynamodb", "s3"] as const;
const FLOW_LOG_DAYS = 90;
const ANYWHERE = "0.0.0.0/0";

/** Subnets whose ids are known once their routes are in place: nodes and load balancers need the way out. */
export interface NetworkZone {
  readonly name: string;
  readonly publicSubnetId: Output<string>;
  readonly privateSubnetId: Output<string>;
  readonly dataSubnetId: Output<string>;
}

/** What everything else hangs from, whoever made it. */
export interface RegionNetwork {
  readonly vpcId: Output<string>;
  readonly zones: readonly NetworkZone[];
}

interface ZoneWithTable extends NetworkZone {
  readonly privateTable: RoutedTable;
}

/** A table and the routes in it: a subnet is fit for use when they are there. */
interface RoutedTable {
  readonly table: RouteTable;
  readonly routes: readonly Route[];
}

export class Network extends ComponentResource implements RegionNetwork {
  readonly vpcId: Output<string>;
  readonly zones: readonly NetworkZone[];

  readonly #name: string;
  readonly #args: NetworkArgs;

  constructor(name: string, args: NetworkArgs, options?: ComponentResourceOptions) {
    super("trading-platform:components:Network", name, {}, options);
    this.#name = name;
    this.#args = args;

    const vpc = new Vpc(
      name,
      { cidrBlock: args.cidr, enableDnsHostnames: true, enableDnsSupport: true, tags: { Name: name } },
      { parent: this },
    );
    // Without rules, so that what names no security group reaches nothing.
    new DefaultSecurityGroup(name, { vpcId: vpc.id, ingress: [], egress: [] }, { parent: this });
    const internet = this.#internetTable(vpc);
    const data = { table: this.#table("data", vpc), routes: [] };
    const zones = this.#plan().map((plan) => this.#zone(plan, vpc, internet, data));
    this.#endpoints(vpc, zones);
    this.#flowLogs(vpc);

    this.vpcId = vpc.id;
    this.zones = zones;
    this.registerOutputs({ vpcId: this.vpcId });
  }

  #plan(): readonly ZoneSubnets[] {
    const range = parseCidr(this.#args.cidr);
    if (range === undefined)
      throw new Error(`network ${this.#name}: ${this.#args.cidr} is not an IPv4 range`);
    return planSubnets(range, this.#args.zones);
  }

  #zone(plan: ZoneSubnets, vpc: Vpc, internet: RoutedTable, data: RoutedTable): ZoneWithTable {
    const publicSubnetId = this.#subnet("public", plan, vpc, internet);
    const privateTable = this.#natTable(plan.zone, vpc, publicSubnetId);
    return {
      name: plan.zone,
      privateTable,
      publicSubnetId,
      privateSubnetId: this.#subnet("private", plan, vpc, privateTable),
      dataSubnetId: this.#subnet("data", plan, vpc, data),
    };
  }

  #table(label: string, vpc: Vpc): RouteTable {
    const name = `${this.#name}-${label}`;
    return new RouteTable(name, { vpcId: vpc.id, tags: { Name: name } }, { parent: this });
  }

  #internetTable(vpc: Vpc): RoutedTable {
    const gateway = new InternetGateway(this.#name, { vpcId: vpc.id }, { parent: this });
    const table = this.#table("public", vpc);
    const route = new Route(
      `${this.#name}-public`,
      { routeTableId: table.id, destinationCidrBlock: ANYWHERE, gatewayId: gateway.id },
      { parent: this },
    );
    return { table, routes: [route] };
  }

  /** A NAT gateway per zone: one shared by all would take every zone down with its own. */
  #natTable(zone: string, vpc: Vpc, publicSubnetId: Output<string>): RoutedTable {
    const address = new Eip(`${this.#name}-nat-${zone}`, { domain: "vpc" }, { parent: this });
    const nat = new NatGateway(
      `${this.#name}-${zone}`,
      { allocationId: address.id, subnetId: publicSubnetId },
      { parent: this },
    );
    const table = this.#table(`private-${zone}`, vpc);
    const route = new Route(
      `${this.#name}-private-${zone}`,
      { routeTableId: table.id, destinationCidrBlock: ANYWHERE, natGatewayId: nat.id },
      { parent: this },
    );
    return { table, routes: [route] };
  }

  #subnet(
    tier: "public" | "private" | "data",
    plan: ZoneSubnets,
    vpc: Vpc,
    routed: RoutedTable,
  ): Output<string> {
    const name = `${this.#name}-${tier}-${plan.zone}`;
    const subnet = new Subnet(
      name,
      { vpcId: vpc.id, availabilityZone: plan.zone, cidrBlock: plan[tier], tags: { Name: name } },
      { parent: this },
    );
    const association = new RouteTableAssociation(
      name,
      { subnetId: subnet.id, routeTableId: routed.table.id },
      { parent: this },
    );
    return knownAfter(subnet.id, [association, ...routed.routes]);
  }

  #endpoints(vpc: Vpc, zones: readonly ZoneWithTable[]): void {
    const service = (endpoint: string) => `com.amazonaws.${this.#args.region}.${endpoint}`;
    for (const endpoint of GATEWAY_ENDPOINTS) {
      new VpcEndpoint(
        `${this.#name}-${endpoint}`,
        {
          vpcId: vpc.id,
          serviceName: service(endpoint),
          vpcEndpointType: "Gateway",
          routeTableIds: zones.map((zone) => zone.privateTable.table.id),
        },
        { parent: this },
      );
    }
    const group = new SecurityGroup(
      `${this.#name}-endpoints`,
      {
        vpcId: vpc.id,
        description: "AWS endpoints, from inside the VPC",
        ingress: [{ protocol: "tcp", fromPort: 443, toPort: 443, cidrBlocks: [this.#args.cidr] }],
      },
      { parent: this },
    );
    for (const endpoint of INTERFACE_ENDPOINTS) {
      new VpcEndpoint(
        `${this.#name}-${endpoint}`,
        {
          vpcId: vpc.id,
          serviceName: service(endpoint),
          vpcEndpointType: "Interface",
          privateDnsEnabled: true,
          subnetIds: zones.map((zone) => zone.privateSubnetId),
          securityGroupIds: [group.id],
        },
        { parent: this },
      );
    }
  }

  #flowLogs(vpc: Vpc): void {
    const name = `${this.#name}-flow-logs`;
    const group = new LogGroup(name, { retentionInDays: FLOW_LOG_DAYS }, { parent: this });
    const role = new Role(
      name,
      { assumeRolePolicy: assumedByService("vpc-flow-logs.amazonaws.com") },
      { parent: this },
    );
    const grant = new RolePolicy(
      name,
      {
        role: role.id,
        policy: group.arn.apply((arn) =>
          policy([
            {
              Effect: "Allow",
              Action: ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"],
              Resource: [`${arn}:*`],
            },
          ]),
        ),
      },
      { parent: this },
    );
    new FlowLog(
      name,
      { vpcId: vpc.id, trafficType: "ALL", logDestination: group.arn, iamRoleArn: role.arn },
      { parent: this, dependsOn: [grant] },
    );
  }
}
