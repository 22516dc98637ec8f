/** `dr bootstrap`: what must be there before the first deployment, and the quotas that the deployment will meet. */
import { UsageError } from "../errors.ts";
import type { Command } from "./command.ts";

export const command: Command = {
  name: "bootstrap",
  options(program) {
    program
      .option("--repository <owner/name>", "GitHub repository whose CI may deploy and fail over")
      .option(
        "--operator <arn>",
        "IAM user or role that may fail over, with a second factor; repeatable",
        collect,
        [],
      )
      .option("--dry-run", "show what is there and what would be made, change nothing")
      .option("--yes", "do not ask");
  },
  async run(options, context) {
    const { repository } = options;
    const operators = options["operator"] as readonly string[];
    const yes = options["yes"] === true;
    const dryRun = options["dryRun"] === true;
    if (typeof repository !== "string" || !/^[\w.-]+\/[\w.-]+$/.test(repository)) {
      throw new UsageError(
        `--repository ${repository === undefined ? "is missing" : String(repository)}: name the repository whose CI deploys, as owner/name`,
      );
    }
    for (const arn of operators) {
      if (/^arn:aws:iam::\d{12}:(user|role)\/[\w+=,.@/-]+$/.test(arn)) continue;
      throw new UsageError(`--operator ${arn}: must be the ARN of an IAM user or role`);
    }
    if (!yes && !dryRun && context.stdin.isTTY !== true) {
      throw new UsageError("there is no terminal to confirm on: add --yes, or --dry-run to look only");
    }
    const [{ bootstrap }, { bootstrapClients }, { readStackConfig }] = await Promise.all([
      import("../bootstrap/bootstrap.ts"),
      import("../bootstrap/clients.ts"),
      import("../stack-config.ts"),
    ]);
    const config = await readStackConfig(context.settings.projectDirectory, "prod");
    const clients = bootstrapClients(config.regions, context.settings.awsEndpoint);
    return await bootstrap(config, { repository, operators, yes, dryRun }, clients, context);
  },
};

const collect = (value: string, before: readonly string[]): readonly string[] => [...before, value];
