/** Network load balancers: a TCP proxy per zone's Elastic IP and listener. */
import type { Region } from "../../components/model.ts";
import type { Behaviours, Json, Placement, Properties } from "../cloud/behaviour.ts";
import { isObject } from "../cloud/fields.ts";
import { objects } from "../cloud/lists.ts";
import type { Compute } from "../compute/compute.ts";
import { cloudId } from "../compute/subnets.ts";
import type { Faults } from "../faults.ts";
import type { ElasticIp, ElasticIps } from "./elasticIps.ts";
import { TcpProxy } from "./proxy.ts";
import { TargetGroup, type TargetSettings } from "./targets.ts";

interface Door {
  readonly zone: string;
  readonly ip: ElasticIp;
}

export interface LoadBalancersOptions {
  readonly faults: Faults;
  readonly compute: Compute;
  readonly elasticIps: ElasticIps;
}

/** Shape of the real ones; the account is of no consequence here. */
const arn = (what: string, { region, urn }: Placement): string =>
  `arn:aws:elasticloadbalancing:${region}:000000000000:${what}/${cloudId("sandbox", urn)}`;

function settingsOf(inputs: Properties): TargetSettings {
  const check = isObject(inputs["healthCheck"]) ? inputs["healthCheck"] : {};
  const [state] = objects(inputs["targetHealthStates"]);
  if (inputs["targetType"] !== "instance") {
    throw new Error(
      `target type ${String(inputs["targetType"])} is not modelled by the sandbox: use instance`,
    );
  }
  if (check["protocol"] !== "HTTP" && check["protocol"] !== "HTTPS") {
    throw new Error(`target check by ${String(check["protocol"])} is not modelled by the sandbox: use HTTP`);
  }
  const port = Number(inputs["port"]);
  const checkPort =
    check["port"] === undefined || check["port"] === "traffic-port" ? port : Number(check["port"]);
  return {
    port,
    checkPort,
    path: String(check["path"] ?? "/"),
    intervalSeconds: Number(check["interval"] ?? 30),
    timeoutSeconds: Number(check["timeout"] ?? 6),
    healthyThreshold: Number(check["healthyThreshold"] ?? 3),
    unhealthyThreshold: Number(check["unhealthyThreshold"] ?? 3),
    matcher: String(check["matcher"] ?? "200-399"),
    terminatesConnections: state?.["enableUnhealthyConnectionTermination"] !== false,
  };
}

export class LoadBalancers {
  readonly #options: LoadBalancersOptions;
  readonly #doors = new Map<string, readonly Door[]>();
  readonly #groups = new Map<string, TargetGroup>();
  readonly #listeners = new Map<string, readonly TcpProxy[]>();

  constructor(options: LoadBalancersOptions) {
    this.#options = options;
  }

  readonly behaviours: Behaviours = {
    "aws:lb/loadBalancer:LoadBalancer": {
      create: async (inputs, at) => {
        if (inputs["loadBalancerType"] !== "network" || inputs["enableCrossZoneLoadBalancing"] === true) {
          throw new Error("the sandbox models network load balancers with cross-zone load balancing off");
        }
        const { compute, elasticIps } = this.#options;
        const doors = objects(inputs["subnetMappings"]).map((mapping) => ({
          zone: compute.zoneOf(mapping["subnetId"]),
          ip: elasticIps.get(mapping["allocationId"]),
        }));
        const id = arn(`loadbalancer/net/${String(inputs["name"] ?? "")}`, at);
        this.#doors.set(id, doors);
        return { id, arn: id };
      },
      update: async () => ({}),
      delete: async (id) => {
        this.#doors.delete(id);
      },
    },
    "aws:lb/targetGroup:TargetGroup": {
      create: async (inputs, at) => {
        const id = arn(`targetgroup/${String(inputs["name"] ?? "")}`, at);
        const region = at.region as Region;
        const cluster = () => this.#options.compute.cluster(region);
        this.#groups.set(id, new TargetGroup(settingsOf(inputs), cluster, (hosts) => this.#reset(hosts)));
        return { id, arn: id };
      },
      update: async (id, _olds, news) => {
        this.group(id).change(settingsOf(news));
        return {};
      },
      delete: async (id) => {
        this.#groups.get(id)?.close();
        this.#groups.delete(id);
      },
    },
    "aws:autoscaling/attachment:Attachment": {
      create: async (inputs) => {
        const { autoscalingGroupName, lbTargetGroupArn } = inputs;
        this.group(lbTargetGroupArn).attach(String(autoscalingGroupName));
        return { id: `${String(autoscalingGroupName)}-${String(lbTargetGroupArn)}` };
      },
      delete: async (_id, olds) => {
        this.group(olds["lbTargetGroupArn"]).detach(String(olds["autoscalingGroupName"]));
      },
    },
    "aws:lb/listener:Listener": {
      create: async (inputs, at) => {
        const id = arn("listener/net", at);
        this.#listeners.set(id, await this.#listen(inputs));
        return { id, arn: id };
      },
      update: async (id, _olds, news) => {
        await this.#close(id);
        this.#listeners.set(id, await this.#listen(news));
        return {};
      },
      delete: async (id) => await this.#close(id),
    },
  };

  /** Throws as ELB does when there is no such group. */
  group(arnOfGroup: Json | undefined): TargetGroup {
    const group = this.#groups.get(String(arnOfGroup));
    if (group === undefined) {
      throw new Error(`TargetGroupNotFound: Target groups '${String(arnOfGroup)}' not found`);
    }
    return group;
  }

  async close(): Promise<void> {
    for (const group of this.#groups.values()) group.close();
    for (const id of [...this.#listeners.keys()]) await this.#close(id);
  }

  async #listen(inputs: Properties): Promise<readonly TcpProxy[]> {
    const doors = this.#doors.get(String(inputs["loadBalancerArn"]));
    if (doors === undefined) {
      throw new Error(
        `LoadBalancerNotFound: Load balancers '${String(inputs["loadBalancerArn"])}' not found`,
      );
    }
    const [action] = objects(inputs["defaultActions"]);
    const group = this.group(action?.["targetGroupArn"]);
    const { faults, compute } = this.#options;
    return await Promise.all(
      doors.map(({ zone, ip }) =>
        TcpProxy.listen({
          faults,
          listen: { host: ip.host, port: Number(inputs["port"]) },
          place: zone,
          clientPlace: (address) => compute.placeOf(address),
          choose: () => group.choose(zone),
          onConnection: () => ip.countConnection(),
          onData: (chunk) => ip.countData(chunk),
        }),
      ),
    );
  }

  #reset(hosts: readonly string[]): void {
    for (const proxy of [...this.#listeners.values()].flat())
      for (const host of hosts) proxy.resetBackend(host);
  }

  async #close(id: string): Promise<void> {
    for (const proxy of this.#listeners.get(id) ?? []) await proxy.close();
    this.#listeners.delete(id);
  }
}
