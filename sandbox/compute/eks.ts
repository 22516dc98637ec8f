/** EKS: creating a cluster starts the region's Kubernetes, node groups give it machines. */
import type { Region } from "../../components/model.ts";
import type { Address } from "../addresses.ts";
import { url } from "../addresses.ts";
import type { Behaviours, Placement, Properties } from "../cloud/behaviour.ts";
import { isObject } from "../cloud/fields.ts";
import { strings } from "../cloud/lists.ts";
import type { Cluster } from "./cluster.ts";
import type { NodeGroup } from "./nodes.ts";
import type { Subnets } from "./subnets.ts";

export interface EksOptions {
  readonly subnets: Subnets;
  readonly address: (region: Region) => Address;
  /** Starts the region's cluster; rejects when it has one. */
  readonly start: (region: Region, name: string) => Promise<void>;
  readonly stop: (region: Region) => Promise<void>;
  /** By EKS name; throws `ResourceNotFoundException`. */
  readonly cluster: (region: Region, name: string) => Cluster;
}

const DEFAULT_INSTANCE_TYPE = "t3.medium";

function regionOf({ region, type }: Placement): Region {
  if (region === "global") throw new Error(`${type} has no region`);
  return region;
}

function nodeGroup(inputs: Properties, subnets: Subnets): NodeGroup {
  const name = String(inputs["nodeGroupName"]);
  const scaling = isObject(inputs["scalingConfig"]) ? inputs["scalingConfig"] : {};
  const labels = isObject(inputs["labels"]) ? inputs["labels"] : {};
  return {
    name,
    scalingGroup: `eks-${name}`,
    instanceType: strings(inputs["instanceTypes"])[0] ?? DEFAULT_INSTANCE_TYPE,
    labels: Object.fromEntries(Object.entries(labels).map(([key, value]) => [key, String(value)])),
    size: Number(scaling["desiredSize"]),
    zones: strings(inputs["subnetIds"]).map((id) => subnets.zoneOf(id)),
  };
}

export function eksBehaviours(options: EksOptions): Behaviours {
  const { subnets, address, start, stop, cluster } = options;
  const apply = (inputs: Properties, at: Placement): NodeGroup => {
    const group = nodeGroup(inputs, subnets);
    cluster(regionOf(at), String(inputs["clusterName"])).setNodeGroup(group);
    return group;
  };
  return {
    "aws:eks/cluster:Cluster": {
      create: async (inputs, at) => {
        const region = regionOf(at);
        const name = String(inputs["name"]);
        await start(region, name);
        return {
          id: name,
          endpoint: url(address(region)),
          certificateAuthority: { data: Buffer.from("modelled: no TLS").toString("base64") },
          status: "ACTIVE",
        };
      },
      delete: async (_id, _olds, at) => await stop(regionOf(at)),
    },
    "aws:eks/nodeGroup:NodeGroup": {
      create: async (inputs, at) => {
        const group = apply(inputs, at);
        return {
          id: `${String(inputs["clusterName"])}:${group.name}`,
          resources: [{ autoscalingGroups: [{ name: group.scalingGroup }], remoteAccessSecurityGroupId: "" }],
          status: "ACTIVE",
        };
      },
      update: async (_id, _olds, news, at) => {
        apply(news, at);
        return {};
      },
      delete: async (_id, olds, at) => {
        cluster(regionOf(at), String(olds["clusterName"])).removeNodeGroup(String(olds["nodeGroupName"]));
      },
    },
  };
}
