/** Tells people that production is disturbed on purpose: by a Slack-compatible webhook and by the stacks' SNS topic. */
import type { Region } from "../../components/model.ts";
import type { AwsCalls } from "../adapters/aws-call.ts";
import { exchange } from "../adapters/http.ts";
import { messageOf } from "../errors.ts";

const TIMEOUT_MILLISECONDS = 5_000;
/** SNS takes so many characters as a subject, ASCII only. https://docs.aws.amazon.com/sns/latest/api/API_Publish.html */
const SUBJECT_CHARACTERS = 100;

export interface Channel {
  /** For a person; holds no secret. */
  readonly name: string;
  readonly send: (subject: string, text: string) => Promise<void>;
}

/** https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks: the URL is the secret. */
export function webhook(url: string): Channel {
  return {
    name: `webhook at ${new URL(url).hostname}`,
    async send(subject, text) {
      const { status, body } = await exchange(url, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ text: `*${subject}*\n${text}` }),
        timeoutMilliseconds: TIMEOUT_MILLISECONDS,
      });
      if (status >= 300) throw new Error(`${status} ${body.slice(0, 200)}`);
    },
  };
}

export function topic(calls: AwsCalls, region: Region, TopicArn: string): Channel {
  return {
    name: `topic ${TopicArn}`,
    async send(subject, Message) {
      const Subject = subject.replace(/[^\x20-\x7e]/g, "?").slice(0, SUBJECT_CHARACTERS);
      await calls.query("sns", region, {
        Action: "Publish",
        Version: "2010-03-31",
        TopicArn,
        Subject,
        Message,
      });
    },
  };
}

export interface Announced {
  readonly told: readonly string[];
  readonly failed: readonly string[];
}

/** By every channel; one that fails keeps no other from being told. */
export async function announce(
  channels: readonly Channel[],
  subject: string,
  text: string,
): Promise<Announced> {
  const results = await Promise.all(
    channels.map(({ name, send }) =>
      send(subject, text).then(
        () => ({ name, error: undefined }),
        (error: unknown) => ({ name, error: messageOf(error) }),
      ),
    ),
  );
  return {
    told: results.filter(({ error }) => error === undefined).map(({ name }) => name),
    failed: results.flatMap(({ name, error }) => (error === undefined ? [] : [`${name}: ${error}`])),
  };
}
