/** An EKS cluster with one managed node group per zone, its add-ons, who may enter, and the provider that speaks to it. */
import { AccessEntry } from "@pulumi/aws/eks/accessEntry.js";
import { AccessPolicyAssociation } from "@pulumi/aws/eks/accessPolicyAssociation.js";
import { Addon } from "@pulumi/aws/eks/addon.js";
import { Cluster as EksCluster } from "@pulumi/aws/eks/cluster.js";
import type { NodeGroup } from "@pulumi/aws/eks/nodeGroup.js";
import { Key } from "@pulumi/aws/kms/key.js";
import { Provider as Kubernetes } from "@pulumi/kubernetes/provider.js";
import {
  all,
  ComponentResource,
  type ComponentResourceOptions,
  type Input,
  type Output,
} from "@pulumi/pulumi";
import { kubeconfig } from "./kubeconfig.ts";
import { ManagedRole } from "./managedRole.ts";
import type { Region } from "./model.ts";
import { Nodes } from "./nodes.ts";

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

export class Cluster extends ComponentResource {
  readonly clusterName: Output<string>;
  readonly clusterArn: Output<string>;
  readonly endpoint: Output<string>;
  /** Base64 of the PEM. */
  readonly certificateAuthority: Output<string>;
  /** Of the nodes, and with them of the pods. */
  readonly securityGroupId: Output<string>;
  readonly nodes: Nodes;
  readonly kubernetes: Kubernetes;

  readonly #name: string;
  readonly #args: ClusterArgs;

  constructor(name: string, args: ClusterArgs, options?: ComponentResourceOptions) {
    super("trading-platform:components:Cluster", name, {}, options);
    this.#name = name;
    this.#args = args;

    const cluster = this.#controlPlane();
    const access = this.#access(cluster);
    const nodes = new Nodes(
      name,
      { ...args, clusterName: cluster.name, after: this.#addons(cluster, ADDONS_BEFORE_NODES, []) },
      { parent: this },
    );
    this.#addons(cluster, ADDONS_ON_NODES, nodes.groups);

    this.clusterName = cluster.name;
    this.clusterArn = cluster.arn;
    this.endpoint = cluster.endpoint;
    this.certificateAuthority = cluster.certificateAuthority.data;
    this.securityGroupId = cluster.vpcConfig.clusterSecurityGroupId;
    this.nodes = nodes;
    this.kubernetes = this.#provider(access);
    this.registerOutputs({ endpoint: this.endpoint });
  }

  #controlPlane(): EksCluster {
    const role = new ManagedRole(
      `${this.#name}-control-plane`,
      { service: "eks.amazonaws.com", policies: ["AmazonEKSClusterPolicy"] },
      { parent: this },
    );
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

/** `arn:aws:iam::123456789012:role/ci/deploy` → `ci-deploy` */
const roleNameOf = (arn: string): string => arn.replace(/^.*:role\//, "").replaceAll("/", "-");
