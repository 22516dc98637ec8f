/**
 * Zonal shifts of Application Recovery Controller, started by hand. Of a cluster: its pods in the zone get no more
 * traffic. Of a network load balancer: its own DNS name leaves out the zone's address, and nothing else happens.
 * https://docs.aws.amazon.com/r53recovery/latest/dg/arc-zonal-shift.resource-types.html
 */
import { randomUUID } from "node:crypto";
import type { Region } from "../../components/model.ts";
import { isObject } from "../cloud/fields.ts";
import type { Entry, Registry } from "../providers/registry.ts";
import { JsonError, restService } from "./json.ts";
import type { AwsRequest } from "./protocol.ts";

interface Shift {
  readonly zonalShiftId: string;
  readonly resourceIdentifier: string;
  /** A zone's id, e.g. `use1-az1`. */
  readonly awayFrom: string;
  readonly comment: string;
  /** Seconds since 1970. */
  readonly startTime: number;
  readonly expiryTime: number;
  status: "ACTIVE" | "EXPIRED" | "CANCELED";
}

export interface ZonalShiftOptions {
  readonly registry: Registry;
  /** Leads traffic of the region's cluster away from a zone, or back. */
  readonly shiftAway: (region: Region, zone: string, isShiftedAway: boolean) => void;
}

const CLUSTER = "aws:eks/cluster:Cluster";
const BALANCER = "aws:lb/loadBalancer:LoadBalancer";
const LONGEST_MINUTES = 72 * 60;

export class ZonalShifts {
  readonly #options: ZonalShiftOptions;
  readonly #shifts = new Map<string, Shift>();
  readonly #timers = new Map<string, NodeJS.Timeout>();

  constructor(options: ZonalShiftOptions) {
    this.#options = options;
  }

  readonly aws = restService({
    name: "arc-zonal-shift",
    perform: (request, path) => this.#perform(request, path),
  });

  close(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
  }

  #perform({ method, path, region, body }: AwsRequest, [kind, id = ""]: readonly string[]) {
    if (kind === "zonalshifts" && id === "") {
      if (method === "POST")
        return { status: 201, body: this.#start(region, JSON.parse(body.toString("utf8"))) };
      if (method === "GET") return { body: { items: [...this.#shifts.values()] } };
    }
    if (kind === "zonalshifts" && method === "DELETE") return { body: this.#end(id, "CANCELED") };
    throw new JsonError("ResourceNotFoundException", `The sandbox has no ${method} ${path}`, 404);
  }

  #start(region: Region, input: Readonly<Record<string, unknown>>): Shift {
    const [resourceIdentifier, awayFrom] = [String(input["resourceIdentifier"]), String(input["awayFrom"])];
    const resource = this.#managed(region, resourceIdentifier);
    const zone = this.#zoneOf(region, awayFrom);
    const minutes = minutesOf(String(input["expiresIn"]));
    const other = [...this.#shifts.values()].find(
      (one) => one.resourceIdentifier === resourceIdentifier && one.status === "ACTIVE",
    );
    if (other !== undefined)
      throw new JsonError(
        "ConflictException",
        `There is already an active shift: ${other.zonalShiftId}`,
        409,
      );
    const startTime = Math.floor(Date.now() / 1000);
    const shift: Shift = {
      ...{ zonalShiftId: randomUUID(), resourceIdentifier, awayFrom, comment: String(input["comment"]) },
      ...{ startTime, expiryTime: startTime + 60 * minutes, status: "ACTIVE" },
    };
    this.#shifts.set(shift.zonalShiftId, shift);
    const expire = () => this.#end(shift.zonalShiftId, "EXPIRED");
    this.#timers.set(shift.zonalShiftId, setTimeout(expire, 60_000 * minutes));
    if (resource.type === CLUSTER) this.#options.shiftAway(region, zone, true);
    return shift;
  }

  #end(id: string, status: "EXPIRED" | "CANCELED"): Shift {
    const shift = this.#shifts.get(id);
    if (shift === undefined)
      throw new JsonError("ResourceNotFoundException", `There is no zonal shift ${id}`, 404);
    if (shift.status !== "ACTIVE")
      throw new JsonError("ConflictException", `The zonal shift ${id} is ${shift.status}`, 409);
    clearTimeout(this.#timers.get(id));
    shift.status = status;
    const [found] = this.#resources().filter(({ outputs }) => outputs["arn"] === shift.resourceIdentifier);
    if (found?.type === CLUSTER && found.region !== "global")
      this.#options.shiftAway(found.region, this.#zoneOf(found.region, shift.awayFrom), false);
    return shift;
  }

  #resources(): readonly Entry[] {
    return [CLUSTER, BALANCER].flatMap((type) => this.#options.registry.list({ type }));
  }

  /** Only what its owner has opened to zonal shifts. */
  #managed(region: Region, arn: string): Entry {
    const found = this.#resources().find((one) => one.region === region && one.outputs["arn"] === arn);
    const { zonalShiftConfig: config, enableZonalShift } = found?.inputs ?? {};
    const isOn = enableZonalShift === true || (isObject(config) && config["enabled"] === true);
    if (found !== undefined && isOn) return found;
    throw new JsonError(
      "ResourceNotFoundException",
      `${arn} is no resource in ${region} that zonal shift is enabled for`,
      404,
    );
  }

  #zoneOf(region: Region, zoneId: string): string {
    const subnets = this.#options.registry.list({ type: "aws:ec2/subnet:Subnet", region });
    const found = subnets.find(({ outputs }) => outputs["availabilityZoneId"] === zoneId);
    if (found !== undefined) return String(found.inputs["availabilityZone"]);
    throw new JsonError("ValidationException", `${zoneId} is no Availability Zone of ${region}: name its id`);
  }
}

function minutesOf(text: string): number {
  const [, number, unit] = /^([1-9][0-9]*)(m|h)$/.exec(text) ?? [];
  const minutes = Number(number) * (unit === "h" ? 60 : 1);
  if (minutes <= LONGEST_MINUTES) return minutes;
  throw new JsonError("ValidationException", `expiresIn ${text}: allowed are minutes or hours up to 72h`);
}
