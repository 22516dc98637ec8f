/** An EKS cluster with one managed node group per zone, its add-ons, who may enter, and the provider that speaks to it. */
import { LaunchTemplate } from "@pulumi/aws/ec2/launchTemplate.js";
import { AccessEntry } from "@pulumi/aws/eks/accessEntry.js";
import { AccessPolicyAssociation } from "@pulumi/aws/eks/accessPolicyAssociation.js";
import { Addon } from "@pulumi/aws/eks/addon.js";
import { Cluster as EksCluster } from "@pulumi/aws/eks/cluster.js";
import { NodeGroup } from "@pulumi/aws/eks/nodeGroup.js";
import { Role } from "@pulumi/aws/iam/role.js";
import { RolePolicyAttachment } from "@pulumi/aws/iam/rolePolicyAttachment.js";
import { Key } from "@pulumi/aws/kms/key.js";
import { Provider as Kubernetes } from "@pulumi/kubernetes/provider.js";
import {
  all,
  ComponentResource,
  type ComponentResourceOptions,
  type Input,
  type Output,
} from "@pulumi/pulumi";
import { assumedByService } from "./iam.ts";
import { kubeconfig } from "./kubeconfig.ts";
import type { Region } from "./model.ts";

export interface ClusterArgs {
  readonly region: Region;
  /** Physical name, derived from config: it also identifies the cluster to the Kubernetes provider. */
  readonly clusterName: string;
  /** Kubernetes version, e.g. `1.34`. */
  readonly version: string;
  readonly instanceType: string;
  /** Sized so that any two zones carry the full load. */
  readonly nodesPerZone: { readonly min: number; readonly max: number };
  /** With their private subnets. */
  readonly zones: readonly { readonly name: string; readonly subnetId: Input<string> }[];
  /** From where the API server may be reached; empty = from inside the VPC only. */
  readonly endpointCidrs: readonly string[];
  readonly adminRoles: readonly string[];
}

const CONTROL_PLANE_LOGS = ["api", "audit", "authenticator", "controllerManager", "scheduler"];
const NODE_POLICIES = [
  "AmazonEKSWorkerNodePolicy",
  "AmazonEKS_CNI_Policy",
  "AmazonEC2ContainerRegistryPullOnly",
];
const ADMIN_POLICY = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy";
/** Nodes cannot become ready without the first three; the others need nodes to run on. */
const ADDONS_BEFORE_NODES: Readonly<Record<string, object | undefined>> = {
  "vpc-cni": { enableNetworkPolicy: "true" },
  "kube-proxy": undefined,
  "eks-pod-identity-agent": undefined,
};
const ADDONS_ON_NODES: Readonly<Record<string, object | undefined>> = {
  coredns: undefined,
  "metrics-server": undefined,
};
const NODE_DISK_GIBIBYTES = 50;

export class Cluster extends ComponentResource {
  readonly clusterName: Output<string>;
  readonly clusterArn: Output<string>;
  readonly endpoint: Output<string>;
  /** Base64 of the PEM. */
  readonly certificateAuthority: Output<string>;
  /** Of the nodes, and with them of the pods. */
  readonly securityGroupId: Output<string>;
  readonly kubernetes: Kubernetes;

  readonly #name: string;
  readonly #args: ClusterArgs;
  readonly #scalingGroups: ReadonlyMap<string, Output<string>>;

  constructor(name: string, args: ClusterArgs, options?: ComponentResourceOptions) {
    super("trading-platform:components:Cluster", name, {}, options);
    this.#name = name;
    this.#args = args;

    const cluster = this.#controlPlane();
    const access = this.#access(cluster);
    const early = this.#addons(cluster, ADDONS_BEFORE_NODES, []);
    const nodeGroups = this.#nodes(cluster, early);
    this.#addons(
      cluster,
      ADDONS_ON_NODES,
      nodeGroups.map(({ group }) => group),
    );

