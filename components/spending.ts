/** Says when a month gets dearer than planned. One for the account, so that the stack that starts active owns it. */
import { Budget } from "@pulumi/aws/budgets/budget.js";
import { ComponentResource, type ComponentResourceOptions } from "@pulumi/pulumi";
import type { Identity } from "./names.ts";

export interface SpendingArgs extends Identity {
  readonly monthlyDollars: number;
  readonly emails: readonly string[];
}

/** Of the month's budget. */
const PERCENTAGES = { ACTUAL: 80, FORECASTED: 100 } as const;

export class Spending extends ComponentResource {
  constructor(name: string, args: SpendingArgs, options?: ComponentResourceOptions) {
    super("trading-platform:components:Spending", name, {}, options);
    new Budget(
      name,
      {
        name: `${args.name}-monthly`,
        budgetType: "COST",
        timeUnit: "MONTHLY",
        limitAmount: String(args.monthlyDollars),
        limitUnit: "USD",
        // Every resource carries this tag; billing must be told once to look at it.
        // https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/activating-tags.html
        costFilters: [{ name: "TagKeyValue", values: [`user:platform$${args.name}`] }],
        notifications: Object.entries(PERCENTAGES).map(([notificationType, threshold]) => ({
          notificationType,
          threshold,
          thresholdType: "PERCENTAGE",
          comparisonOperator: "GREATER_THAN",
          // By mail and not by the topic: a budget takes only topics of us-east-1.
          subscriberEmailAddresses: [...args.emails],
        })),
      },
      { parent: this },
    );
    this.registerOutputs();
  }
}
