/** STS, as far as checking one's credentials needs it. */
import type { AwsRequest, AwsService } from "./protocol.ts";
import { parseQuery, QueryError, queryFailure, queryResult } from "./query.ts";

const NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/";

export function createSts({ accountId }: { readonly accountId: string }): AwsService {
  return {
    name: "sts",
    operation: (request) => parseQuery(request).action,
    async handle(request: AwsRequest) {
      const { action } = parseQuery(request);
      if (action !== "GetCallerIdentity") {
        return queryFailure(NAMESPACE, new QueryError("InvalidAction", `The sandbox's STS has no ${action}`));
      }
      return queryResult(NAMESPACE, action, {
        Account: accountId,
        Arn: `arn:aws:iam::${accountId}:user/sandbox`,
        UserId: "AIDASANDBOX",
      });
    },
  };
}
