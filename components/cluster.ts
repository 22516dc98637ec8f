/** An EKS cluster with one managed node group per zone, its add-ons, who may enter, and the provider that speaks to it. */
import { AccessEntry } from "@pulumi/aws/eks/accessEntry.js";
import { AccessPolicyAssociation } from "@pulumi/aws/eks/accessPolicyAssociation.js";
import { Addon } from "@pulumi/aws/eks/addon.js";
import { Cluster as EksCluster } from "@pulumi/aws/eks/cluster.js";
import type { NodeGroup } from "@pulumi/aws/eks/nodeGroup.js";
import type { Provider as Kubernetes } from "@pulumi/kubernetes/provider.js";
import { ComponentResource, type ComponentResourceOptions, type Input, type Output } from "@pulumi/pulumi";
import type { NodeDecision } from "./capacity.ts";
import { assumedByPods, assumedByService } from "./iam.ts";
import { regionalKey } from "./keys.ts";
import { kubernetesProvider } from "./kubeconfig.ts";
import { ManagedRole } from "./managedRole.ts";
import type { Region } from "./model.ts";
import { clusterKeyAlias, type Identity } from "./names.ts";
import { Nodes } from "./nodes.ts";

export interface ClusterArgs extends Identity {
  readonly region: Region;
  /** Physical name, derived from config: it also identifies the cluster to the Kubernetes provider. */
  readonly clusterName: string;
  /** Kubernetes version, e.g. `1.34`. */
  readonly version: string;
  readonly instanceType: string;
  readonly nodes: NodeDecision;
  /** Instances per zone that AWS holds for these nodes; 0: none. */
  readonly reserved: number;
  /** With their private subnets. */
  readonly zones: readonly { readonly name: string; readonly subnetId: Input<string> }[];
  /** From where the API server may be reached; empty = from inside the VPC only. */
  readonly endpointCidrs: readonly string[];
  readonly adminRoles: readonly string[];
}

const CONTROL_PLANE_LOGS = ["api", "audit", "authenticator", "controllerManager", "scheduler"];
const ADMIN_POLICY = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy";

interface AddonSpec {
  readonly settings?: object;
  /** What it may do in AWS, by pod identity: nodes have no rights that their pods could borrow. */
  readonly identity?: { readonly serviceAccount: string; readonly policy: string };
}
type Addons = Readonly<Record<string, AddonSpec>>;

/** Nodes cannot become ready without these; the others need nodes to run on. */
const ADDONS_BEFORE_NODES: Addons = {
  "vpc-cni": {
    settings: { enableNetworkPolicy: "true" },
    identity: { serviceAccount: "aws-node", policy: "AmazonEKS_CNI_Policy" },
  },
  "kube-proxy": {},
  "eks-pod-identity-agent": {},
};
const ADDONS_ON_NODES: Addons = {
  coredns: {},
  "metrics-server": {},
  "amazon-cloudwatch-observability": {
    identity: { serviceAccount: "cloudwatch-agent", policy: "CloudWatchAgentServerPolicy" },
  },
};

/** What the workload runs on, whoever made it. */
export interface RegionCluster {
  readonly clusterName: Output<string>;
  readonly clusterArn: Output<string>;
  readonly endpoint: Output<string>;
  /** Base64 of the PEM. */
  readonly certificateAuthority: Output<string>;
  /** Of the nodes, and with them of the pods. */
  readonly securityGroupId: Output<string>;
  readonly kubernetes: Kubernetes;
  /** Name of the scaling group behind the nodes in one zone. */
  scalingGroupIn(zone: string): Output<string>;
}

export class Cluster extends ComponentResource implements RegionCluster {
  readonly clusterName: Output<string>;
  readonly clusterArn: Output<string>;
  readonly endpoint: Output<string>;
  readonly certificateAuthority: Output<string>;
  readonly securityGroupId: Output<string>;
  readonly kubernetes: Kubernetes;

  readonly #nodes: Nodes;
  readonly #name: string;
  readonly #args: ClusterArgs;

  constructor(name: string, args: ClusterArgs, options?: ComponentResourceOptions) {
    super("trading-platform:components:Cluster", name, {}, options);
    this.#name = name;
    this.#args = args;

    const cluster = this.#controlPlane();
    const access = this.#access(cluster);
    this.#nodes = new Nodes(
      name,
      { ...args, clusterName: cluster.name, after: this.#addons(cluster, ADDONS_BEFORE_NODES, []) },
      { parent: this },
    );
    this.#addons(cluster, ADDONS_ON_NODES, this.#nodes.groups);

    this.clusterName = cluster.name;
    this.clusterArn = cluster.arn;
    this.endpoint = cluster.endpoint;
    this.certificateAuthority = cluster.certificateAuthority.data;
    this.securityGroupId = cluster.vpcConfig.clusterSecurityGroupId;
    this.kubernetes = kubernetesProvider(
      name,
      {
        ...{ clusterName: args.clusterName, region: args.region },
        ...{ endpoint: this.endpoint, certificateAuthority: this.certificateAuthority },
      },
      { parent: this, dependsOn: access },
    );
    this.registerOutputs({ endpoint: this.endpoint });
  }

  scalingGroupIn(zone: string): Output<string> {
    return this.#nodes.scalingGroupIn(zone);
  }

  #controlPlane(): EksCluster {
    const role = new ManagedRole(
      `${this.#name}-control-plane`,
      { trust: assumedByService("eks.amazonaws.com"), policies: ["AmazonEKSClusterPolicy"] },
      { parent: this },
    );
    const key = regionalKey(
      this.#name,
      { description: `${this.#args.clusterName} Kubernetes secrets`, alias: clusterKeyAlias(this.#args) },
      this,
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
      { parent: this, protect: true },
    );
  }

  #access(cluster: EksCluster): AccessPolicyAssociation[] {
    return this.#args.adminRoles.map((principalArn) => {
      const name = `${this.#name}-${roleNameOf(principalArn)}`;
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

  #addons(cluster: EksCluster, addons: Addons, after: readonly NodeGroup[]): Addon[] {
    return Object.entries(addons).map(([addonName, { settings, identity }]) => {
      const name = `${this.#name}-${addonName}`;
      return new Addon(
        name,
        {
          clusterName: cluster.name,
          addonName,
          resolveConflictsOnUpdate: "OVERWRITE",
          ...(settings && { configurationValues: JSON.stringify(settings) }),
          ...(identity && {
            podIdentityAssociations: [
              {
                serviceAccount: identity.serviceAccount,
                roleArn: this.#addonRole(name, cluster, identity.policy).arn,
              },
            ],
          }),
        },
        { parent: this, dependsOn: [...after] },
      );
    });
  }

  #addonRole(name: string, cluster: EksCluster, policy: string): ManagedRole {
    const trust = cluster.arn.apply((arn) => assumedByPods(this.#args.accountId, arn));
    return new ManagedRole(name, { trust, policies: [policy] }, { parent: this });
  }
}

/** `arn:aws:iam::123456789012:role/ci/deploy` → `ci-deploy` */
const roleNameOf = (arn: string): string => arn.replace(/^.*:role\//, "").replaceAll("/", "-");
