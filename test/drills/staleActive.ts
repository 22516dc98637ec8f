/**
 * SABOTAGE, for the drill's own test alone: the workload with a DynamoDB client that answers a failed read with what
 * it read before, so that a gateway cut off from the journal goes on saying that it is active.
 */
import { DynamoDBClient, GetItemCommand } from "@aws-sdk/client-dynamodb";

type Send = (command: unknown, options?: unknown) => Promise<unknown>;

const answers = new Map<string, unknown>();
const prototype = DynamoDBClient.prototype as unknown as { send: Send };
const { send } = prototype;

prototype.send = async function (this: unknown, command, options) {
  if (!(command instanceof GetItemCommand)) return await send.call(this, command, options);
  const key = JSON.stringify(command.input.Key);
  try {
    const answer = await send.call(this, command, options);
    answers.set(key, answer);
    return answer;
  } catch (error) {
    if (!answers.has(key)) throw error;
    return answers.get(key);
  }
};

await import("../../workload/main.ts");
