/**
 * Accelerated recovery of the hosted zone: record edits again within 60 minutes of a loss of us-east-1. Insurance
 * only, no failover waits for it.
 * https://docs.aws.amazon.com/Route53/latest/APIReference/API_UpdateHostedZoneFeatures.html
 */
import {
  GetHostedZoneCommand,
  type Route53Client,
  UpdateHostedZoneFeaturesCommand,
} from "@aws-sdk/client-route-53";
import { changesOf, type Piece, there } from "./piece.ts";

export const zoneRecovery = (route53: Route53Client, zoneId: string): Piece => ({
  title: `accelerated recovery of zone ${zoneId}`,
  async look() {
    const { HostedZone } = await route53.send(new GetHostedZoneCommand({ Id: zoneId }));
    if (HostedZone?.Config?.PrivateZone) {
      return { state: "short", detail: "the zone is private: clients of the public name never ask it" };
    }
    const status = HostedZone?.Features?.AcceleratedRecoveryStatus;
    if (status === "ENABLED" || status === "ENABLING") return there(status.toLowerCase());
    return changesOf("", [
      [
        "enable it (free)",
        () =>
          route53.send(
            new UpdateHostedZoneFeaturesCommand({ HostedZoneId: zoneId, EnableAcceleratedRecovery: true }),
          ),
      ],
    ]);
  },
});
