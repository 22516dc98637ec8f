/**
 * A door to AWS in front of the sandbox's: alarms, experiments and topics answer as AWS documents it, a webhook listens
 * beside them, and everything else goes on to the sandbox.
 */
import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import type { ExecutionContext } from "ava";

const RECORDED = path.join(import.meta.dirname, "../../../automation/calendar/recorded.json");

interface Recorded {
  readonly template: unknown;
  readonly experiments: readonly unknown[];
  /** What FIS lists: nothing that goes on. */
  readonly listed: unknown;
  /** As every one of them stands. */
  readonly alarm: object;
}

export class RecordedCloud {
  /** What the webhook was told. */
  readonly told: string[] = [];
  /** Experiments and messages that were asked for, e.g. `fis POST /experiments`. */
  readonly asked: string[] = [];
  url = "";
  readonly #recorded: Recorded;
  readonly #behind: URL;
  #looks = 0;

  private constructor(recorded: Recorded, behind: URL) {
    this.#recorded = recorded;
    this.#behind = behind;
  }

  static async start(t: ExecutionContext, behind: string): Promise<RecordedCloud> {
    const recorded = JSON.parse(await readFile(RECORDED, "utf8")) as Recorded;
    const cloud = new RecordedCloud(recorded, new URL(behind));
    const server = createServer((incoming, response) => cloud.#answer(incoming, response));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    cloud.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    t.teardown(() => {
      server.closeAllConnections();
      server.close();
    });
    return cloud;
  }

  #answer(incoming: IncomingMessage, response: ServerResponse): void {
    if (incoming.url === "/webhook") {
      let text = "";
      incoming.on("data", (chunk) => (text += chunk));
      incoming.once("end", () => {
        this.told.push((JSON.parse(text) as { text: string }).text);
        response.end("ok");
      });
      return;
    }
    // Name and purpose of a request stand in its signature's scope.
    const service = /Credential=[^/]+\/\d+\/[^/]+\/([^/]+)\//.exec(incoming.headers.authorization ?? "")?.[1];
    const operation = String(incoming.headers["x-amz-target"] ?? "").split(".")[1];
    const say = (answer: unknown) => {
      this.asked.push(`${service} ${operation ?? `${incoming.method} ${incoming.url}`}`);
      response.setHeader("content-type", "application/json").end(JSON.stringify(answer));
    };
    if (service === "monitoring" && operation === "DescribeAlarms") {
      let text = "";
      incoming.on("data", (chunk) => (text += chunk));
      incoming.once("end", () => {
        const { AlarmNames } = JSON.parse(text) as { AlarmNames: readonly string[] };
        say({ MetricAlarms: AlarmNames.map((AlarmName) => ({ AlarmName, ...this.#recorded.alarm })) });
      });
      return;
    }
    const answer = this.#recordedAnswer(service, incoming);
    if (answer === undefined) {
      this.#pass(incoming, response);
      return;
    }
    incoming.resume();
    say(answer);
  }

  #recordedAnswer(service: string | undefined, { method, url = "" }: IncomingMessage): unknown {
    const { template, experiments, listed } = this.#recorded;
    if (service === "sns") return {};
    if (service !== "fis") return undefined;
    if (url.startsWith("/experimentTemplates/")) return template;
    if (url.startsWith("/experiments?")) return listed;
    if (method === "POST") this.#looks = 0;
    return experiments[Math.min(method === "POST" ? 0 : ++this.#looks, experiments.length - 1)];
  }

  #pass(incoming: IncomingMessage, response: ServerResponse): void {
    const { hostname, port } = this.#behind;
    const { method, url: path, headers } = incoming;
    const onward = request({ hostname, port, method, path, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    // Whoever asks must see what the sandbox' own door does, not an answer of ours.
    onward.once("error", () => response.destroy());
    response.once("close", () => onward.destroy());
    incoming.pipe(onward);
  }
}
