import test, { type ExecutionContext } from "ava";
import type { Region } from "../../../components/model.ts";
import { ZonalShifts } from "../../../sandbox/aws/zonalShift.ts";
import type { Properties } from "../../../sandbox/cloud/behaviour.ts";
import { Registry } from "../../../sandbox/providers/registry.ts";
import { deployment, doorOf, settled, startCluster, until, ZONES } from "../compute/fixture.ts";

const NODE_PORT = 30443;
const CLUSTER = "arn:aws:eks:us-east-1:123456789012:cluster/exchange";
const BALANCER = "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/net/exchange/1";
const [FIRST] = ZONES;

function shifts(
  t: ExecutionContext,
  inputs: Properties = { zonalShiftConfig: { enabled: true } },
  shiftAway: (region: Region, zone: string, isAway: boolean) => void = () => {},
) {
  const registry = new Registry();
  const put = (type: string, id: string, given: Properties, outputs: Properties) =>
    registry.put({ type, region: "us-east-1", id, urn: id, inputs: given, outputs });
  put("aws:eks/cluster:Cluster", "exchange", inputs, { arn: CLUSTER });
  put("aws:lb/loadBalancer:LoadBalancer", BALANCER, { enableZonalShift: true }, { arn: BALANCER });
  const subnet = { availabilityZoneId: "use1-az1" };
  put("aws:ec2/subnet:Subnet", "subnet-1", { availabilityZone: FIRST }, subnet);
  const all = new ZonalShifts({ registry, shiftAway });
  t.teardown(() => all.close());
  const call = async (method: string, path: string, body?: object) => {
    const {
      status,
      headers,
      body: text,
    } = await all.aws.handle({
      ...{ from: "internet", region: "us-east-1", method, path, query: new URLSearchParams(), headers: {} },
      body: Buffer.from(body === undefined ? "" : JSON.stringify(body)),
      signal: AbortSignal.timeout(1_000),
    });
    const answer = JSON.parse(String(text)) as Record<string, unknown>;
    return { status, error: headers?.["x-amzn-errortype"], answer };
  };
  const start = (changes: object = {}) =>
    call("POST", "/zonalshifts", {
      ...{ resourceIdentifier: CLUSTER, awayFrom: "use1-az1", expiresIn: "2h", comment: "slow disks" },
      ...changes,
    });
  return { call, start };
}

test("a cluster's shift takes the zone's pods out of its Services and its nodes out of scheduling, and gives them back", async (t) => {
  const world = await startCluster(t);
  const cluster = world.compute.cluster("us-east-1");
  await world.create("kubernetes:apps/v1:Deployment", deployment("gateway", { replicas: 3 }));
  await world.create("kubernetes:core/v1:Service", doorOf("gateway", NODE_PORT));
  await settled(world, "gateway", 3);
  const behind = () =>
    cluster.nodes.all.map(({ name, zone }) => [
      zone,
      cluster.services.nodePort(name, NODE_PORT)?.length ?? null,
    ]);
  t.deepEqual(behind(), [
    ["us-east-1a", 1],
    ["us-east-1b", 1],
    ["us-east-1c", 1],
  ]);

  const { call, start } = shifts(t, undefined, (region, zone, isAway) =>
    world.compute.cluster(region).shiftAway(zone, isAway),
  );
  const { status, answer } = await start();
  t.is(status, 201);
  t.like(answer, { awayFrom: "use1-az1", comment: "slow disks", status: "ACTIVE" });
  t.is(Number(answer["expiryTime"]) - Number(answer["startTime"]), 7_200);
  t.deepEqual(behind()[0], ["us-east-1a", 0]);
  t.is(cluster.pods.all.length, 3, "nobody is evicted");

  const [inside] = cluster.pods.all.filter((pod) => cluster.nodes.get(pod.node ?? "")?.zone === FIRST);
  inside?.delete();
  await until("the first pod gone", () => !cluster.pods.all.some((pod) => pod === inside));
  await settled(world, "gateway", 3);
  const zones = cluster.pods.all.map((pod) => cluster.nodes.get(pod.node ?? "")?.zone);
  t.false(zones.includes(FIRST), `its successor is elsewhere: ${zones.join(", ")}`);

  const ended = await call("DELETE", `/zonalshifts/${String(answer["zonalShiftId"])}`);
  t.like(ended, { status: 200, answer: { status: "CANCELED" } });
  t.false(cluster.nodes.all.some(({ isShiftedAway }) => isShiftedAway));
});

test("a load balancer's shift changes nothing that is asked here", async (t) => {
  const told: unknown[] = [];
  const { start } = shifts(t, undefined, (...given) => told.push(given));
  t.is((await start({ resourceIdentifier: BALANCER })).status, 201);
  t.deepEqual(told, []);
});

test("one shift of a resource at a time; not enabled, another zone, too long and an ended one are refused", async (t) => {
  const { call, start } = shifts(t);
  const { answer } = await start();
  const id = String(answer["zonalShiftId"]);
  t.like(await start(), { status: 409, error: "ConflictException" });
  t.is((await call("DELETE", `/zonalshifts/${id}`)).status, 200);
  t.like(await call("DELETE", `/zonalshifts/${id}`), { status: 409, error: "ConflictException" });
  t.is((await start()).status, 201);

  t.like(await start({ awayFrom: "us-east-1a" }), {
    status: 400,
    answer: { message: "us-east-1a is no Availability Zone of us-east-1: name its id" },
  });
  t.like(await start({ expiresIn: "73h" }), {
    status: 400,
    answer: { message: "expiresIn 73h: allowed are minutes or hours up to 72h" },
  });
  t.like(await shifts(t, {}).start(), {
    ...{ status: 404, error: "ResourceNotFoundException" },
    answer: { message: `${CLUSTER} is no resource in us-east-1 that zonal shift is enabled for` },
  });
});
