// The parts of an explanation as tables: intervals with their ruling, counts, units, corrections; each leads to its messages.

import { h } from "./dom.js";
import { clockTime, count, duration, momentText, UNKNOWN } from "./format.js";
import { messageButtons } from "./message.js";
import { correctionText } from "./correctiontext.js";
import { stateName } from "./states.js";
import { t } from "./strings.js";

const AT_ONCE = 100; // rows before somebody asks for more

/** Time class by class, then every interval. */
export function intervalTable(intervals, rulings, zone) {
  const rows = intervals.map((interval) => [
    time(interval.from, zone),
    [clockTime(Date.parse(interval.to), zone), "number"],
    [duration(interval.seconds), "number"],
    tone(interval.time_class),
    stateName(interval.state),
    interval.reason ?? "",
    [interval.ruling === null ? t("explain.itself") : `${interval.ruling}: ${rulings[interval.ruling] ?? ""}`, "explain-ruling"],
    messagesBehind(interval, zone),
  ]);
  const names = ["from", "to", "length", "class", "state", "reason", "ruling", "message"];
  return h("div", {}, classSums(intervals), table(names, rows));
}

/** Counts with their ideal times, and the sum of those that are booked as scheduled. */
export function countTable(counts, zone) {
  const numbers = ["total", "bad", "good", "ideal_total_s", "ideal_good_s"];
  const scheduled = counts.filter((row) => row.booked === "scheduled");
  const sums = numbers.map((name) => [count(scheduled.reduce((sum, row) => sum + row[name], 0)), "number"]);
  const rows = counts.map((row) => [
    time(row.from, zone),
    [clockTime(Date.parse(row.to), zone), "number"],
    row.product ?? UNKNOWN,
    t(`booked.${row.booked}`, {}, row.booked),
    [count(row.ideal_s), "number"],
    ...numbers.map((name) => [count(row[name]), "number"]),
    messageButtons(row.offsets, zone),
  ]);
  const names = ["from", "to", "product", "booked", "ideal_s", ...numbers, "message"];
  return table(names, rows, [t("explain.sum"), "", "", "", "", ...sums, ""]);
}

export function unitTable(units, zone) {
  const verdict = (text) => t(`verdict.${text}`, {}, text);
  const rows = units.map((unit) => [unit.serial, unit.station, time(unit.ts, zone), verdict(unit.first), verdict(unit.final), messageButtons(unit.offsets, zone)]);
  return table(["serial", "station", "time", "first", "final", "message"], rows);
}

export function correctionTable(corrections, zone) {
  const rows = corrections.map((row) => [
    time(row.received, zone),
    correctionText(row, zone),
    row.by,
    row.why,
    row.revoked ? t("corrections.revoked", { by: row.revoked.by, why: row.revoked.why }) : "",
    messageButtons([[row.offset, row.offset]], zone),
  ]);
  return table(["when", "what", "who", "why", "revoked", "message"], rows);
}

// Seconds by class: what the time facts of a KPI are added up from.
function classSums(intervals) {
  const sums = new Map();
  for (const { time_class: kind, seconds } of intervals) sums.set(kind, (sums.get(kind) ?? 0) + seconds);
  const busy = intervals.reduce((sum, row) => sum + (row.busy ? row.seconds : 0), 0);
  const items = [...sums].map(([kind, seconds]) => h("li", {}, tone(kind), " ", h("strong", {}, duration(seconds)), ` (${count(seconds)} s)`));
  return h("ul", { class: "explain-classes" }, items, h("li", {}, t("explain.busy"), " ", h("strong", {}, duration(busy)), ` (${count(busy)} s)`));
}

function tone(kind) {
  return h("span", { class: "toned", "data-tone": kind }, h("span", { class: "swatch", "aria-hidden": "true" }), t(`tone.${kind}`, {}, kind));
}

// The message that said so, and the corrections over it.
function messagesBehind({ offset, corrections }, zone) {
  const all = [...(offset === null ? [] : [offset]), ...corrections];
  return all.length ? messageButtons(all.map((one) => [one, one]), zone) : UNKNOWN;
}

function time(text, zone) {
  return h("time", { datetime: text }, momentText(Date.parse(text), zone));
}

function table(names, rows, foot = null) {
  const head = names.map((name) => h("th", { scope: "col" }, t(`column.${name}`)));
  const body = h("tbody", {}, rows.slice(0, AT_ONCE).map(line));
  const parts = [h("thead", {}, h("tr", {}, head)), body, foot && h("tfoot", {}, line(foot))];
  const whole = h("div", { class: "table-scroll", tabindex: "0" }, h("table", { class: "parts-table" }, parts));
  return rows.length > AT_ONCE ? h("div", {}, whole, moreButton(body, rows.slice(AT_ONCE))) : whole;
}

function moreButton(body, rows) {
  const click = ({ currentTarget }) => {
    body.append(...rows.map(line));
    currentTarget.remove();
  };
  return h("button", { type: "button", class: "button", click }, t("reasons.more", { n: rows.length }));
}

// A cell is its content, or [content, class]; a list of buttons is content too.
function line(cells) {
  return h("tr", {}, cells.map((cell) => (Array.isArray(cell) && typeof cell[1] === "string" ? h("td", { class: cell[1] }, cell[0]) : h("td", {}, cell))));
}
