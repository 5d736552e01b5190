// How a status looks and how urgent it is. A machine nobody hears is never shown with the state it had before.

import { monotonic } from "./clock.js";
import { t } from "./strings.js";

const LONG_STOP_S = 600;
export const UNPLANNED = new Set(["down", "micro"]);
const OUT_OF_PLAN = new Set(["unscheduled", "planned", "no_order"]);
const MUTE = new Set(["stopped", "fault", "idle", "unknown"]); // states that say nothing of why
const CLASS_FIRST = new Set(["micro", "planned", "no_order", "unscheduled"]);
const STATE_ICONS = new Set([
  "slow", "setup", "changeover", "cleaning", "stopped", "fault", "idle", "starved", "blocked", "operator", "unknown",
]);

/** Tones in the order of urgency; each has its colour, icon and word. */
export const TONES = ["down", "disconnected", "unknown", "setup", "micro", "run", "no_order", "planned", "unscheduled"];

/** {tone, icon, label, detail}: `label` is the word for the state, `detail` what else is known of it or "". */
export function lookOf(status) {
  if (status.connection && status.connection !== "online") return lookOfSilence(status);
  const { state, time_class: timeClass } = status;
  if (timeClass === "unknown" || state === "unknown") {
    return { tone: "unknown", icon: "unknown", label: t("state.unknown"), detail: t("state.unknown.detail") };
  }
  if (CLASS_FIRST.has(timeClass)) {
    return { tone: timeClass, icon: timeClass, label: t(`class.${timeClass}`), detail: stateName(state) };
  }
  const symbol = STATE_ICONS.has(state) ? state : timeClass === "down" ? "stopped" : timeClass;
  return { tone: timeClass, icon: symbol, label: stateName(state), detail: "" };
}

function lookOfSilence(status) {
  const { connection, time_class: timeClass } = status;
  const symbol = connection === "offline" ? "disconnected" : connection;
  const detail = OUT_OF_PLAN.has(timeClass) ? t(`class.${timeClass}`) : t(`connection.${connection}.detail`);
  return { tone: "disconnected", icon: symbol, label: t(`connection.${connection}`), detail };
}

/** The word for a state; names that nobody has translated are shown as they came. */
export function stateName(state) {
  return t(`state.${state}`, {}, state.replaceAll("_", " "));
}

/** Whether it is known why a machine stood: somebody gave a reason, or the state is one (starved, cleaning). */
export function isExplained({ reason, state }) {
  return Boolean(reason) || !MUTE.has(state);
}

/** The reason of a stop, the state that says enough by itself, or that nobody gave one. */
export function reasonOf(stop) {
  return stop.reason ?? (isExplained(stop) ? stateName(stop.state) : t("reason.none"));
}

/** Seconds in the present state, counted on since the answer came. */
export function inStateS(status) {
  return (status.in_state_s ?? 0) + sinceReceivedS(status);
}

/** Seconds since the machine was last heard, or null where it never was. */
export function lastHeardS(status) {
  return Number.isFinite(status.last_heard_s) ? status.last_heard_s + sinceReceivedS(status) : null;
}

function sinceReceivedS(status) {
  return status.received === undefined ? 0 : (monotonic() - status.received) / 1000;
}

/** How much a machine needs somebody, highest first: long stop, stop, not heard, set-up, short stop, low OEE. */
export function urgency(status, headline = null) {
  const { tone } = lookOf(status);
  const idle = OUT_OF_PLAN.has(status.time_class);
  const hours = Math.min(inStateS(status) / 3600, 99);
  if (tone === "down") return (inStateS(status) >= LONG_STOP_S ? 900 : 800) + hours;
  if (tone === "disconnected") return idle ? 60 : 700 + hours;
  if (tone === "unknown") return 600 + hours;
  if (tone === "setup") return 500 + hours;
  if (tone === "micro") return 400;
  if (tone === "run") return Number.isFinite(headline) ? 200 + 10 * Math.ceil(10 * (1 - headline)) : 150; // steps: no hopping
  return { no_order: 90, planned: 50, unscheduled: 10 }[tone] ?? 0;
}
