/** Process of the clients: JSON options as argument, events on stdout, SIGTERM ends it in order. */
import type { ClientEvent } from "../../automation/drill/client-log.ts";
import { Fleet } from "./fleet.ts";
import { parseFleetOptions } from "./options.ts";

const print = (event: ClientEvent): void => {
  process.stdout.write(`${JSON.stringify(event)}\n`);
};

const fleet = await Fleet.start(parseFleetOptions(process.argv[2]), print);
process.once("SIGTERM", () => {
  fleet.stop().then(
    // Retries of pinned clients would keep the process for ever.
    () => process.exit(0),
    (error: unknown) => {
      process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
      process.exit(1);
    },
  );
});
