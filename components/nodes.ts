/** One managed node group per zone, so that the loss of a zone is the loss of one group and nothing else. */
import { CapacityReservation } from "@pulumi/aws/ec2/capacityReservation.js";
import { LaunchTemplate } from "@pulumi/aws/ec2/launchTemplate.js";
import { NodeGroup } from "@pulumi/aws/eks/nodeGroup.js";
import {
  ComponentResource,
  type ComponentResourceOptions,
  type Input,
  type Output,
  type Resource,
} from "@pulumi/pulumi";
import type { NodeDecision } from "./capacity.ts";
import { assumedByService } from "./iam.ts";
import { ManagedRole } from "./managedRole.ts";

export interface NodesArgs {
  readonly clusterName: Input<string>;
  /** Kubernetes version, e.g. `1.34`. */
  readonly version: string;
  readonly instanceType: string;
  /** In each zone, as the region's role has it. */
  readonly nodes: NodeDecision;
  /** Instances per zone that AWS holds for these nodes; 0: none. */
  readonly reserved: number;
  readonly zones: readonly { readonly name: string; readonly subnetId: Input<string> }[];
  /** What a node cannot become ready without. */
  readonly after: readonly Resource[];
}

/** Not the network plugin's: that has a role of its own. */
const POLICIES = ["AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly"];
const DISK_GIBIBYTES = 50;

export class Nodes extends ComponentResource {
  readonly groups: readonly NodeGroup[];

  readonly #name: string;
  readonly #scalingGroups: ReadonlyMap<string, Output<string>>;

  constructor(name: string, args: NodesArgs, options?: ComponentResourceOptions) {
    super("trading-platform:components:Nodes", name, {}, options);
    this.#name = name;

    const role = new ManagedRole(
      `${name}-node`,
      { trust: assumedByService("ec2.amazonaws.com"), policies: POLICIES },
      { parent: this },
    );
    if (args.reserved > 0) this.#reservations(args);
    const template = this.#template();
    const groups = args.zones.map((zone) => ({
      zone: zone.name,
      group: this.#group(args, zone, role, template),
    }));

    this.groups = groups.map(({ group }) => group);
    this.#scalingGroups = new Map(groups.map(({ zone, group }) => [zone, scalingGroupOf(group)]));
    this.registerOutputs();
  }

  /** Of the nodes in one zone. */
  scalingGroupIn(zone: string): Output<string> {
    const name = this.#scalingGroups.get(zone);
    if (name === undefined) throw new Error(`nodes ${this.#name}: none in zone ${zone}`);
    return name;
  }

  /**
   * Open ones: the nodes that run count against them, and those that a failover starts find their place kept. They cost
   * what running instances cost, whether used or not.
   * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/capacity-reservations-pricing-billing.html
   */
  #reservations({ zones, instanceType, reserved }: NodesArgs): void {
    for (const zone of zones) {
      new CapacityReservation(
        `${this.#name}-${zone.name}`,
        {
          availabilityZone: zone.name,
          instanceType,
          instancePlatform: "Linux/UNIX",
          instanceCount: reserved,
          instanceMatchCriteria: "open",
        },
        { parent: this },
      );
    }
  }

  #template(): LaunchTemplate {
    return new LaunchTemplate(
      this.#name,
      {
        // Hop limit 1: a pod that reaches the instance's metadata would have the node's role.
        metadataOptions: { httpEndpoint: "enabled", httpTokens: "required", httpPutResponseHopLimit: 1 },
        blockDeviceMappings: [
          {
            deviceName: "/dev/xvda",
            ebs: { volumeSize: DISK_GIBIBYTES, volumeType: "gp3", encrypted: "true" },
          },
        ],
      },
      { parent: this },
    );
  }

  #group(
    args: NodesArgs,
    zone: NodesArgs["zones"][number],
    role: ManagedRole,
    template: LaunchTemplate,
  ): NodeGroup {
    const { min, desired, max, ignored } = args.nodes;
    return new NodeGroup(
      `${this.#name}-${zone.name}`,
      {
        clusterName: args.clusterName,
        version: args.version,
        nodeRoleArn: role.arn,
        subnetIds: [zone.subnetId],
        instanceTypes: [args.instanceType],
        amiType: amiTypeFor(args.instanceType),
        launchTemplate: { id: template.id, version: template.latestVersion.apply(String) },
        scalingConfig: { minSize: min, desiredSize: desired, maxSize: max },
        updateConfig: { maxUnavailable: 1 },
        nodeRepairConfig: { enabled: true },
      },
      {
        parent: this,
        dependsOn: [...args.after],
        // The number of nodes is the autoscaler's, if there is one.
        ...(ignored ? { ignoreChanges: ["scalingConfig.desiredSize"] } : {}),
      },
    );
  }
}

/** EKS makes the scaling group; there is exactly one per node group. */
const scalingGroupOf = (group: NodeGroup): Output<string> =>
  group.resources.apply((resources) => {
    const name = resources[0]?.autoscalingGroups[0]?.name;
    if (name === undefined) throw new Error("a node group came back without its scaling group");
    return name;
  });

/** Graviton families have a `g` after their generation: m7g, c8gd, x2gd. */
export const amiTypeFor = (instanceType: string): "AL2023_ARM_64_STANDARD" | "AL2023_x86_64_STANDARD" =>
  /^[a-z]+\d+g/.test(instanceType) ? "AL2023_ARM_64_STANDARD" : "AL2023_x86_64_STANDARD";
