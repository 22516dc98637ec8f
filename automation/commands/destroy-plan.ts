/** `dr destroy-plan`: what protects what, and in which order a team could take it down. It changes nothing. */
import type { Command } from "./command.ts";

export const command: Command = {
  name: "destroy-plan",
  options(program) {
    program.option("--json", "one JSON value on stdout");
  },
  async run(options, { settings, stdout }) {
    const [{ destroyPlan }, { render }] = await Promise.all([
      import("../destroy/destroy.ts"),
      import("../destroy/render.ts"),
    ]);
    const plan = await destroyPlan(settings);
    stdout.write(options["json"] === true ? `${JSON.stringify(plan)}\n` : render(plan));
    return 0;
  },
};
