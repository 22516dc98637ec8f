/**
 * Calls to AWS services that are asked a question or two each: signed, one attempt, one answer as JSON. A client
 * library for each of them would be loaded for a single request.
 */
import { z } from "zod";
import type { Region } from "../../components/model.ts";
import type { Endpoints } from "./endpoints.ts";
import { exchange, type HttpAnswer } from "./http.ts";
import { type Credentials, sign } from "./sigv4.ts";

/** Host and protocol of a service; `target` is the prefix of its operations in JSON RPC. */
interface Service {
  /** Of its host name, before the region. */
  readonly host: string;
  /** Name that requests are signed for. */
  readonly name: string;
  readonly target?: string;
  readonly version?: "1.0" | "1.1";
}

/** https://docs.aws.amazon.com/general/latest/gr/aws-service-information.html */
const SERVICES = {
  acm: { host: "acm", name: "acm", target: "CertificateManager", version: "1.1" },
  backup: { host: "backup", name: "backup" },
  cloudwatch: {
    host: "monitoring",
    name: "monitoring",
    target: "GraniteServiceVersion20100801",
    version: "1.0",
  },
  ecr: {
    host: "api.ecr",
    name: "ecr",
    target: "AmazonEC2ContainerRegistry_V20150921",
    version: "1.1",
  },
  fis: { host: "fis", name: "fis" },
  kms: { host: "kms", name: "kms", target: "TrentService", version: "1.1" },
  quotas: { host: "servicequotas", name: "servicequotas", target: "ServiceQuotasV20190624", version: "1.1" },
  sns: { host: "sns", name: "sns" },
} as const satisfies Record<string, Service>;
export type ServiceName = keyof typeof SERVICES;

const TIMEOUT_MILLISECONDS = 5_000;
const PAGES = 50;
/** Services differ in how they write it. */
const paged = z
  .object({ NextToken: z.string().nullish(), nextToken: z.string().nullish() })
  .transform(({ NextToken, nextToken }) => NextToken || nextToken);

export class AwsError extends Error {
  override readonly name: string;

  /** @param code AWS' name of the error, e.g. `AccessDeniedException` */
  constructor(code: string, message: string) {
    super(message);
    this.name = code;
  }
}

export class AwsCalls {
  readonly #endpoints: Endpoints;
  readonly #credentials: () => Promise<Credentials>;
  readonly #override: string | undefined;

  /** @param override instead of AWS' own endpoints */
  constructor(endpoints: Endpoints, credentials: () => Promise<Credentials>, override: string | undefined) {
    this.#endpoints = endpoints;
    this.#credentials = credentials;
    this.#override = override;
  }

  /** An operation of a JSON RPC service. @throws AwsError, NoAnswerError */
  async rpc(service: ServiceName, region: Region, operation: string, input: object): Promise<unknown> {
    const { target, version }: Service = SERVICES[service];
    if (target === undefined) throw new Error(`${service} is no JSON RPC service`);
    const headers = {
      "content-type": `application/x-amz-json-${version}`,
      "x-amz-target": `${target}.${operation}`,
    };
    const answer = await this.#send(service, region, "POST", "/", headers, JSON.stringify(input));
    return parsed(answer);
  }

  /** A request to a REST service. @param path with its query */
  async rest(
    service: ServiceName,
    region: Region,
    method: "GET" | "POST" | "DELETE",
    path: string,
    input?: object,
  ): Promise<unknown> {
    const body = input === undefined ? "" : JSON.stringify(input);
    const headers = input === undefined ? {} : { "content-type": "application/json" };
    return parsed(await this.#send(service, region, method, path, headers, body));
  }

  /** All answers of a REST service's list. @param path with its query, how many at once among it */
  async pages(service: ServiceName, region: Region, path: string): Promise<readonly unknown[]> {
    const answers: unknown[] = [];
    let after = "";
    while (answers.length < PAGES) {
      const answer = await this.rest(service, region, "GET", `${path}${after}`);
      answers.push(answer);
      const next = paged.parse(answer);
      if (!next) return answers;
      after = `&nextToken=${encodeURIComponent(next)}`;
    }
    throw new Error(`${service} in ${region} lists more than ${PAGES} pages of ${path}`);
  }

  /** An operation of a Query service, whose answer is of no interest. */
  async query(
    service: ServiceName,
    region: Region,
    parameters: Readonly<Record<string, string>>,
  ): Promise<void> {
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    const body = new URLSearchParams(parameters).toString();
    await this.#send(service, region, "POST", "/", headers, body);
  }

  async #send(
    service: ServiceName,
    region: Region,
    method: string,
    path: string,
    headers: Readonly<Record<string, string>>,
    body: string,
  ): Promise<HttpAnswer> {
    this.#endpoints.assert(region, "AWS");
    const { host, name } = SERVICES[service];
    const url = new URL(path, this.#override ?? `https://${host}.${region}.amazonaws.com`);
    const credentials = await this.#credentials();
    const signed = sign({ method, url, service: name, region, headers, body, credentials, now: new Date() });
    const answer = await exchange(url, {
      method,
      headers: { ...signed, "content-length": String(Buffer.byteLength(body)) },
      body,
      timeoutMilliseconds: TIMEOUT_MILLISECONDS,
    });
    if (answer.status < 300) return answer;
    throw errorOf(`${service} in ${region}`, answer);
  }
}

function parsed({ body }: HttpAnswer): unknown {
  return body === "" ? {} : (JSON.parse(body) as unknown);
}

/** JSON services name the error in the body or a header, as `prefix#Name`; others answer XML or text. */
function errorOf(asked: string, { status, headers, body }: HttpAnswer): AwsError {
  const header = headers["x-amzn-errortype"];
  const type =
    /"(?:__type|code)"\s*:\s*"([^"]+)"/i.exec(body)?.[1] ?? (typeof header === "string" ? header : "");
  const code = type.split("#").at(-1)?.split(":")[0] || "AwsError";
  const message = /"message"\s*:\s*"([^"]*)"/i.exec(body)?.[1] ?? body.slice(0, 200);
  return new AwsError(code, `${asked}: ${status} ${message}`);
}
