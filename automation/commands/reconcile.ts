/** `dr reconcile`: after role changes made by API, the `up` that shows exactly them and changes nothing in the cloud. */
import type { Command } from "./command.ts";

export const command: Command = {
  name: "reconcile",
  options(program) {
    program.option("--stack <stack>", "prod or dr; both without");
  },
  async run(options, context) {
    const { reconcile } = await import("../reconcile.ts");
    return await reconcile(options["stack"], context);
  },
};
