/** `dr maintenance`: what the operator asks for, checked before anything else is loaded. */
import { UsageError } from "../errors.ts";
import type { Command, Options } from "./command.ts";

export interface MaintenanceRequest {
  readonly action: "enable" | "disable" | "status";
  /** Undefined: the region that is active. */
  readonly region: string | undefined;
  readonly reason: string | undefined;
  readonly direct: boolean;
  readonly json: boolean;
}

const ACTIONS = ["enable", "disable", "status"] as const;

export const command: Command = {
  name: "maintenance",
  options(program) {
    program
      .option("--enable", "halt: no write is accepted until --disable")
      .option("--disable", "end the halt, and prove it by an order on every shard")
      .option("--status", "say how every shard stands, change nothing")
      .option("--region <region>", "the active region; refused when another one is active")
      .option("--reason <text>", "why, for the evidence; with --enable")
      .option("--direct", "set the switch by API, without Pulumi; reconcile afterwards")
      .option("--json", "one event per line on stdout");
  },
  async run(options, context) {
    const request = parseRequest(options);
    if (request.action === "status") {
      const { showStatus } = await import("../maintenance/status.ts");
      return await showStatus(request, context);
    }
    const { runMaintenance } = await import("../maintenance/start.ts");
    return await runMaintenance(request, context);
  },
};

/** @throws UsageError */
export function parseRequest(options: Options): MaintenanceRequest {
  const text = (name: string) => (typeof options[name] === "string" ? options[name] : undefined);
  const given = ACTIONS.filter((action) => options[action] === true);
  const [action] = given;
  if (action === undefined || given.length > 1) {
    const got = given.length === 0 ? "none is given" : `got ${given.map((one) => `--${one}`).join(" and ")}`;
    throw new UsageError(`exactly one of --enable, --disable and --status is needed: ${got}`);
  }
  const reason = text("reason");
  if (reason !== undefined && action !== "enable") {
    throw new UsageError(`--reason goes with --enable, not with --${action}`);
  }
  return {
    action,
    region: text("region"),
    reason,
    direct: options["direct"] === true,
    json: options["json"] === true,
  };
}
