/** AWS' services beside those that parts of the sandbox serve themselves. */
import type { Aurora } from "../aurora/aurora.ts";
import type { Behaviours } from "../cloud/behaviour.ts";
import type { Compute } from "../compute/compute.ts";
import type { ImageRegistry } from "../compute/images.ts";
import type { Network } from "../net/network.ts";
import type { Registry } from "../providers/registry.ts";
import { createAcm } from "./acm.ts";
import { Backups } from "./backup.ts";
import type { Dynamo } from "./dynamo/dynamo.ts";
import { createEcr } from "./ecr.ts";
import { createKms } from "./kms.ts";
import { createMonitoring } from "./monitoring.ts";
import type { AwsService } from "./protocol.ts";
import { createQuotas } from "./quotas.ts";
import { createSts } from "./sts.ts";
import { ZonalShifts } from "./zonalShift.ts";

export interface ServicesOptions {
  readonly accountId: string;
  /** `alias/…`, of the key that the stacks' secrets are under. */
  readonly stateKey: string;
  readonly registry: Registry;
  readonly images: ImageRegistry;
  readonly dynamo: Dynamo;
  readonly aurora: Aurora;
  readonly compute: Compute;
  readonly network: Network;
}

const modelled: readonly string[] = [
  "every image is in both regions' registries until it is deleted there; a node pulls at once",
  "a certificate is issued when its proof is in DNS, for 198 days, and never renewed; a key's state is told and has no effect",
  "Service Quotas tells the numbers of an account that asked for more (256 vCPUs, 20 Elastic IPs), which nothing here enforces",
  "backup plans and restore tests run when told to, not by their schedule; a restore starts a server from the copied files, or writes the items again",
  "a zonal shift begins and ends at once; of a load balancer it changes only that one's own DNS name, which nobody asks here",
  "CloudWatch knows replication lag and healthy targets, as they are when it is asked; it has no history and no alarm ever goes off",
];

export interface Services {
  readonly aws: readonly AwsService[];
  readonly behaviours: Behaviours;
  /** What of this is a model, in words. */
  readonly modelled: readonly string[];
  /** Carries out every backup plan and restore test. @returns what did not work, one line each */
  backUp(): Promise<readonly string[]>;
  close(): void;
}

export function createServices(options: ServicesOptions): Services {
  const { accountId, stateKey, registry, images, dynamo, aurora, compute, network } = options;
  const acm = createAcm(registry);
  const zonalShifts = new ZonalShifts({
    registry,
    shiftAway: (region, zone, isShiftedAway) => compute.cluster(region).shiftAway(zone, isShiftedAway),
  });
  const backups = new Backups({
    registry,
    snapshot: async (region, arn) => {
      const [, table] = /^arn:aws:dynamodb:.*:table\/(.+)$/.exec(arn) ?? [];
      return table === undefined ? await aurora.snapshot(region, arn) : await dynamo.snapshot(region, table);
    },
  });
  const targetGroup = (suffix: string | undefined) =>
    registry
      .list({ type: "aws:lb/targetGroup:TargetGroup" })
      .find(({ outputs }) => outputs["arnSuffix"] === suffix)?.id;
  return {
    aws: [
      createSts({ accountId }),
      createKms({ accountId, alias: stateKey, registry }),
      createEcr({ accountId, registry, images }),
      createQuotas(),
      acm.aws,
      zonalShifts.aws,
      backups.aws,
      createMonitoring({
        "AWS/RDS/AuroraGlobalDBReplicationLag": async ({ DBClusterIdentifier = "" }, region) =>
          await aurora.lagMilliseconds(region, DBClusterIdentifier),
        "AWS/NetworkELB/HealthyHostCount": async ({ TargetGroup, AvailabilityZone = "" }) => {
          const group = targetGroup(TargetGroup);
          return group === undefined
            ? undefined
            : network.loadBalancers.group(group).healthyIn(AvailabilityZone);
        },
      }),
    ],
    behaviours: acm.behaviours,
    modelled,
    backUp: () => backups.run(),
    close: () => zonalShifts.close(),
  };
}
