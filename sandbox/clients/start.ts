/** Starts the clients in a process of their own, so that the sandbox's work does not disturb their timing. */
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import path from "node:path";
import type { ClientEvent } from "../../automation/drill/client-log.ts";
import type { Load } from "../../automation/drill/world.ts";
import type { Processes } from "../processes.ts";
import { followFile } from "./followFile.ts";
import type { FleetOptions } from "./options.ts";

const PROGRAM = path.join(import.meta.dirname, "main.ts");
const STOP_LIMIT_MILLISECONDS = 15_000;

/** What the process says besides events (a crash, say) is kept beside its log, in `<logFile>.out`. */
export async function startFleet(
  processes: Processes,
  options: FleetOptions,
  heard: (event: ClientEvent) => void,
): Promise<Load> {
  const outputPath = `${options.logFile}.out`;
  const output = openSync(outputPath, "a");
  const child = processes.spawn(process.execPath, [PROGRAM, JSON.stringify(options)], { env: {}, output });
  closeSync(output);
  const exited = once(child, "exit");
  const following = followFile(outputPath, (line) => {
    const event = eventOf(line);
    if (event !== undefined) heard(event);
  });
  return {
    stop: async () => {
      processes.signal(child, "SIGTERM");
      const limit = setTimeout(() => processes.kill(child), STOP_LIMIT_MILLISECONDS);
      await (child.exitCode === null && child.signalCode === null ? exited : Promise.resolve());
      clearTimeout(limit);
      await following.stop();
      if (child.exitCode !== 0) {
        throw new Error(
          `the clients' process ended with ${child.signalCode ?? `exit code ${child.exitCode}`}; its words are in ${outputPath}`,
        );
      }
    },
  };
}

function eventOf(line: string): ClientEvent | undefined {
  try {
    return JSON.parse(line) as ClientEvent;
  } catch {
    return undefined;
  }
}
