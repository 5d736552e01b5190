// Times that people type, in the plant's zone, as milliseconds, and back.

import { clockTime, zoneOffset } from "./format.js";

const HOUR_MS = 3_600_000;
const DAY_S = 86_400;

/** "2025-03-03T14:05:09", as a field for date and time holds it. */
export function fieldText(ms, zone) {
  return new Date(ms + zoneOffset(ms, zone)).toISOString().slice(0, 19);
}

/** The instant of such a text in the zone; NaN where it is none. */
export function fieldMs(text, zone) {
  const local = Date.parse(`${text}Z`);
  if (Number.isNaN(local)) return NaN;
  const first = local - zoneOffset(local, zone);
  return local - zoneOffset(first, zone); // the offset where it lands, not where it would in UTC
}

/** The first instant from `from` on when the clock of the zone shows "14:05:09" (or "14:05"). */
export function nextClock(text, from, zone) {
  const wanted = secondsOf(text);
  const start = Math.floor(from / 1000) * 1000;
  const ms = start + ((wanted - secondsOf(clockTime(start, zone)) + DAY_S) % DAY_S) * 1000;
  const shifts = [0, HOUR_MS, -HOUR_MS]; // the clock was changed in between
  return ms + (shifts.find((shift) => secondsOf(clockTime(ms + shift, zone)) === wanted) ?? 0);
}

function secondsOf(text) {
  const [hours, minutes, seconds = 0] = text.split(":").map(Number);
  return hours * 3600 + minutes * 60 + seconds;
}