    this.clusterName = cluster.name;
    this.clusterArn = cluster.arn;
    this.endpoint = cluster.endpoint;
    this.certificateAuthority = cluster.certificateAuthority.data;
    this.securityGroupId = cluster.vpcConfig.clusterSecurityGroupId;
    this.#scalingGroups = new Map(nodeGroups.map(({ zone, group }) => [zone, scalingGroupOf(group)]));
    this.kubernetes = this.#provider(access);
    this.registerOutputs({ endpoint: this.endpoint });
  }

  /** Of the nodes in one zone. */
  scalingGroupIn(zone: string): Output<string> {
    const name = this.#scalingGroups.get(zone);
    if (name === undefined) throw new Error(`cluster ${this.#name}: no nodes in zone ${zone}`);
    return name;
  }

  #controlPlane(): EksCluster {
    const role = this.#role("control-plane", "eks.amazonaws.com", ["AmazonEKSClusterPolicy"]);
    const key = new Key(
      this.#name,
      { description: `${this.#args.clusterName} Kubernetes secrets`, enableKeyRotation: true },
      { parent: this, protect: true },
    );
    const { endpointCidrs } = this.#args;
    return new EksCluster(
      this.#name,
      {
        name: this.#args.clusterName,
        version: this.#args.version,
        roleArn: role.arn,
        // Whoever happens to deploy first gets no rights that nobody wrote down.
        accessConfig: { authenticationMode: "API", bootstrapClusterCreatorAdminPermissions: false },
        bootstrapSelfManagedAddons: false,
        vpcConfig: {
          subnetIds: this.#args.zones.map(({ subnetId }) => subnetId),
          endpointPrivateAccess: true,
          endpointPublicAccess: endpointCidrs.length > 0,
          ...(endpointCidrs.length > 0 ? { publicAccessCidrs: [...endpointCidrs] } : {}),
        },
        encryptionConfig: { resources: ["secrets"], provider: { keyArn: key.arn } },
        enabledClusterLogTypes: CONTROL_PLANE_LOGS,
        zonalShiftConfig: { enabled: true },
        deletionProtection: true,
      },
      { parent: this, protect: true, dependsOn: role.attachments },
    );
  }

  #access(cluster: EksCluster): AccessPolicyAssociation[] {
    return this.#args.adminRoles.map((principalArn) => {
      const name = `${this.#name}-${principalArn.split("/").at(-1)}`;
      const entry = new AccessEntry(name, { clusterName: cluster.name, principalArn }, { parent: this });
      return new AccessPolicyAssociation(
        name,
        {
          clusterName: cluster.name,
          principalArn: entry.principalArn,
          policyArn: ADMIN_POLICY,
          accessScope: { type: "cluster" },
        },
        { parent: this },
      );
    });
  }

  #nodes(cluster: EksCluster, addons: readonly Addon[]): { zone: string; group: NodeGroup }[] {
    const role = this.#role("node", "ec2.amazonaws.com", NODE_POLICIES);
    const template = new LaunchTemplate(
      this.#name,
      {
        // Hop limit 1: a pod that reaches the instance's metadata would have the node's role.
        metadataOptions: { httpEndpoint: "enabled", httpTokens: "required", httpPutResponseHopLimit: 1 },
        blockDeviceMappings: [
          {
            deviceName: "/dev/xvda",
            ebs: { volumeSize: NODE_DISK_GIBIBYTES, volumeType: "gp3", encrypted: "true" },
          },
        ],
      },
      { parent: this },
    );
    const { instanceType, nodesPerZone, zones } = this.#args;
    return zones.map(({ name: zone, subnetId }) => {
      const group = new NodeGroup(
        `${this.#name}-${zone}`,
        {
          clusterName: cluster.name,
          nodeRoleArn: role.arn,
          subnetIds: [subnetId],
          instanceTypes: [instanceType],
          amiType: amiTypeFor(instanceType),
          launchTemplate: { id: template.id, version: template.latestVersion.apply(String) },
          scalingConfig: {
            minSize: nodesPerZone.min,
            desiredSize: nodesPerZone.min,
            maxSize: nodesPerZone.max,
          },
          updateConfig: { maxUnavailable: 1 },
          nodeRepairConfig: { enabled: true },
        },
        {
          parent: this,
          dependsOn: [...role.attachments, ...addons],
          // The number of nodes is the autoscaler's.
          ignoreChanges: ["scalingConfig.desiredSize"],
        },
      );
      return { zone, group };
    });
  }

  #addons(
    cluster: EksCluster,
    addons: Readonly<Record<string, object | undefined>>,
    after: readonly NodeGroup[],
  ): Addon[] {
    return Object.entries(addons).map(
      ([addonName, settings]) =>
        new Addon(
          `${this.#name}-${addonName}`,
          {
            clusterName: cluster.name,
            addonName,
            resolveConflictsOnUpdate: "OVERWRITE",
            ...(settings === undefined ? {} : { configurationValues: JSON.stringify(settings) }),
          },
          { parent: this, dependsOn: [...after] },
        ),
    );
  }

  #role(label: string, service: string, policies: readonly string[]) {
    const name = `${this.#name}-${label}`;
    const role = new Role(name, { assumeRolePolicy: assumedByService(service) }, { parent: this });
    const attachments = policies.map(
      (managed) =>
        new RolePolicyAttachment(
          `${name}-${managed}`,
          { role: role.name, policyArn: `arn:aws:iam::aws:policy/${managed}` },
          { parent: this },
        ),
    );
    return { arn: role.arn, attachments };
  }

  #provider(access: readonly AccessPolicyAssociation[]): Kubernetes {
    const { clusterName, region } = this.#args;
    return new Kubernetes(
      this.#name,
      {
        kubeconfig: all([this.endpoint, this.certificateAuthority]).apply(
          ([endpoint, certificateAuthority]) =>
            kubeconfig({ clusterName, region, endpoint, certificateAuthority }),
        ),
        // Without it, a kubeconfig not known at preview time counts as another cluster and replaces every object.
        clusterIdentifier: clusterName,
        enableServerSideApply: true,
      },
      { parent: this, dependsOn: [...access] },
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
