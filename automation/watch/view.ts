/** The live view: some lines that are drawn anew every second, or one line each where there is no terminal. */
import { type Fact, isUnknown } from "../fact.ts";
import { errorRate, type Judged, type Sample } from "./sample.ts";

const BARS = "▁▂▃▄▅▆▇█";
export const HISTORY_SECONDS = 60;
const LABEL_WIDTH = 12;

export interface Seen {
  readonly sample: Sample;
  readonly judged: Judged;
}

/** @param seen oldest first, the newest last */
export function frame(seen: readonly Seen[], lastedSeconds: number): readonly string[] {
  const newest = seen.at(-1);
  if (newest === undefined) return ["looking…"];
  const { sample, judged } = newest;
  const { active, name, served, zones, addresses, healthyHosts } = sample;
  const { lagSeconds, behindEvents, journalMilliseconds, heartbeatSeconds } = sample;
  return [
    `${new Date(sample.at).toISOString().slice(11, 19)}  ${text(active, (region) => `${region} is active`)}  ${stateText(judged)} for ${lastedSeconds.toFixed(0)} s`,
    "",
    row(
      "public name",
      text(
        name,
        (it) =>
          `${it.region ?? "nobody"} answers ${it.served} of ${it.of} new clients${it.milliseconds === null ? "" : `, ${it.milliseconds.toFixed(0)} ms`}`,
      ),
    ),
    row(
      "errors",
      `${rate(sample)}, ${text(served, (it) => `${it.failed} of ${it.requests} requests`)}  ${spark(seen, errorRate, 100)}`,
    ),
    row(
      "latency",
      `${text(served, (it) => (it.meanMilliseconds === null ? "nothing asked" : `${it.meanMilliseconds.toFixed(1)} ms`))}  ${spark(seen, (one) => known(one.served, ({ meanMilliseconds }) => meanMilliseconds))}`,
    ),
    row(
      "zones",
      text(
        zones,
        (all) => all.map(({ zone, ready, gateways }) => `${zone} ${ready}/${gateways}`).join("  ") || "none",
      ),
    ),
    row(
      "addresses",
      text(addresses, ({ answering, of }) => `${answering} of ${of} answer`),
    ),
    ...(isUnknown(healthyHosts)
      ? []
      : [
          row(
            "targets",
            Object.entries(healthyHosts)
              .map(([zone, count]) => `${zone} ${count}`)
              .join("  "),
          ),
        ]),
    row(
      "replication",
      `${text(lagSeconds, (value) => `${value.toFixed(1)} s behind`)}, projection ${text(behindEvents, (value) => `${value} events`)}`,
    ),
    row(
      "journal",
      `${text(journalMilliseconds, (value) => `${value.toFixed(1)} ms`)}, newest record ${text(heartbeatSeconds, (age) => (age === null ? "none" : `${age.toFixed(1)} s old`))}  ${spark(seen, (one) => known(one.journalMilliseconds, (value) => value))}`,
    ),
    ...("reasons" in judged ? ["", ...judged.reasons.map((reason) => `  · ${reason}`)] : []),
  ];
}

/** The same in one line. */
export function line({ sample, judged }: Seen): string {
  const { name, served, zones, healthyHosts, journalMilliseconds, heartbeatSeconds } = sample;
  return [
    new Date(sample.at).toISOString().slice(11, 19),
    stateText(judged),
    text(name, ({ region, served: ok, of }) => `${region ?? "nobody"} ${ok}/${of}`),
    `errors ${rate(sample)}`,
    text(served, (it) => `${it.failed}/${it.requests} failed`),
    text(served, ({ meanMilliseconds }) =>
      meanMilliseconds === null ? "- ms" : `${meanMilliseconds.toFixed(1)} ms`,
    ),
    text(zones, (all) => all.map(({ zone, ready, gateways }) => `${zone} ${ready}/${gateways}`).join(" ")),
    ...(isUnknown(healthyHosts) ? [] : [`targets ${Object.values(healthyHosts).join("+")}`]),
    `lag ${text(sample.lagSeconds, (value) => `${value.toFixed(1)} s`)}`,
    `projection ${text(sample.behindEvents, (value) => `${value} events`)}`,
    `journal ${text(journalMilliseconds, (value) => `${value.toFixed(0)} ms`)}, ${text(heartbeatSeconds, (age) => (age === null ? "none" : `${age.toFixed(1)} s old`))}`,
    ...("reasons" in judged ? [judged.reasons.join("; ")] : []),
  ].join("  ");
}

const stateText = ({ state }: Judged): string =>
  ({ good: "GOOD", failing: "FAILING", unknown: "UNKNOWN" })[state];
const row = (label: string, content: string): string => `${label.padEnd(LABEL_WIDTH)} ${content}`.trimEnd();

function rate(sample: Sample): string {
  const percent = errorRate(sample);
  return percent === null ? "unknown" : `${percent.toFixed(1)} %`;
}

function text<T>(value: Fact<T>, show: (known: T) => string): string {
  return isUnknown(value) ? `unknown (${value.unknown.split("\n")[0]})` : show(value);
}

function known<T>(value: Fact<T>, of: (known: T) => number | null): number | null {
  return isUnknown(value) ? null : of(value);
}

/** The last minute as bars, up to the highest of them or `top`; a gap where it was unknown. */
export function spark(seen: readonly Seen[], of: (sample: Sample) => number | null, top?: number): string {
  const values = seen.slice(-HISTORY_SECONDS).map(({ sample }) => of(sample));
  const most = top ?? Math.max(0, ...values.map((value) => value ?? 0));
  return values
    .map((value) => {
      if (value === null) return " ";
      const step = most === 0 ? 0 : Math.ceil((value / most) * (BARS.length - 1));
      return BARS[Math.min(step, BARS.length - 1)] ?? " ";
    })
    .join("");
}
