import { Agent, get } from "node:http";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import test, { type ExecutionContext } from "ava";
import { createNetwork, type Network } from "../../../sandbox/net/network.ts";
import {
  deployment,
  doorOf,
  getJson,
  QUICK,
  settled,
  startCluster,
  until,
  type World,
  ZONES,
} from "../compute/fixture.ts";

const NODE_PORT = 30443;
const PORT = 8443;

interface Door {
  readonly world: World;
  readonly network: Network;
  /** In the order of the zones. */
  readonly ips: readonly string[];
  readonly targetGroup: string;
}

/** A load balancer over the three zones in front of `gateway`, whose pods are one per zone. */
async function startDoor(t: ExecutionContext, replicas = 3, timings = QUICK): Promise<Door> {
  const world = await startCluster(t, { timings });
  const { faults, addresses, compute } = world;
  const network = await createNetwork({ faults, addresses, compute, zones: {} });
  t.teardown(() => network.close());
  let created = 0;
  const create = async (type: string, inputs: Parameters<World["create"]>[1]) => {
    const at = { region: "us-east-1", type, urn: `urn:${type}::${created++}` } as const;
    return (await network.behaviours[type]?.create?.(inputs, at)) ?? {};
  };
  await world.create("kubernetes:apps/v1:Deployment", deployment("gateway", { replicas }));
  await world.create("kubernetes:core/v1:Service", doorOf("gateway", NODE_PORT));
  const eips = await Promise.all(ZONES.map(() => create("aws:ec2/eip:Eip", { domain: "vpc" })));
  const subnetMappings = await Promise.all(
    ZONES.map(async (availabilityZone, n) => ({
      subnetId: (await world.create("aws:ec2/subnet:Subnet", { availabilityZone, mapPublicIpOnLaunch: true }))
        .id,
      allocationId: eips[n]?.["id"] ?? "",
    })),
  );
  const balancer = await create("aws:lb/loadBalancer:LoadBalancer", {
    loadBalancerType: "network",
    subnetMappings,
  });
  const group = await create("aws:lb/targetGroup:TargetGroup", {
    targetType: "instance",
    protocol: "TCP",
    port: NODE_PORT,
    healthCheck: {
      protocol: "HTTP",
      path: "/ready",
      port: "traffic-port",
      interval: 0.2,
      timeout: 1,
      healthyThreshold: 2,
      unhealthyThreshold: 2,
    },
  });
  const targetGroup = String(group["arn"]);
  for (const zone of ZONES) {
    await create("aws:autoscaling/attachment:Attachment", {
      autoscalingGroupName: `eks-${zone}`,
      lbTargetGroupArn: targetGroup,
    });
  }
  await create("aws:lb/listener:Listener", {
    loadBalancerArn: balancer["arn"] ?? "",
    port: PORT,
    protocol: "TLS",
    defaultActions: [{ type: "forward", targetGroupArn: targetGroup }],
  });
  if (replicas > 0) await settled(world, "gateway", replicas);
  return { world, network, ips: eips.map((eip) => String(eip["publicIp"])), targetGroup };
}

const healthy = ({ network, targetGroup }: Door, count: number) =>
  until(`${count} healthy targets`, () => {
    const states = Object.values(network.loadBalancers.group(targetGroup).health());
    return states.filter(Boolean).length === count;
  });

/** What a client sees: the pod that answered, or how it failed; `silence` for a second. */
function ask(ip: string, path = "/", agent: Agent | false = false): Promise<string> {
  return new Promise((resolve) => {
    const signal = AbortSignal.timeout(1_000);
    const request = get({ host: ip, port: PORT, path, agent, signal }, (response) => {
      let body = "";
      response.on("data", (chunk) => {
        body += chunk;
      });
      response.on("error", () => resolve("broken"));
      response.on("end", () => resolve((JSON.parse(body) as { pod: string }).pod));
    });
    request.on("error", (error: NodeJS.ErrnoException) =>
      resolve(signal.aborted ? "silence" : (error.code ?? "")),
    );
  });
}

const zoneOf = ({ world }: Door, podName: string): string | undefined => {
  const cluster = world.compute.cluster("us-east-1");
  return cluster.nodes.get(cluster.pods.get("exchange", podName)?.node ?? "")?.zone;
};

test.serial("each zone's address is answered by that zone's pods, and counts what came", async (t) => {
  const door = await startDoor(t);
  await healthy(door, 3);
  for (const [n, ip] of door.ips.entries()) t.is(zoneOf(door, await ask(ip)), ZONES[n]);
  const [first = ""] = door.ips;
  await ask(first, "/active");
  const { lastRequestAt, ...counts } = door.network.traffic("us-east-1")[first] ?? {};
  t.deepEqual(counts, { connections: 2, requests: 1, probes: 1 });
  t.true(Math.abs(Date.now() - (lastRequestAt ?? 0)) < 5_000);
});

test.serial("requests on a kept connection are counted one by one", async (t) => {
  const door = await startDoor(t);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  t.teardown(() => agent.destroy());
  const [ip = ""] = door.ips;
  for (let n = 0; n < 3; n++) await ask(ip, "/", agent);
  t.like(door.network.traffic("us-east-1")[ip], { connections: 1, requests: 3, probes: 0 });
});

