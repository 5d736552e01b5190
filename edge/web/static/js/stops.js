// Stops as people speak of them: neighbouring spans of one stop with one reason; each can be given a reason.

import { h, setAttribute } from "./dom.js";
import { clockTime, duration, momentText } from "./format.js";
import { isExplained, reasonOf, stateName, UNPLANNED } from "./states.js";
import { t } from "./strings.js";

const SHOWN = 8; // rows before somebody asks for all
const NO_STOP = new Set(["run", "unscheduled"]);

/** Stops of a timeline answer, oldest first: {start, end, open, state, time_class, reason} in milliseconds. */
export function stopsOf({ spans, from, to, as_of: asOf }) {
  const found = [];
  for (const span of spans) {
    if (!span.stop && NO_STOP.has(span.time_class)) continue;
    const [start, end] = [Date.parse(span.from), Date.parse(span.to)];
    const last = found.at(-1);
    if (last?.end === start && last.reason === span.reason && last.state === span.state && last.of === span.stop?.from) last.end = end;
    else found.push({ start, end, of: span.stop?.from, stop: span.stop, state: span.state, time_class: span.time_class, reason: span.reason });
  }
  return found.map((row) => whole(row, Date.parse(from), Date.parse(to), Date.parse(asOf)));
}

// The window cuts stops; a correction is for all of one.
function whole(row, from, to, now) {
  if (!row.stop) return { ...row, open: false };
  const start = row.start <= from ? Date.parse(row.stop.from) : row.start;
  const open = row.stop.to === null && row.end >= Math.min(to, now);
  return { ...row, start, open, end: row.end >= to && row.stop.to ? Date.parse(row.stop.to) : row.end };
}

/** "14:05:09 – 14:12:20 (7:11 min)". */
export function stopTimes(stop, zone) {
  const end = stop.open ? t("stops.now") : clockTime(stop.end, zone);
  return `${momentText(stop.start, zone)} – ${end} (${duration((stop.end - stop.start) / 1000)})`;
}

/**
 * <stop-list>: `show(stops, zone)`, `only(row)` those of a row of reasons, of all that have none (`unexplained`), or all again
 * (null). Dispatches `pick` (detail: the stop).
 */
class StopList extends HTMLElement {
  #stops = [];
  #zone = "";
  #only = null;
  #all = false;

  show(stops, zone) {
    this.#stops = stops;
    this.#zone = zone;
    const focused = this.contains(document.activeElement) ? document.activeElement.dataset.start : null;
    const wanted = this.#only ? stops.filter((stop) => belongs(stop, this.#only)) : stops;
    const newest = [...wanted].reverse();
    const shown = this.#all ? newest : newest.slice(0, SHOWN);
    const rows = shown.map((stop) => this.#row(stop));
    const list = rows.length ? h("ol", { class: "stop-rows" }, rows) : h("p", { class: "quiet" }, t("reasons.none"));
    this.replaceChildren(...[this.#filter(), list, this.#more(newest.length - shown.length)].filter(Boolean));
    if (focused) this.querySelector(`[data-start="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
  }

  only(row) {
    this.#only = row;
    this.show(this.#stops, this.#zone);
  }

  #row(stop) {
    const click = () => this.dispatchEvent(new CustomEvent("pick", { detail: stop }));
    const what = h("span", { class: isExplained(stop) ? "stop-reason" : "stop-reason missing" }, reasonOf(stop));
    const words = [stop.reason || !isExplained(stop) ? stateName(stop.state) : null, stopTimes(stop, this.#zone)];
    const state = h("span", { class: "quiet" }, words.filter(Boolean).join(" · "));
    const swatch = h("span", { class: "swatch", "aria-hidden": "true" });
    const hint = h("span", { class: "stop-hint" }, t(stop.reason ? "stops.change" : isExplained(stop) ? "stops.add" : "stops.give"));
    const button = h("button", { type: "button", class: "stop-row", "data-start": stop.start, click }, swatch, h("span", { class: "stop-text" }, what, state), hint);
    const row = h("li", {}, button);
    setAttribute(row, "data-tone", stop.time_class);
    return row;
  }

  #filter() {
    if (!this.#only) return null;
    const text = t("stops.only", { reason: this.#only.unexplained ? t("reason.none") : this.#only.reason ?? stateName(this.#only.state) });
    return h("p", { class: "sheet-actions" }, h("span", {}, text), h("button", { type: "button", class: "button", click: () => this.only(null) }, t("stops.all")));
  }

  #more(hidden) {
    const click = () => {
      this.#all = true;
      this.show(this.#stops, this.#zone);
    };
    return hidden > 0 ? h("button", { type: "button", class: "button", click }, t("reasons.more", { n: hidden })) : null;
  }
}

function belongs(stop, row) {
  if (row.unexplained) return UNPLANNED.has(stop.time_class) && !isExplained(stop);
  return ["reason", "state", "time_class"].every((name) => stop[name] === row[name]);
}

customElements.define("stop-list", StopList);
