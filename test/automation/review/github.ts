/** A small GitHub: comments and issues in pages, as its API answers, and what was asked of it. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { ExecutionContext } from "ava";

export interface Post {
  id: number;
  number?: number;
  title?: string;
  state?: string;
  body: string;
  user: { login: string; type: string };
  pull_request?: object;
}

export const BOT = { login: "github-actions[bot]", type: "Bot" };
const LARGEST_PAGE = 100;

export class FakeGitHub {
  readonly comments: Post[] = [];
  readonly issues: Post[] = [];
  readonly asked: string[] = [];
  /** Answers that come first, whatever is asked for. */
  readonly troubles: { status: number; body: string }[] = [];
  /** Undefined: a workflow's token, which has no user. */
  user: string | undefined;
  largestPage = LARGEST_PAGE;
  url = "";

  static async start(t: ExecutionContext): Promise<FakeGitHub> {
    const github = new FakeGitHub();
    const server = createServer((request, response) => void github.#answer(request, response));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    github.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    t.teardown(() => {
      server.closeAllConnections();
      server.close();
    });
    return github;
  }

  /** As many comments of other people. */
  talk(count: number): void {
    for (let n = 0; n < count; n++) {
      this.comments.push({ id: n + 1, body: `comment ${n + 1}`, user: { login: "ann", type: "User" } });
    }
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = "";
    for await (const chunk of request) text += chunk;
    const url = new URL(request.url ?? "/", this.url);
    this.asked.push(`${request.method} ${url.pathname}${url.search}`);
    const send = (status: number, body: unknown, headers = {}) =>
      response
        .writeHead(status, { "content-type": "application/json", ...headers })
        .end(JSON.stringify(body));
    if (request.headers.authorization !== "Bearer secret")
      return void send(401, { message: "Bad credentials" });
    const trouble = this.troubles.shift();
    if (trouble !== undefined) return void response.writeHead(trouble.status).end(trouble.body);
    if (url.pathname === "/user") {
      return void (this.user === undefined
        ? send(403, { message: "Resource not accessible by integration" })
        : send(200, { login: this.user }));
    }
    const [, , , , kind = "", which = "", id] = url.pathname.split("/");
    const body = text === "" ? {} : (JSON.parse(text) as Partial<Post>);
    const list = kind === "issues" && which !== "" ? this.comments : this.issues;
    if (request.method === "GET")
      return this.#page(
        url,
        list === this.issues ? list.filter(({ state }) => state === "open") : list,
        send,
      );
    if (request.method === "PATCH") {
      const found =
        which === "comments"
          ? this.comments.find((one) => one.id === Number(id))
          : this.issues.find((one) => one.number === Number(which));
      if (found === undefined) return void send(404, { message: "Not Found" });
      return void send(200, Object.assign(found, body));
    }
    const author = this.user === undefined ? BOT : { login: this.user, type: "User" };
    const made = {
      id: 1000 + list.length,
      number: 1000 + list.length,
      state: "open",
      body: "",
      user: author,
      ...body,
    };
    list.push(made);
    send(201, made);
  }

  #page(
    url: URL,
    list: readonly Post[],
    send: (status: number, body: unknown, headers?: object) => void,
  ): void {
    const perPage = Math.min(Number(url.searchParams.get("per_page") ?? 30), this.largestPage);
    const page = Number(url.searchParams.get("page") ?? 1);
    const next = new URL(url);
    next.searchParams.set("page", String(page + 1));
    const isLast = page * perPage >= list.length;
    send(
      200,
      list.slice((page - 1) * perPage, page * perPage),
      isLast ? {} : { link: `<${next}>; rel="next"` },
    );
  }
}
