// Where the time went: from calendar time down to good parts, step by step; and the reasons of the stops.

import { h, setAttribute, svg } from "./dom.js";
import { count, duration, percent } from "./format.js";
import { isExplained, stateName, UNPLANNED } from "./states.js";
import { t } from "./strings.js";

// The four families of loss; a name nobody knows here still shows, in the neutral colour.
const FAMILIES = [
  ["schedule", /^(unscheduled|planned_excluded|no_order|unknown|not_scheduled)/u],
  ["availability", /^(down|internal_down|setup|external|stop|failure|changeover)/u],
  ["performance", /^(micro|speed|slow|performance|reduced|minor)/u],
  ["quality", /^(quality|reject|bad|scrap|defect|startup)/u],
];
const SHOWN = 6; // reasons before somebody asks for all
const WIDTH = 1000;
const HEIGHT = 24;

function familyOf(name) {
  return FAMILIES.find(([, pattern]) => pattern.test(name))?.[0] ?? "other";
}

/**
 * <loss-waterfall>: `show(steps)` with [{name, title, seconds, kind}] in the order of the waterfall. A time is a button
 * and dispatches `pick` (detail: the step).
 */
class LossWaterfall extends HTMLElement {
  show(steps) {
    const whole = steps.find((step) => step.kind === "total")?.seconds ?? 0; // every bar is a share of the first total
    if (!whole) {
      this.replaceChildren(h("p", { class: "quiet" }, t("losses.none")));
      return;
    }
    const head = [t("losses.step"), h("span", { class: "visually-hidden" }, t("losses.bar")), t("losses.time"), t("losses.share")].map((text) => h("th", { scope: "col" }, text));
    const rows = placed(steps).filter(({ step }) => step.kind !== "loss" || Math.abs(step.seconds) >= 0.5);
    const picker = (step) => () => this.dispatchEvent(new CustomEvent("pick", { detail: step }));
    const body = rows.map((row) => waterfallRow(row, whole, picker(row.step)));
    this.replaceChildren(
      h("table", { class: "waterfall" }, h("caption", { class: "visually-hidden" }, t("losses.title")), h("thead", {}, h("tr", {}, head)), h("tbody", {}, body)),
    );
  }
}

// Gives each step its left and right end: a loss hangs from where the one before it ended.
function placed(steps) {
  let level = 0;
  return steps.map((step) => {
    if (step.kind !== "loss") {
      level = step.seconds;
      return { step, from: 0, to: level };
    }
    const row = { step, from: level - step.seconds, to: level };
    level = row.from;
    return row;
  });
}

function waterfallRow({ step, from, to }, whole, click) {
  const family = step.kind === "loss" ? familyOf(step.name) : step.kind;
  const gain = step.seconds < 0; // faster than planned: the ideal cycle is too slow
  const [left, right] = [Math.min(from, to), Math.max(from, to)].map((s) => (Math.max(s, 0) / whole) * WIDTH);
  const bar = svg("rect", { x: left, y: 4, width: Math.max(right - left, 3), height: HEIGHT - 8, rx: 2, class: "bar" });
  const end = (Math.max(step.kind === "loss" ? from : to, 0) / whole) * WIDTH;
  const edge = svg("line", { x1: end, x2: end, y1: HEIGHT - 4, y2: HEIGHT + 4, class: "edge" });
  const drawing = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", "aria-hidden": "true" }, bar, edge);
  const sign = step.kind === "loss" ? (gain ? "+" : "−") : "";
  return h(
    "tr",
    { "data-family": family, "data-kind": step.kind, "data-name": step.name },
    h("th", { scope: "row" }, t(`loss.${step.name}`, {}, step.title)),
    h("td", { class: "drawing" }, drawing),
    h("td", { class: "number" }, h("button", { type: "button", class: "pick", title: t("kpi.explain"), click }, sign + duration(Math.abs(step.seconds)))),
    h("td", { class: "number share" }, percent(Math.abs(step.seconds) / whole)),
  );
}

/**
 * <stop-reasons>: a Pareto table, `show(reasons)` with [{reason, state, time_class, seconds, count}]. With the attribute
 * `pickable` a reason is a button and dispatches `pick` (detail: the row, or {unexplained: true} for all without a reason).
 */
