/** The Query protocol: form parameters in, XML out. https://smithy.io/2.0/aws/protocols/aws-query-protocol.html */
import { randomUUID } from "node:crypto";
import type { AwsRequest, AwsResponse } from "./protocol.ts";
import { writeXml, type XmlValue } from "./xml.ts";

/** An error as the service answers it. */
export class QueryError extends Error {
  override readonly name = "QueryError";
  readonly code: string;
  readonly status: number;

  constructor(code: string, message: string, status = 400) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

export interface Query {
  readonly action: string;
  readonly parameters: URLSearchParams;
}

export function parseQuery({ body, query }: AwsRequest): Query {
  const parameters = body.length > 0 ? new URLSearchParams(body.toString("utf8")) : query;
  return { action: parameters.get("Action") ?? "unknown", parameters };
}

const answer = (status: number, root: string, value: XmlValue, namespace: string): AwsResponse => ({
  status,
  headers: { "content-type": "text/xml" },
  body: writeXml(root, value, namespace),
});

export const queryResult = (namespace: string, action: string, result: XmlValue): AwsResponse =>
  answer(
    200,
    `${action}Response`,
    { [`${action}Result`]: result, ResponseMetadata: { RequestId: randomUUID() } },
    namespace,
  );

export const queryFailure = (namespace: string, { code, message, status }: QueryError): AwsResponse => {
  const Type = status < 500 ? "Sender" : "Receiver";
  const error = { Error: { Type, Code: code, Message: message }, RequestId: randomUUID() };
  return answer(status, "ErrorResponse", error, namespace);
};
