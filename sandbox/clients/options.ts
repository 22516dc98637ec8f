/** What a load consists of: handed to the clients' process as its one argument, in JSON. */
import { z } from "zod";
import type { LoadOptions } from "../../automation/drill/world.ts";

/** Share of clients that keep their first address whatever the TTL says. */
export const PINNED_SHARE = 0.05;
/** Share of clients that try the other addresses of an answer when one fails. */
export const PERSISTENT_SHARE = 0.1;
export const TIMEOUTS = { connectMilliseconds: 1_000, answerMilliseconds: 3_000 };

const schema = z.strictObject({
  /** `host:port` of the authoritative name server. */
  dnsServer: z.string(),
  publicName: z.string(),
  port: z.int().min(1).max(65_535),
  rate: z.number().positive(),
  clients: z.int().min(1),
  seed: z.int().min(0),
  instruments: z.array(z.string()).min(1),
  logFile: z.string(),
  pinnedTo: z.array(z.string()),
  pinnedShare: z.number().min(0).max(1),
  persistentShare: z.number().min(0).max(1),
  timeouts: z.strictObject({ connectMilliseconds: z.int().min(1), answerMilliseconds: z.int().min(1) }),
});

export type FleetOptions = z.infer<typeof schema>;

export const parseFleetOptions = (argument: string | undefined): FleetOptions =>
  schema.parse(JSON.parse(argument ?? "null"));

export const fleetOptions = (load: LoadOptions, dnsServer: string): FleetOptions => ({
  ...load,
  dnsServer,
  instruments: [...load.instruments],
  pinnedTo: [...load.pinnedTo],
  pinnedShare: PINNED_SHARE,
  persistentShare: PERSISTENT_SHARE,
  timeouts: TIMEOUTS,
});
