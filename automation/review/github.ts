/** The two things of GitHub that a report needs: one comment that is its own, and one issue. */
import { z } from "zod";
import { exchange, NoAnswerError } from "../adapters/http.ts";
import { CredentialsError, HalfwayError, UsageError } from "../errors.ts";
import { isReport } from "./memory.ts";

export interface Repository {
  readonly apiUrl: string;
  /** OWNER/NAME */
  readonly repository: string;
  readonly token: string;
}

const postSchema = z.object({
  id: z.number(),
  number: z.number().nullish(),
  body: z.string().nullish(),
  user: z.object({ login: z.string(), type: z.string() }).nullish(),
  pull_request: z.unknown().optional(),
});
/** A comment or an issue. */
export type Post = z.infer<typeof postSchema>;

const PATIENCE_MILLISECONDS = 20_000;
const ATTEMPTS = 3;
const PAUSE_MILLISECONDS = 1_000;
/** Of a hundred each: more than any pull request has. */
const MOST_PAGES = 100;

export class GitHub {
  readonly #at: Repository;
  readonly #signal: AbortSignal;

  constructor(at: Repository, signal: AbortSignal) {
    this.#at = at;
    this.#signal = signal;
  }

  /** The report's comment among all of a pull request's; undefined: it was not there yet. */
  async reportComment(pullRequest: number): Promise<Post | undefined> {
    return await this.#firstReport(`/issues/${pullRequest}/comments?per_page=100`);
  }

  async writeComment(pullRequest: number, found: Post | undefined, body: string): Promise<void> {
    if (found === undefined) await this.#create(`/issues/${pullRequest}/comments`, { body });
    else await this.#call("PATCH", this.#url(`/issues/comments/${found.id}`), { body });
  }

  /** The report's open issue. */
  async reportIssue(): Promise<Post | undefined> {
    return await this.#firstReport("/issues?state=open&per_page=100");
  }

  async writeIssue(
    found: Post | undefined,
    issue: { readonly title: string; readonly body: string; readonly state: "open" | "closed" },
  ): Promise<void> {
    if (found !== undefined) await this.#call("PATCH", this.#url(`/issues/${found.number}`), issue);
    else if (issue.state === "open") await this.#create("/issues", { title: issue.title, body: issue.body });
  }

  #url(path: string): URL {
    return new URL(`${this.#at.apiUrl.replace(/\/$/, "")}/repos/${this.#at.repository}${path}`);
  }

  async #firstReport(path: string): Promise<Post | undefined> {
    const isMine = await this.#author();
    let next: URL | undefined = this.#url(path);
    for (let page = 0; next !== undefined && page < MOST_PAGES; page++) {
      const answer: Answer = await this.#call("GET", next);
      const posts = z.array(postSchema).parse(JSON.parse(answer.body));
      const found = posts.find(
        (post) => post.pull_request === undefined && isReport(post.body ?? "") && isMine(post),
      );
      if (found !== undefined) return found;
      next = nextPage(answer.link, next);
    }
    return undefined;
  }

  /**
   * Anybody may copy the marker into a comment of theirs, which this token may be allowed to edit. A workflow's token
   * has no user to ask for: its comments are a bot's.
   */
  async #author(): Promise<(post: Post) => boolean> {
    const url = new URL(`${this.#at.apiUrl.replace(/\/$/, "")}/user`);
    const { status, body } = await this.#send("GET", url);
    if (status !== 200) return ({ user }) => user?.type === "Bot";
    const { login } = z.object({ login: z.string() }).parse(JSON.parse(body));
    return ({ user }) => user?.login === login;
  }

  /** Not repeated when no answer came: a second comment would be there for good. */
  async #create(path: string, body: object): Promise<void> {
    const url = this.#url(path);
    try {
      checkStatus("POST", url, await this.#send("POST", url, body));
    } catch (error) {
      if (!(error instanceof NoAnswerError)) throw error;
      throw new HalfwayError(
        `${error.message}; whether it was written is unknown: the same command finds it`,
        {
          cause: error,
        },
      );
    }
  }

  async #call(method: string, url: URL, body?: object): Promise<Answer> {
    for (let attempt = 1; ; attempt++) {
      try {
        const answer = await this.#send(method, url, body);
        if (attempt === ATTEMPTS || !isTransient(answer.status)) return checkStatus(method, url, answer);
      } catch (error) {
        if (attempt === ATTEMPTS || !(error instanceof NoAnswerError)) throw error;
        this.#signal.throwIfAborted();
      }
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MILLISECONDS * attempt));
    }
  }

  async #send(method: string, url: URL, body?: object): Promise<Answer> {
    const {
      status,
      headers,
      body: text,
    } = await exchange(url, {
      method,
      headers: {
        accept: "application/vnd.github+json",
        authorization: `Bearer ${this.#at.token}`,
        "user-agent": "region-failover",
        "x-github-api-version": "2022-11-28",
        ...(body && { "content-type": "application/json" }),
      },
      ...(body && { body: JSON.stringify(body) }),
      timeoutMilliseconds: PATIENCE_MILLISECONDS,
      signal: this.#signal,
    });
    return { status, body: text, link: String(headers["link"] ?? "") };
  }
}

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly link: string;
}

const isTransient = (status: number): boolean => status === 429 || status >= 500;

function checkStatus(method: string, url: URL, answer: Answer): Answer {
  const { status, body } = answer;
  if (status >= 200 && status < 300) return answer;
  const said = /"message"\s*:\s*"([^"]*)"/.exec(body)?.[1] ?? "no reason given";
  const message = `GitHub answered ${status} to ${method} ${url.pathname}: ${said}`;
  if (status === 401 || status === 403) {
    throw new CredentialsError(
      `${message}. The token needs \`pull-requests: write\` for a comment, \`issues: write\` for an issue`,
    );
  }
  if (status === 404)
    throw new UsageError(`${message}. Check GITHUB_REPOSITORY and the pull request's number`);
  throw new HalfwayError(message);
}

/** https://docs.github.com/en/rest/using-the-rest-api/using-pagination-in-the-rest-api */
function nextPage(link: string, current: URL): URL | undefined {
  const target = /<([^>]+)>;\s*rel="next"/.exec(link)?.[1];
  if (target === undefined) return undefined;
  const next = new URL(target, current);
  // The token goes to nobody else.
  return next.origin === current.origin ? next : undefined;
}
