// The course of a KPI over the shown window: one bar for each part of it, each opens where its number comes from.

import { arrange, h, setAttribute } from "./dom.js";
import { minuteTime, percent } from "./format.js";
import { headlineOf, unitOf, valueText } from "./kpis.js";
import { t } from "./strings.js";

const MINUTE_MS = 60_000;
const STEPS = [
  [20, null],
  [150, "5m"],
  [48 * 60, "1h"],
  [Infinity, "day"],
]; // up to so many minutes, the length of a part

/** The length of a part for a window, as the API says it; null where the window is too short for parts. */
export function stepOf({ from, to }) {
  const minutes = (Date.parse(to) - Date.parse(from)) / MINUTE_MS;
  return STEPS.find(([most]) => minutes <= most)[1];
}

/** `show(kpi, answer)` with an answer in steps; `pick(window)` is told of the part that somebody presses. */
export class Course {
  #bars = new Map();
  #windows = new WeakMap(); // bar -> {from, to}
  #at = null; // the bar that the keyboard has

  constructor(pick) {
    this.pick = pick;
    this.row = h("div", { class: "course-bars", role: "group", "aria-label": t("kpi.course"), keydown: (event) => this.#key(event) });
    this.ends = h("p", { class: "course-ends", "aria-hidden": "true" });
    this.node = h("div", { class: "course" }, this.row, this.ends);
  }

  show(kpi, { windows = [], timezone: zone }) {
    const values = windows.map((one) => headlineOf({ ...kpi, values: one.values }));
    this.node.hidden = values.filter((value) => value !== null).length < 2;
    if (this.node.hidden) return;
    const unit = unitOf(kpi, kpi.headline);
    const most = Math.max(unit === "1" && kpi.better === "up" ? 1 : 0, ...values); // a share that is to be large, of 100 %
    const shown = new Set(windows.map((one) => one.from));
    for (const from of this.#bars.keys()) if (!shown.has(from)) this.#bars.delete(from);
    const nodes = windows.map((one, i) => this.#bar(one, values[i], most, valueText(kpi.headline, values[i], unit), zone));
    arrange(this.row, nodes);
    if (!nodes.includes(this.#at)) this.#at = nodes.at(-1);
    for (const node of nodes) setAttribute(node, "tabindex", node === this.#at ? 0 : -1);
    const [first, last] = [windows[0].from, windows.at(-1).to].map((text) => minuteTime(Date.parse(text), zone));
    this.ends.replaceChildren(h("span", {}, first), h("span", {}, last));
  }

  #bar(one, value, most, text, zone) {
    if (!this.#bars.has(one.from)) {
      const made = h("button", { type: "button", class: "course-bar", click: () => this.pick(this.#windows.get(made)) }, h("span", {}));
      this.#bars.set(one.from, made);
    }
    const node = this.#bars.get(one.from);
    this.#windows.set(node, { from: one.from, to: one.to });
    const [from, to] = [one.from, one.to].map((moment) => minuteTime(Date.parse(moment), zone));
    const known = one.coverage === null || one.coverage >= 1 ? "" : ` (${t("kpi.known", { share: percent(one.coverage, 0) })})`;
    const label = `${from} – ${to}: ${text}${known}`;
    setAttribute(node, "aria-label", label);
    setAttribute(node, "title", label);
    setAttribute(node, "data-unknown", value === null ? "" : null);
    node.firstChild.style.setProperty("--share", String(value === null ? 1 : Math.max(value, 0) / (most || 1)));
    return node;
  }

  // One stop for the tabulator, arrows walk.
  #key(event) {
    const nodes = [...this.row.children];
    const at = nodes.indexOf(this.#at);
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: nodes.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const next = nodes[Math.min(Math.max(to, 0), nodes.length - 1)];
    setAttribute(this.#at, "tabindex", -1);
    setAttribute(next, "tabindex", 0);
    this.#at = next;
    next.focus();
  }
}
