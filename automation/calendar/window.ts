/** When production may be disturbed on purpose. Pure: a window, a time, an answer. */
import type { MaintenanceWindow } from "../../components/model.ts";

const HOUR = 3_600_000;
const HOURS_OF_A_WEEK = 7 * 24;

interface LocalTime {
  readonly weekday: string;
  readonly hour: number;
}

function localTime(at: number, timeZone: string): LocalTime {
  const parts = new Intl.DateTimeFormat("en-US", {
    timeZone,
    weekday: "long",
    hour: "numeric",
    hourCycle: "h23",
  }).formatToParts(at);
  const part = (type: Intl.DateTimeFormatPartTypes) => parts.find((one) => one.type === type)?.value ?? "";
  return { weekday: part("weekday"), hour: Number(part("hour")) };
}

/** @param at milliseconds since 1970 */
export function isInside({ timeZone, weekday, hours }: MaintenanceWindow, at: number): boolean {
  const local = localTime(at, timeZone);
  return local.weekday === weekday && local.hour >= hours.from && local.hour < hours.to;
}

/** When it opens next, to the hour; milliseconds since 1970. A day that begins late still has its hours. */
export function nextOpening(window: MaintenanceWindow, at: number): number {
  // Zones are whole quarters of an hour apart.
  const step = HOUR / 4;
  let time = Math.ceil(at / step) * step;
  for (let tried = 0; tried < HOURS_OF_A_WEEK * 4 + 8; tried++, time += step) {
    if (isInside(window, time) && !isInside(window, time - step)) return time;
  }
  // Its hours do not exist this week, e.g. one that the clocks skip.
  return time;
}

export const describe = ({ timeZone, weekday, hours }: MaintenanceWindow): string =>
  `${weekday} ${hours.from}:00 to ${hours.to}:00, ${timeZone}`;
