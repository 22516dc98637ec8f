/** `dr maintenance --status`: how every shard stands, and what clients are told. */
import type { OnOff, Region } from "../../components/model.ts";
import type { Context } from "../commands/command.ts";
import type { MaintenanceRequest } from "../commands/maintenance.ts";
import { EXIT, messageOf } from "../errors.ts";
import { publicName } from "../failover/world.ts";
import { RunRecord } from "../runbook/record.ts";
import { decideClosed } from "./decide.ts";
import { maintenanceFacts } from "./facts.ts";
import type { ShardStanding } from "./ports.ts";
import { activeRegion, doorOf } from "./world.ts";

export interface MaintenanceStatus {
  readonly region: Region;
  readonly generation: number;
  /** `partly`: some shards take orders, others do not. */
  readonly halted: "yes" | "no" | "partly";
  readonly shards: readonly ShardStanding[];
  /** What gateways read. */
  readonly control: OnOff | { readonly unknown: string };
  /** Whether every address of the public name refuses writes; else what is missing. */
  readonly publicName: "closed" | { readonly open: string } | { readonly unknown: string };
  /** What the operator gave when it was halted; null: nothing, or not on this machine. */
  readonly reason: string | null;
}

export async function showStatus(
  { region, json }: MaintenanceRequest,
  { settings, stdout }: Context,
): Promise<number> {
  const { world, decision } = await activeRegion(region, settings);
  const { outputs, journal } = world;
  const [shards, control, knocked] = await Promise.all([
    journal.standings(),
    journal.control(outputs.region).then(
      (item) => item?.maintenance ?? { unknown: `there is no control item for ${outputs.region}` },
      (error: unknown) => ({ unknown: messageOf(error) }),
    ),
    doorOf(world, publicName(outputs, settings.resolvers)).knock(),
  ]);
  const halted = shards.filter(({ halt }) => halt !== null).length;
  const missing = decideClosed(knocked);
  const isHeard = knocked.some(({ status }) => status !== null);
  const status: MaintenanceStatus = {
    region: outputs.region,
    generation: decision.generation,
    halted: halted === 0 ? "no" : halted === shards.length ? "yes" : "partly",
    shards,
    control,
    publicName: missing === undefined ? "closed" : isHeard ? { open: missing } : { unknown: missing },
    reason: await reasonOf(shards, settings.projectDirectory),
  };
  stdout.write(json ? `${JSON.stringify(status)}\n` : render(status));
  return EXIT.done;
}

async function reasonOf(shards: readonly ShardStanding[], projectDirectory: string): Promise<string | null> {
  const by = new Set(shards.map(({ halt }) => halt?.by));
  const run = (await RunRecord.all(projectDirectory)).find(({ data }) => by.has(data.id));
  return (run && maintenanceFacts(run.data).mission?.reason) ?? null;
}

/** Exported for tests. */
export function render({
  region,
  generation,
  halted,
  shards,
  control,
  publicName: name,
  reason,
}: MaintenanceStatus) {
  const said = {
    yes: "halted",
    no: "takes orders",
    partly: "PARTLY halted: give --enable or --disable again",
  };
  const lines = [
    `${region} (generation ${generation}): ${said[halted]}${reason === null ? "" : `, because: ${reason}`}`,
    ...shards.map((shard) => `  ${placeOf(shard)}`),
    `  maintenance ${typeof control === "string" ? control : `unknown (${control.unknown})`}`,
    `  public name ${name === "closed" ? "refuses writes" : "open" in name ? `not closed, waiting for ${name.open}` : `unknown, waiting for ${name.unknown}`}`,
  ];
  return `${lines.join("\n")}\n`;
}

/** One line: where a shard's log ends, and whether it may go on. */
export function placeOf({ shard, head, halt }: ShardStanding): string {
  const at = (time: number) => new Date(time).toISOString();
  const place =
    head.seq === 0 ? "is empty" : `is at epoch ${head.epoch}, seq ${head.seq}, ${at(head.ts)}, ${head.hash}`;
  const state = halt === null ? "takes orders" : `${halt.reason} by ${halt.by} at ${at(halt.at)}`;
  return `shard ${shard} ${place}: ${state}`;
}
