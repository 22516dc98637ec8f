/** IAM documents as values: pure, so that a test reads them as they will be. */
import type { Statement } from "./grants.ts";

const VERSION = "2012-10-17";

export const policy = (statements: readonly Statement[]): string =>
  JSON.stringify({ Version: VERSION, Statement: statements });

export const assumedByService = (service: string): string =>
  JSON.stringify({
    Version: VERSION,
    Statement: [{ Effect: "Allow", Principal: { Service: service }, Action: ["sts:AssumeRole"] }],
  });

/**
 * Trust of a role that pods of one cluster take.
 * https://docs.aws.amazon.com/eks/latest/userguide/pod-id-role.html
 */
export const assumedByPods = (accountId: string, clusterArn: string): string =>
  JSON.stringify({
    Version: VERSION,
    Statement: [
      {
        Effect: "Allow",
        Principal: { Service: "pods.eks.amazonaws.com" },
        Action: ["sts:AssumeRole", "sts:TagSession"],
        Condition: {
          StringEquals: { "aws:SourceAccount": accountId },
          ArnEquals: { "aws:SourceArn": clusterArn },
        },
      },
    ],
  });
