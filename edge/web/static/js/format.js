// Numbers, durations and times as people read them; times are in the plant's zone, not the browser's.

import { locale, t } from "./strings.js";

const numbers = new Map();
const dates = new Map();
export const UNKNOWN = "–";

function numberFormat(options) {
  const key = locale() + JSON.stringify(options);
  if (!numbers.has(key)) numbers.set(key, new Intl.NumberFormat(locale(), options));
  return numbers.get(key);
}

function dateFormat(zone, options) {
  const key = `${locale()} ${zone} ${JSON.stringify(options)}`;
  if (!dates.has(key)) dates.set(key, newDateFormat(zone, options));
  return dates.get(key);
}

function newDateFormat(zone, options) {
  try {
    return new Intl.DateTimeFormat(locale(), { ...options, timeZone: zone || undefined });
  } catch {
    return new Intl.DateTimeFormat(locale(), { ...options, timeZone: "UTC" }); // a zone this browser does not know
  }
}

export function count(value) {
  return Number.isFinite(value) ? numberFormat({ maximumFractionDigits: 1 }).format(value) : UNKNOWN;
}

/** A share as "71.3 %"; unknown stays a dash, never zero. */
export function percent(value, digits = 1) {
  if (!Number.isFinite(value)) return UNKNOWN;
  return `${numberFormat({ minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value * 100)} %`;
}

/** A number with four significant digits and its unit. */
export function quantity(value, unit) {
  if (!Number.isFinite(value)) return UNKNOWN;
  const digits = Math.abs(value) >= 1000 ? { maximumFractionDigits: 0 } : { maximumSignificantDigits: 4 };
  const text = numberFormat(digits).format(value);
  return unit ? `${text} ${unit}` : text;
}

/** "45 s", "12:34 min", "2:05 h", "3 d 4 h". */
export function duration(seconds) {
  if (!Number.isFinite(seconds)) return UNKNOWN;
  if (seconds < 0) return `−${duration(-seconds)}`;
  const whole = Math.floor(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}:${two(whole % 60)} min`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 48 * 60) return `${Math.floor(minutes / 60)}:${two(minutes % 60)} h`;
  return `${Math.floor(minutes / 1440)} ${t("unit.day")} ${Math.floor((minutes % 1440) / 60)} h`;
}

function two(value) {
  return String(value).padStart(2, "0");
}

/** "14:05:09". */
export function clockTime(ms, zone) {
  return dateFormat(zone, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" }).format(ms);
}

/** "14:05". */
export function minuteTime(ms, zone) {
  return dateFormat(zone, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(ms);
}

/** "Mon 3 Mar". */
export function dayText(ms, zone) {
  return dateFormat(zone, { weekday: "short", day: "numeric", month: "short" }).format(ms);
}

/** "3 Mar, 14:05:09". */
export function momentText(ms, zone) {
  const options = { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", second: "2-digit" };
  return dateFormat(zone, { ...options, hourCycle: "h23" }).format(ms);
}

/** "3 Mar, 14:00 – 22:00": seconds only where there are some, the second day only where it is another. */
export function rangeText(from, to, zone) {
  const time = from % 60_000 || to % 60_000 ? clockTime : minuteTime;
  const moment = (ms) => `${dateFormat(zone, { day: "numeric", month: "short" }).format(ms)}, ${time(ms, zone)}`;
  const sameDay = dayText(from, zone) === dayText(to, zone);
  return `${moment(from)} – ${sameDay ? time(to, zone) : moment(to)}`;
}

/** "CET" or "GMT+1". */
export function zoneText(ms, zone) {
  const parts = dateFormat(zone, { timeZoneName: "short" }).formatToParts(ms);
  return parts.find((part) => part.type === "timeZoneName")?.value ?? "";
}

/** Milliseconds by which the zone is ahead of UTC at that instant. */
export function zoneOffset(ms, zone) {
  const options = { year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric" };
  const format = dateFormat(zone, { ...options, second: "numeric", hourCycle: "h23", calendar: "gregory" });
  const part = Object.fromEntries(format.formatToParts(ms).map(({ type, value }) => [type, Number(value)]));
  const local = Date.UTC(part.year, part.month - 1, part.day, part.hour, part.minute, part.second);
  return local - Math.floor(ms / 1000) * 1000;
}

/** Bytes as "312 B", "4.1 kB". */
export function size(bytes) {
  if (!Number.isFinite(bytes)) return UNKNOWN;
  return bytes < 1000 ? `${bytes} B` : `${count(bytes / 1000)} kB`;
}

const UNITS = { kwh: "kWh", h: "h", min: "min", ms: "ms", s: "s" };

/** The unit that a name ends in ("energy_kwh"), or "". */
export function unitOfName(name) {
  return UNITS[/(?<!_per)_(kwh|h|min|ms|s)$/u.exec(name)?.[1]] ?? "";
}

/** A name without its unit, as words: "energy_kwh" -> "Energy". */
export function wordsOf(name) {
  return humanize(unitOfName(name) ? name.slice(0, name.lastIndexOf("_")) : name);
}

/** "first_pass_yield" -> "First pass yield". */
export function humanize(name) {
  const text = String(name).replaceAll("_", " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}
