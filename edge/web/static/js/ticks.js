// Round times of day for an axis, round in the plant's zone.

import { dayText, minuteTime, clockTime, zoneOffset } from "./format.js";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const STEPS = [
  10_000, 30_000, MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR,
  12 * HOUR, 24 * HOUR, 7 * 24 * HOUR,
]; // prettier-ignore

/** [{at, text}] of at most about `most` ticks between two instants (milliseconds). */
export function timeTicks(from, to, zone, most) {
  const step = STEPS.find((one) => (to - from) / one <= Math.max(most, 2)) ?? STEPS.at(-1);
  const offset = zoneOffset(from, zone);
  const ticks = [];
  for (let at = Math.ceil((from + offset) / step) * step - offset; at <= to; at += step) {
    ticks.push({ at, text: tickText(at, zone, step) });
  }
  return ticks;
}

function tickText(at, zone, step) {
  const time = minuteTime(at, zone);
  if (step >= HOUR && time === "00:00") return dayText(at, zone);
  return step < MINUTE ? clockTime(at, zone) : time;
}
