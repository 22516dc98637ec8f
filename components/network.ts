/** A VPC over three availability zones, from which everything else in the region hangs. */
import { LogGroup } from "@pulumi/aws/cloudwatch/logGroup.js";
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
import type { Region } from "./model.ts";
import { parseCidr, planSubnets } from "./subnets.ts";

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

interface Tier {
  readonly subnets: readonly Subnet[];
  readonly tables: readonly RouteTable[];
}

export class Network extends ComponentResource {
  readonly vpcId: Output<string>;
  /** In the order of the zones, as the two below. */
  readonly publicSubnetIds: readonly Output<string>[];
  readonly privateSubnetIds: readonly Output<string>[];
  readonly dataSubnetIds: readonly Output<string>[];

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
    const publicTier = this.#publicTier(vpc);
    const privateTier = this.#privateTier(vpc, publicTier);
    const dataTier = this.#dataTier(vpc);
    this.#endpoints(vpc, privateTier);
    this.#flowLogs(vpc);

    this.vpcId = vpc.id;
    this.publicSubnetIds = publicTier.subnets.map((subnet) => subnet.id);
    this.privateSubnetIds = privateTier.subnets.map((subnet) => subnet.id);
    this.dataSubnetIds = dataTier.subnets.map((subnet) => subnet.id);
    this.registerOutputs({ vpcId: this.vpcId });
  }

  #publicTier(vpc: Vpc): Tier {
    const gateway = new InternetGateway(this.#name, { vpcId: vpc.id }, { parent: this });
    const table = this.#table("public", vpc);
    new Route(
      `${this.#name}-public`,
      { routeTableId: table.id, destinationCidrBlock: "0.0.0.0/0", gatewayId: gateway.id },
      { parent: this },
    );
    return { subnets: this.#subnets("public", vpc, () => table), tables: [table] };
  }

  /** A NAT gateway per zone: one shared by all would take every zone down with its own. */
  #privateTier(vpc: Vpc, publicTier: Tier): Tier {
    const tables = this.#args.zones.map((zone, n) => {
      const table = this.#table(`private-${zone}`, vpc);
      const address = new Eip(`${this.#name}-nat-${zone}`, { domain: "vpc" }, { parent: this });
      const nat = new NatGateway(
        `${this.#name}-${zone}`,
        { allocationId: address.id, subnetId: at(publicTier.subnets, n).id },
        { parent: this },
      );
      new Route(
        `${this.#name}-private-${zone}`,
        { routeTableId: table.id, destinationCidrBlock: "0.0.0.0/0", natGatewayId: nat.id },
        { parent: this },
      );
      return table;
    });
    return { subnets: this.#subnets("private", vpc, (n) => at(tables, n)), tables };
  }

  #dataTier(vpc: Vpc): Tier {
    const table = this.#table("data", vpc);
    return { subnets: this.#subnets("data", vpc, () => table), tables: [table] };
  }

  #table(label: string, vpc: Vpc): RouteTable {
    const name = `${this.#name}-${label}`;
    return new RouteTable(name, { vpcId: vpc.id, tags: { Name: name } }, { parent: this });
  }

  #subnets(tier: "public" | "private" | "data", vpc: Vpc, tableOf: (n: number) => RouteTable): Subnet[] {
    const range = parseCidr(this.#args.cidr);
    if (range === undefined)
      throw new Error(`network ${this.#name}: ${this.#args.cidr} is not an IPv4 range`);
    const plan = planSubnets(range);
    return this.#args.zones.map((zone, n) => {
      const name = `${this.#name}-${tier}-${zone}`;
      const subnet = new Subnet(
        name,
        { vpcId: vpc.id, availabilityZone: zone, cidrBlock: at(plan, n)[tier], tags: { Name: name } },
        { parent: this },
      );
      new RouteTableAssociation(name, { subnetId: subnet.id, routeTableId: tableOf(n).id }, { parent: this });
      return subnet;
    });
  }

  #endpoints(vpc: Vpc, tier: Tier): void {
    const service = (endpoint: string) => `com.amazonaws.${this.#args.region}.${endpoint}`;
    for (const endpoint of GATEWAY_ENDPOINTS) {
      new VpcEndpoint(
        `${this.#name}-${endpoint}`,
        {
          vpcId: vpc.id,
          serviceName: service(endpoint),
          vpcEndpointType: "Gateway",
          routeTableIds: tier.tables.map((table) => table.id),
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
          subnetIds: tier.subnets.map((subnet) => subnet.id),
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

function at<T>(values: readonly T[], n: number): T {
  const value = values[n];
  if (value === undefined) throw new Error(`a network has three zones, none is numbered ${n}`);
  return value;
}
