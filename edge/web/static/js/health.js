// How an assessment reads: its state as tone, icon and word, its reasons, its remaining life; pure.

import { h, icon } from "./dom.js";
import { clockTime, count, duration, humanize, momentText, percent, quantity, UNKNOWN } from "./format.js";
import { t } from "./strings.js";

/** States in the order of urgency. */
export const HEALTH = ["act", "plan", "watch", "unknown", "learning", "ok"];
const LOOKS = {
  act: { tone: "down", icon: "fault" },
  plan: { tone: "micro", icon: "setup" },
  watch: { tone: "setup", icon: "flag" },
  unknown: { tone: "unknown", icon: "unknown" },
  learning: { tone: "planned", icon: "idle" },
  ok: { tone: "run", icon: "run" },
};
const DAY_S = 86_400;
const SIGMA_MOST = 100;

/** {tone, icon, label} of a state. */
export function healthLook(state) {
  return { ...(LOOKS[state] ?? LOOKS.unknown), label: t(`health.${state}`, {}, humanize(state)) };
}

export function isAlarm(state) {
  return state === "watch" || state === "plan" || state === "act";
}

/** A state as a pill: icon and word on its ground. */
export function healthPill(state) {
  const { tone, icon: symbol, label } = healthLook(state);
  return h("span", { class: "health-pill", "data-tone": tone, "data-health": state }, icon(symbol), h("span", {}, label));
}

/** "2 d 4 h (18:00 h … 3 d 2 h)", or that it is not known. */
export function lifeText(life) {
  if (!life || life.value === null) return t("health.life.unknown");
  const text = life.unit === "s" ? lasting : (value) => quantity(value, life.unit);
  const range = life.low === null || life.high === null ? "" : ` (${text(life.low)} … ${text(life.high)})`;
  return text(life.value) + range;
}

/** What the interval means and what it rests on: "80 % of cases · from the trend". */
export function lifeBasis(life) {
  if (!life || life.value === null) return life?.text ?? "";
  const share = life.coverage === null ? "" : t("health.life.coverage", { share: percent(life.coverage, 0) });
  return [share, t(`health.basis.${life.basis}`, {}, life.basis), life.text].filter(Boolean).join(" · ");
}

// Nobody plans a bearing by the second.
function lasting(seconds) {
  if (seconds < 3600) return duration(seconds);
  const hours = Math.round(seconds / 3600);
  return seconds < 2 * DAY_S ? `${hours} h` : `${count(Math.round(hours / 24))} ${t("unit.day")}`;
}

/** "vibration 4.1 instead of 2.2 (+86 %)", "vibration 7.3 above its limit (7.1)". */
export function reasonText(reason) {
  if (!reason) return "";
  if (!reason.signal) return reason.text;
  const value = reason.value === null ? "" : quantity(reason.value, "");
  if (reason.expected === null) return [reason.signal, value, reason.text].filter(Boolean).join(" ");
  return `${reason.signal} ${t("health.instead", { value, expected: quantity(reason.expected, "") })}${change(reason, " (", ")")}${reason.text && `, ${reason.text}`}`;
}

/** "+86 %", or "". */
export function change(reason, before = "", after = "") {
  if (!Number.isFinite(reason.change_pct)) return "";
  const sign = reason.change_pct > 0 ? "+" : reason.change_pct < 0 ? "−" : "";
  return `${before}${sign}${percent(Math.abs(reason.change_pct) / 100, 0)}${after}`;
}

/** "12.5 σ"; beyond what anybody can tell apart "> 100 σ". */
export function sigmaText(sigma) {
  if (!Number.isFinite(sigma)) return UNKNOWN;
  return Math.abs(sigma) > SIGMA_MOST ? `> ${SIGMA_MOST} σ` : `${quantity(Math.round(sigma * 10) / 10, "")} σ`;
}

/** When something began: the time of day on the same day, else with the date. */
export function sinceText(since, now, zone) {
  if (!since) return UNKNOWN;
  const ms = Date.parse(since);
  return now - ms < 12 * 3_600_000 ? clockTime(ms, zone) : momentText(ms, zone);
}

/** Findings of the same kind as one, their signals together: a machine that is away is one finding, not one for each signal. */
export function together(findings) {
  const found = new Map();
  for (const finding of findings) {
    const key = `${finding.kind} ${finding.text ?? ""}`;
    const before = found.get(key);
    if (before) before.signal += `, ${finding.signal}`;
    else found.set(key, { ...finding });
  }
  return [...found.values()];
}

/** One sentence for a finding about a sensor. */
export function findingText({ signal, kind, text }) {
  return `${signal}: ${t(`finding.${kind}`, {}, humanize(kind))}${text ? ` (${text})` : ""}`;
}
