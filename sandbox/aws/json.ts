/**
 * AWS' JSON protocols: operation in a header, or in method and path.
 * https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html
 * https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html
 */
import type { Region } from "../../components/model.ts";
import type { AwsRequest, AwsResponse, AwsService } from "./protocol.ts";

/** An error as the service answers it. */
export class JsonError extends Error {
  override readonly name: string;
  readonly status: number;

  constructor(code: string, message: string, status = 400) {
    super(message);
    this.name = code;
    this.status = status;
  }
}

export type JsonOperation = (
  input: Readonly<Record<string, unknown>>,
  region: Region,
) => object | Promise<object>;

export interface JsonService {
  /** In the credential scope. */
  readonly name: string;
  /** For a person, e.g. `KMS`. */
  readonly title: string;
  readonly version?: "1.0" | "1.1";
  readonly operations: Readonly<Record<string, JsonOperation>>;
}

export function jsonService({ name, title, version = "1.1", operations }: JsonService): AwsService {
  const answer = (status: number, body: object): AwsResponse => ({
    status,
    headers: { "content-type": `application/x-amz-json-${version}` },
    body: JSON.stringify(body),
  });
  return {
    name,
    operation,
    async handle(request) {
      const asked = operation(request);
      const run = operations[asked];
      try {
        if (run === undefined)
          throw new JsonError("UnsupportedOperationException", `The sandbox's ${title} has no ${asked}`);
        return answer(200, await run(JSON.parse(request.body.toString("utf8")), request.region));
      } catch (error) {
        if (!(error instanceof JsonError)) throw error;
        return answer(error.status, { __type: error.name, message: error.message });
      }
    },
  };
}

const operation = ({ headers }: AwsRequest): string => headers["x-amz-target"]?.split(".")[1] ?? "unknown";

export interface RestService {
  /** In the credential scope. */
  readonly name: string;
  /** @param path its parts behind the first slash, decoded */
  readonly perform: (
    request: AwsRequest,
    path: readonly string[],
  ) => { readonly status?: number; readonly body: object };
}

export function restService({ name, perform }: RestService): AwsService {
  const answer = (status: number, body: object, error = {}): AwsResponse => ({
    status,
    headers: { "content-type": "application/json", ...error },
    body: JSON.stringify(body),
  });
  return {
    name,
    operation: ({ method, path }) => `${method} /${path.split("/")[1] ?? ""}`,
    async handle(request) {
      try {
        const { status = 200, body } = perform(
          request,
          request.path.split("/").slice(1).map(decodeURIComponent),
        );
        return answer(status, body);
      } catch (error) {
        if (!(error instanceof JsonError)) throw error;
        return answer(error.status, { message: error.message }, { "x-amzn-errortype": error.name });
      }
    },
  };
}
