/** What a halt or a resumption finds out, kept in the run record for later steps and the evidence. */
import type { OnOff, Region } from "../../components/model.ts";
import type { RunData } from "../runbook/record.ts";
import type { StepContext } from "../runbook/step.ts";
import type { MaintenancePorts, ShardStanding } from "./ports.ts";

export interface MaintenanceMission {
  readonly region: Region;
  readonly maintenance: OnOff;
  /** Of the decision that stood when the run started. */
  readonly generation: number;
  readonly shards: number;
  /** In the operator's words; null: none were given. */
  readonly reason: string | null;
}

export interface MaintenanceFacts {
  readonly mission: MaintenanceMission;
  readonly before: readonly ShardStanding[];
  /** After the seals. */
  readonly standings: readonly ShardStanding[];
  /** When the last shard was sealed, milliseconds since 1970. */
  readonly sealedAt: number;
  /** Engines that did not say that they stopped. */
  readonly silentEngines: readonly string[];
  readonly via: { readonly how: "pulumi" | "direct" | "already"; readonly reason?: string };
  /** When the public name was seen to say the same. */
  readonly verifiedAt: number;
}

export type MaintenanceContext = StepContext<MaintenancePorts, MaintenanceFacts>;

export { known } from "../runbook/known.ts";

export const maintenanceFacts = (data: Readonly<RunData>): Partial<MaintenanceFacts> =>
  data.facts as unknown as Partial<MaintenanceFacts>;