test.serial(
  "a node whose pod is not ready leaves the targets; when it was the zone's only one, it is tried all the same",
  async (t) => {
    const door = await startDoor(t);
    await healthy(door, 3);
    const [ip = ""] = door.ips;
    const cluster = door.world.compute.cluster("us-east-1");
    const pod = cluster.pods.get("exchange", await ask(ip));
    await ask(ip, "/unready");
    await until("the pod's readiness probe", () => pod?.readySince === undefined);
    t.is(await ask(ip), "silence", "kube-proxy drops what comes to a node without a local endpoint");
    await healthy(door, 2);
    t.not(await ask(door.ips[1] ?? ""), "silence");
  },
);

test.serial("with nothing behind the service connections are reset", async (t) => {
  const door = await startDoor(t, 0);
  t.is(await ask(door.ips[0] ?? ""), "ECONNRESET");
});

test.serial(
  "a region that is cut resets the connections it has and all new ones; healed, it answers again",
  async (t) => {
    const door = await startDoor(t);
    const [ip = ""] = door.ips;
    const kept = connect({ host: ip, port: PORT });
    const ended = new Promise<string>((resolve) =>
      kept.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? "")),
    );
    await ask(ip);
    door.world.faults.setPlace("us-east-1", "cut");
    t.is(await ended, "ECONNRESET");
    t.is(await ask(ip), "ECONNRESET");
    door.world.faults.setPlace("us-east-1", "open");
    t.is(zoneOf(door, await ask(ip)), ZONES[0]);
  },
);

test.serial("a black-holed region accepts and never answers, and hides that its pods died", async (t) => {
  const door = await startDoor(t);
  const [ip = ""] = door.ips;
  const agent = new Agent({ keepAlive: true });
  t.teardown(() => agent.destroy());
  await ask(ip, "/", agent);
  door.world.faults.setPlace("us-east-1", "blackhole");
  t.is(await ask(ip), "silence");
  let reset = false;
  for (const socket of Object.values(agent.freeSockets).flat()) socket?.on("close", () => (reset = true));
  door.world.compute.loseRegion("us-east-1", "kill");
  await sleep(300);
  t.false(reset);
  door.world.faults.setPlace("us-east-1", "open");
  await until("the reset that was on its way", () => reset);
});

test.serial("one direction can be cut alone: requests arrive, answers do not", async (t) => {
  const door = await startDoor(t);
  const [ip = ""] = door.ips;
  const agent = new Agent({ keepAlive: true });
  t.teardown(() => agent.destroy());
  const pod = await ask(ip, "/", agent);
  door.world.faults.setLink("us-east-1", "internet", "blackhole");
  t.is(await ask(ip, "/unready", agent), "silence");
  const cluster = door.world.compute.cluster("us-east-1");
  await until("the request that arrived", () => cluster.pods.get("exchange", pod)?.readySince === undefined);
  t.pass();
});

test.serial("a delay on the way to the region is felt once per message", async (t) => {
  const door = await startDoor(t);
  const [ip = ""] = door.ips;
  door.world.faults.setLink("internet", "us-east-1", 50);
  const began = performance.now();
  await ask(ip);
  const took = performance.now() - began;
  t.true(took >= 95 && took < 1_000, `handshake and request: ${took} ms`);
});

test.serial(
  "of a zone that the cluster is shifted away from clients hear nothing, until the shift is over",
  async (t) => {
    const door = await startDoor(t);
    await healthy(door, 3);
    const cluster = door.world.compute.cluster("us-east-1");
    const [away, ...others] = door.ips;
    const answers = () => Promise.all(door.ips.map((ip) => ask(ip)));
    cluster.shiftAway(ZONES[0], true);
    t.is(await ask(away ?? ""), "silence", "at once, while its target still counts as healthy");
    await healthy(door, 2);
    for (const ip of others) t.not(zoneOf(door, await ask(ip)), undefined);
    t.is(await ask(away ?? ""), "silence", "its address stays its own: no other zone answers there");
    t.is(cluster.pods.all.length, 3, "and its pod runs on");
    cluster.shiftAway(ZONES[0], false);
    await healthy(door, 3);
    t.deepEqual(
      (await answers()).map((pod) => zoneOf(door, pod)),
      [...ZONES],
    );
  },
);

test.serial("a dead zone's address hangs, the others answer on", async (t) => {
  // Long enough that nothing is moved to other zones meanwhile.
  const door = await startDoor(t, 3, { ...QUICK, nodeMonitorGraceMilliseconds: 60_000 });
  await healthy(door, 3);
  const [ip = ""] = door.ips;
  door.world.compute.loseZone(ZONES[0], "kill");
  t.is(await ask(ip), "silence");
  t.is(zoneOf(door, await ask(door.ips[1] ?? "")), ZONES[1]);
  await healthy(door, 2);
  door.world.compute.returnZone(ZONES[0]);
  await until("the zone's answer", async () => zoneOf(door, await ask(ip)) === ZONES[0]);
  t.pass();
});

test.serial(
  "a pod of the other region that is cut off does not get through, clients outside do",
  async (t) => {
    const door = await startDoor(t);
    const [ip = ""] = door.ips;
    const pods = await settled(door.world, "gateway", 3);
    const inside = pods.find((pod) => zoneOf(door, pod.birth.name) === ZONES[1]);
    door.world.faults.setLink(ZONES[1], ZONES[0], "cut");
    const answer = await getJson(`http://${inside?.ip}:8080/fetch?url=http://${ip}:${PORT}/`);
    t.regex(String(answer["error"]), /ECONNRESET|other side closed/);
    t.is(zoneOf(door, await ask(ip)), ZONES[0]);
  },
);
