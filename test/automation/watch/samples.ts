/** Looks at a platform in order, and what may be wrong with them. */
import type { Sample } from "../../../automation/watch/sample.ts";

export const good: Sample = {
  at: 1_800_000_000_000,
  active: "us-east-1",
  name: { region: "us-east-1", served: 3, of: 3, milliseconds: 12 },
  served: { requests: 200, failed: 0, meanMilliseconds: 8.4 },
  zones: [
    { zone: "us-east-1a", ready: 2, gateways: 2 },
    { zone: "us-east-1b", ready: 1, gateways: 1 },
  ],
  addresses: { answering: 3, of: 3 },
  healthyHosts: { unknown: "there is no CloudWatch" },
  lagSeconds: 0.42,
  behindEvents: 14,
  journalMilliseconds: 3.2,
  heartbeatSeconds: 0.2,
};
export const failing: Sample = { ...good, name: { region: null, served: 0, of: 3, milliseconds: null } };
/** A zone is lost: its address is still in the name's answer, and nobody is behind it. */
export const limping: Sample = {
  ...good,
  name: { region: "us-east-1", served: 2, of: 3, milliseconds: 12 },
  zones: [
    { zone: "us-east-1a", ready: 0, gateways: 2 },
    { zone: "us-east-1b", ready: 1, gateways: 1 },
  ],
  addresses: { answering: 2, of: 3 },
  healthyHosts: { "us-east-1a": 0, "us-east-1b": 1 },
};
export const blind: Sample = { ...good, name: { unknown: "queryA ETIMEOUT" } };
