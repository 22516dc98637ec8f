/** The region's door: a network load balancer with one fixed address per zone, in front of the exposed service. */
import { Attachment } from "@pulumi/aws/autoscaling/attachment.js";
import { Eip } from "@pulumi/aws/ec2/eip.js";
import { SecurityGroup } from "@pulumi/aws/ec2/securityGroup.js";
import { Listener } from "@pulumi/aws/lb/listener.js";
import { LoadBalancer } from "@pulumi/aws/lb/loadBalancer.js";
import { TargetGroup } from "@pulumi/aws/lb/targetGroup.js";
import { SecurityGroupIngressRule } from "@pulumi/aws/vpc/securityGroupIngressRule.js";
import { ComponentResource, type ComponentResourceOptions, type Input, type Output } from "@pulumi/pulumi";

export interface TrafficArgs {
  readonly vpcId: Input<string>;
  /** Nodes that join a scaling group later are targets without anyone registering them. */
  readonly zones: readonly {
    readonly name: string;
    readonly publicSubnetId: Input<string>;
    readonly autoscalingGroupName: Input<string>;
  }[];
  readonly listenerPort: number;
  readonly certificateArn: Input<string>;
  /** Port of the exposed Service on every node, and where its readiness is asked. */
  readonly nodePort: number;
  readonly readinessPath: string;
  readonly nodeSecurityGroupId: Input<string>;
}

const TLS_POLICY = "ELBSecurityPolicy-TLS13-1-2-2021-06";
/** The quickest that a network load balancer offers: a dead target leaves after two of them. */
const HEALTH_CHECK = { interval: 5, timeout: 2, healthyThreshold: 2, unhealthyThreshold: 2 };
const ANYWHERE = "0.0.0.0/0";

/** A fixed address of the region, and the one zone it answers from. */
export interface ZoneAddress {
  readonly zone: string;
  readonly elasticIp: Output<string>;
}

export class Traffic extends ComponentResource {
  /** In the order of the zones. */
  readonly addresses: readonly ZoneAddress[];
  /** The parts of their ARNs by which metrics name them. */
  readonly loadBalancer: Output<string>;
  readonly targetGroup: Output<string>;

  readonly #name: string;

  constructor(name: string, args: TrafficArgs, options?: ComponentResourceOptions) {
    super("trading-platform:components:Traffic", name, {}, options);
    this.#name = name;

    // Protected: DNS and clients' allow-lists name these addresses, and AWS never gives one back.
    const doors = args.zones.map((zone) => ({
      ...zone,
      eip: new Eip(`${name}-${zone.name}`, { domain: "vpc" }, { parent: this, protect: true }),
    }));
    const group = this.#securityGroup(args);
    const balancer = new LoadBalancer(
      name,
      {
        loadBalancerType: "network",
        internal: false,
        subnetMappings: doors.map(({ publicSubnetId, eip }) => ({
          subnetId: publicSubnetId,
          allocationId: eip.id,
        })),
        securityGroups: [group.id],
        // A zone's address answers from its own zone only, so that a dead zone is seen as dead.
        enableCrossZoneLoadBalancing: false,
        enableZonalShift: true,
        enableDeletionProtection: true,
      },
      { parent: this },
    );
    const targets = this.#targets(args);
    new Listener(
      name,
      {
        loadBalancerArn: balancer.arn,
        port: args.listenerPort,
        protocol: "TLS",
        sslPolicy: TLS_POLICY,
        certificateArn: args.certificateArn,
        defaultActions: [{ type: "forward", targetGroupArn: targets.arn }],
      },
      { parent: this },
    );

    this.loadBalancer = balancer.arnSuffix;
    this.targetGroup = targets.arnSuffix;
    this.addresses = doors.map((door) => ({ zone: door.name, elasticIp: door.eip.publicIp }));
    this.registerOutputs({ elasticIps: doors.map((door) => door.eip.publicIp) });
  }

  #securityGroup(args: TrafficArgs): SecurityGroup {
    const group = new SecurityGroup(
      this.#name,
      {
        vpcId: args.vpcId,
        description: "Clients to the load balancer, the load balancer to the nodes",
        ingress: [
          { protocol: "tcp", fromPort: args.listenerPort, toPort: args.listenerPort, cidrBlocks: [ANYWHERE] },
        ],
        egress: [
          {
            protocol: "tcp",
            fromPort: args.nodePort,
            toPort: args.nodePort,
            securityGroups: [args.nodeSecurityGroupId],
          },
        ],
      },
      { parent: this },
    );
    new SecurityGroupIngressRule(
      `${this.#name}-to-nodes`,
      {
        securityGroupId: args.nodeSecurityGroupId,
        referencedSecurityGroupId: group.id,
        ipProtocol: "tcp",
        fromPort: args.nodePort,
        toPort: args.nodePort,
      },
      { parent: this },
    );
    return group;
  }

  /** Attached to the scaling groups: no controller has to run, and nothing first appears during a failover. */
  #targets(args: TrafficArgs): TargetGroup {
    const targets = new TargetGroup(
      this.#name,
      {
        vpcId: args.vpcId,
        targetType: "instance",
        protocol: "TCP",
        port: args.nodePort,
        // With externalTrafficPolicy Local a node without the service refuses, and so leaves the targets.
        healthCheck: { protocol: "HTTP", path: args.readinessPath, port: "traffic-port", ...HEALTH_CHECK },
        connectionTermination: true,
      },
      { parent: this },
    );
    for (const { name: zone, autoscalingGroupName } of args.zones) {
      new Attachment(
        `${this.#name}-${zone}`,
        { autoscalingGroupName, lbTargetGroupArn: targets.arn },
        { parent: this },
      );
    }
    return targets;
  }
}