class StopReasons extends HTMLElement {
  #by = "seconds";
  #reasons = [];
  #all = false;

  show(reasons) {
    this.#reasons = reasons;
    if (!reasons.length) {
      this.replaceChildren(h("p", { class: "quiet" }, t("reasons.none")));
      return;
    }
    const by = this.#by;
    const sorted = [...reasons].sort((a, b) => b[by] - a[by]);
    const whole = sorted.reduce((sum, row) => sum + row[by], 0);
    let sum = 0;
    const rows = sorted.map((row) => reasonRow(row, this.#picker(row), row[by] / (sorted[0][by] || 1), (sum += row[by]) / (whole || 1)));
    const shown = this.#all ? rows : rows.slice(0, SHOWN);
    const table = h("table", { class: "pareto" }, this.#head(), h("tbody", {}, shown));
    this.replaceChildren(this.#unexplained(), h("div", { class: "table-scroll" }, table), this.#more(rows.length - shown.length));
  }

  #more(hidden) {
    const click = () => {
      this.#all = true;
      this.show(this.#reasons);
    };
    return hidden ? h("button", { type: "button", class: "button", click }, t("reasons.more", { n: hidden })) : "";
  }

  // A share of stops that nobody explained says how far the rest can be trusted.
  #unexplained() {
    const seconds = (rows) => rows.reduce((sum, row) => sum + row.seconds, 0);
    const stops = this.#reasons.filter((row) => UNPLANNED.has(row.time_class));
    const mute = stops.filter((row) => !isExplained(row));
    if (!stops.length) return "";
    if (!mute.length) return h("p", { class: "quiet" }, t("reasons.explained"));
    const share = seconds(mute) / seconds(stops);
    const words = { share: percent(share), n: count(mute.reduce((sum, row) => sum + row.count, 0)) };
    const text = t("reasons.unexplained", words);
    const click = this.#picker({ unexplained: true });
    return h("p", { class: "quiet", "data-high": share > 0.04 }, click ? h("button", { type: "button", class: "pick stop-hint", click }, text) : text);
  }

  #head() {
    const sorter = (by, text) =>
      h("button", { type: "button", class: "sorter", "aria-pressed": String(by === this.#by), click: () => this.#sort(by) }, text);
    const cell = (content, sorted) => h("th", { scope: "col", "aria-sort": sorted ? "descending" : null }, content);
    return h(
      "thead",
      {},
      h(
        "tr",
        {},
        cell(t("reasons.reason")),
        cell(sorter("seconds", t("losses.time")), this.#by === "seconds"),
        cell(sorter("count", t("reasons.count")), this.#by === "count"),
        cell(h("span", { title: t("reasons.sum.why") }, t("reasons.sum"))),
      ),
    );
  }

  #picker(row) {
    return this.hasAttribute("pickable") ? () => this.dispatchEvent(new CustomEvent("pick", { detail: row })) : null;
  }

  #sort(by) {
    this.#by = by;
    this.show(this.#reasons);
    this.querySelector('[aria-pressed="true"]').focus();
  }
}

function reasonRow(row, click, length, sum) {
  const bar = h("span", { class: "pareto-bar", "aria-hidden": "true" });
  bar.style.setProperty("--share", String(length));
  const text = h("span", { class: "pareto-reason" }, row.reason ?? stateName(row.state));
  const origin = row.reason ? stateName(row.state) : isExplained(row) ? "" : t("reason.none");
  const words = [origin, t(`tone.${row.time_class}`, {}, row.time_class)].filter(Boolean);
  const state = h("span", { class: "pareto-state" }, words.join(" · "));
  const name = click ? h("button", { type: "button", class: "pick", title: t("stops.ofReason"), click }, text, state) : [text, state];
  const line = h(
    "tr",
    {},
    h("th", { scope: "row" }, name, bar),
    h("td", { class: "number" }, duration(row.seconds)),
    h("td", { class: "number" }, count(row.count)),
    h("td", { class: "number" }, percent(sum, 0)),
  );
  setAttribute(line, "data-tone", row.time_class);
  return line;
}

customElements.define("loss-waterfall", LossWaterfall);
customElements.define("stop-reasons", StopReasons);
