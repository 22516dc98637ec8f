/**
 * Log items as DynamoDB attributes. The body is not compressed: an operator can read the log in the console.
 */
import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import { isRegion } from "../components/model.ts";
import { TamperedError } from "./errors.ts";
import { type LogItem, SEAL_REASONS, type SealReason } from "./model.ts";

export type Attributes = Record<string, AttributeValue>;

export const text = (value: string): AttributeValue => ({ S: value });
export const number = (value: number): AttributeValue => ({ N: String(value) });

/**
 * Everything but the key. Absent: `writer` of a seal that lets nobody write, `baseIndex` of a whole record.
 */
export function toAttributes(item: LogItem): Attributes {
  const common = {
    kind: text(item.kind),
    ts: number(item.ts),
    prevHash: text(item.prevHash),
    hash: text(item.hash),
  };
  if (item.kind === "record") {
    return { ...common, writer: text(item.writer), events: number(item.events), body: text(item.body) };
  }
  const { base, writer } = item;
  return {
    ...common,
    baseEpoch: number(base.epoch),
    baseSeq: number(base.seq),
    ...(base.index === null ? {} : { baseIndex: number(base.index) }),
    region: text(item.region),
    ...(writer === null ? {} : { writer: text(writer) }),
    generation: number(item.generation),
    reason: text(item.reason),
    sealer: text(item.sealer),
  };
}

/** Throws TamperedError when the attributes are not a log item's. */
export function fromAttributes(shard: number, epoch: number, attributes: Attributes): LogItem {
  const seq = Number(attributes["sk"]?.N);
  const broken = (what: string) =>
    new TamperedError(shard, { epoch, seq }, `the stored item has no valid ${what}`);
  const getText = (name: string): string => {
    const value = attributes[name]?.S;
    if (value === undefined) throw broken(name);
    return value;
  };
  const getNumber = (name: string): number => {
    const value = Number(attributes[name]?.N);
    if (!Number.isSafeInteger(value)) throw broken(name);
    return value;
  };
  const common = {
    shard,
    epoch,
    seq,
    ts: getNumber("ts"),
    prevHash: getText("prevHash"),
    hash: getText("hash"),
  };
  const kind = getText("kind");
  if (kind === "record") {
    const [writer, events, body] = [getText("writer"), getNumber("events"), getText("body")];
    return { kind, ...common, writer, events, body };
  }
  if (kind !== "seal") throw broken("kind");
  const index = attributes["baseIndex"] ? getNumber("baseIndex") : null;
  const region = getText("region");
  const reason = getText("reason");
  if (!isRegion(region)) throw broken("region");
  if (!isSealReason(reason)) throw broken("reason");
  return {
    kind,
    ...common,
    base: { epoch: getNumber("baseEpoch"), seq: getNumber("baseSeq"), index },
    region,
    writer: attributes["writer"] ? getText("writer") : null,
    generation: getNumber("generation"),
    reason,
    sealer: getText("sealer"),
  };
}

const isSealReason = (value: string): value is SealReason =>
  (SEAL_REASONS as readonly string[]).includes(value);
