// A machine as a card: what it is doing, since when and why; then its numbers; then how fresh they are.

import { assetPage } from "./api.js";
import { onTick } from "./clock.js";
import { arrange, h, icon, setAttribute, setIcon, setText } from "./dom.js";
import { count, duration } from "./format.js";
import { healthLook } from "./health.js";
import { FactorBars, flagChips, headlineOf, KpiFigure, orderedKpis, valueText, unitOf } from "./kpis.js";
import { PartsBar } from "./parts.js";
import { nameOf } from "./plant.js";
import { inStateS, isExplained, lastHeardS, lookOf, TONES } from "./states.js";
import { t } from "./strings.js";

const CARE = new Set(["plan", "act"]);

/**
 * <machine-card>: `show(status, catalogue)` as often as wanted; it ticks by itself. As the head of a machine's page (class
 * `wide`) its numbers are buttons and dispatch `explain` (detail {name, value}; of the parts made without a name).
 */
class MachineCard extends HTMLElement {
  level = 3; // of its heading in the page
  #status = null;
  #parts = null;
  #leaving = null;
  #first = null;

  connectedCallback() {
    this.#leaving = new AbortController();
    onTick(() => this.#tick(), this.#leaving.signal);
  }

  disconnectedCallback() {
    this.#leaving.abort();
  }

  show(status, catalogue) {
    this.#parts ??= this.#build();
    this.#status = status;
    this.#showState(status);
    this.#showNumbers(status, catalogue);
    this.#showCare(status.maintenance);
    this.#showOrigin(status);
    this.#tick();
  }

  get asset() {
    return this.#status?.asset ?? "";
  }

  /** The shift that its strip is of, {from, to}; null where it has none. */
  get stripWindow() {
    return this.#parts?.strip && this.#status.connection !== "never" ? this.#status.window : null;
  }

  /** Shows an answer of the timeline as a band over the whole of {from, to}. */
  showStrip({ spans, totals }, { from, to }) {
    const { strip } = this.#parts;
    const [start, end] = [Date.parse(from), Date.parse(to)];
    const at = (text) => `${(((Date.parse(text) - start) / (end - start)) * 100).toFixed(2)}%`;
    const stops = spans.map((span) => `var(--${span.time_class.replace("_", "-")}, var(--rule)) ${at(span.from)} ${at(span.to)}`);
    const rest = `var(--rule) ${spans.length ? at(spans.at(-1).to) : "0%"} 100%`;
    strip.style.setProperty("background-image", `linear-gradient(to right, ${[...stops, rest].join(", ")})`);
    const known = TONES.filter((tone) => totals[tone] > 0).map((tone) => `${t(`tone.${tone}`)} ${duration(totals[tone])}`);
    setAttribute(strip, "aria-label", known.join(", "));
    setAttribute(strip, "title", known.join(", "));
    strip.hidden = !spans.length;
  }

  #build() {
    const pick = this.#wide ? (value) => this.#explain(this.#first, value) : null;
    const p = {
      icon: icon("unknown"),
      name: h("a", { class: "card-name" }),
      label: h("span", { class: "card-label" }),
      detail: h("span", { class: "card-detail" }),
      time: h("span", { class: "card-time" }),
      reason: h("p", { class: "card-reason" }),
      careIcon: icon("care"),
      careText: h("span", {}),
      figure: new KpiFigure(pick && (() => pick(null))),
      factors: new FactorBars(pick),
      parts: new PartsBar(pick && (() => this.#explain(null, "parts"))),
      strip: this.#wide ? null : h("div", { class: "card-strip", role: "img", hidden: true }),
      empty: h("p", { class: "quiet" }, t("card.never")),
      others: h("dl", { class: "card-others" }),
      making: h("span", { class: "card-making" }),
      heard: h("span", { class: "card-heard" }),
      chips: h("ul", { class: "chips" }),
    };
    const state = h("p", { class: "card-state" }, p.label, p.detail);
    const words = h("div", { class: "band-text" }, h("h3", { "aria-level": this.#wide ? 2 : this.level }, p.name), h("div", { class: "band-row" }, state, p.time));
    const band = h("header", { class: "band" }, p.icon, words);
    p.numbers = h("div", { class: "card-numbers" }, p.figure.node, p.factors.node);
    p.care = h("p", { class: "card-care" }, p.careIcon, p.careText);
    const body = h("div", { class: "card-body" }, p.care, p.reason, p.empty, p.numbers, p.parts.node, p.others, p.chips);
    this.replaceChildren(band, ...(p.strip ? [p.strip] : []), body, h("footer", { class: "card-foot" }, p.making, p.heard));
    return p;
  }

  #showState(status) {
    const p = this.#parts;
    const look = lookOf(status);
    setAttribute(this, "data-asset", status.asset);
    setAttribute(this, "data-tone", look.tone);
    setIcon(p.icon, look.icon);
    setText(p.name, nameOf(status));
    setAttribute(p.name, "href", assetPage(status.asset));
    setAttribute(p.name, "title", status.asset);
    setText(p.label, look.label);
    setText(p.detail, look.detail);
    setText(p.reason, status.reason ?? (look.tone === "down" && !isExplained(status) ? t("reason.none") : ""));
    p.reason.classList.toggle("missing", !status.reason);
    p.reason.hidden = !p.reason.textContent;
  }

  #showNumbers(status, catalogue) {
    const p = this.#parts;
    const never = status.connection === "never";
    const [first, ...rest] = never ? [] : orderedKpis(status.kpis, catalogue);
    p.empty.hidden = !never;
    p.numbers.hidden = !first;
    p.parts.node.hidden = never;
    this.#first = first?.[0] ?? null;
    if (first) {
      p.figure.update(first[1]);
      p.factors.update(first[1]);
    }
    p.parts.update(status.parts);
    const shown = rest.filter(([, kpi]) => headlineOf(kpi) !== null);
    p.others.replaceChildren(...shown.map(([name, kpi]) => otherKpi(name, kpi, this.#wide && (() => this.#explain(name, null)))));
    p.others.hidden = !shown.length;
    const chips = never ? [] : flagChips(status.kpis);
    if (status.configured === false) chips.unshift(h("li", { class: "chip", title: t("chip.unconfigured.why") }, t("chip.unconfigured")));
    if (status.behind_s) {
      const old = t("chip.behind", { time: duration(status.behind_s) });
      chips.unshift(h("li", { class: "chip warn", title: t("chip.behind.why") }, old));
    }
    if (status.rejections) chips.push(h("li", { class: "chip warn" }, t("card.rejections", { n: count(status.rejections) })));
    p.chips.replaceChildren(...chips);
    p.chips.hidden = !chips.length;
  }

  // What somebody has to plan or do; what is only to be watched is on the page of maintenance.
  #showCare(maintenance) {
    const p = this.#parts;
    const due = CARE.has(maintenance?.state);
    p.care.hidden = !due;
    if (!due) return;
    setAttribute(p.care, "data-tone", healthLook(maintenance.state).tone);
    setAttribute(p.care, "data-health", maintenance.acknowledged ? null : maintenance.state); // taken note of: quieter
    setText(p.careText, [t(`care.${maintenance.state}`), maintenance.signal].filter(Boolean).join(" · "));
  }

  get #wide() {
    return this.classList.contains("wide");
  }

  #explain(name, value) {
    this.dispatchEvent(new CustomEvent("explain", { detail: { name, value } }));
  }

  #showOrigin(status) {
    setText(this.#parts.making, [status.product, status.order].filter(Boolean).join(" · "));
  }

  #tick() {
    if (!this.#status) return;
    const heard = lastHeardS(this.#status);
    const never = this.#status.connection === "never";
    setText(this.#parts.time, never ? "" : duration(inStateS(this.#status)));
    setText(this.#parts.heard, heard === null ? t("heard.never") : t("heard.ago", { time: duration(heard) }));
  }
}

function otherKpi(name, kpi, click) {
  const text = valueText(kpi.headline, headlineOf(kpi), unitOf(kpi, kpi.headline));
  const shown = click ? h("button", { type: "button", class: "pick", click }, text) : text;
  return h("div", { "data-kpi": name }, h("dt", {}, kpi.title), h("dd", {}, shown));
}

/** Cards by asset path, made once, kept, and drawn anew only where the status is another. */
export class CardShelf {
  #cards = new Map();
  #drawn = new WeakMap();
  #level;

  /** `level` of the headings of its cards. */
  constructor(level = 3) {
    this.#level = level;
  }

  arrange(parent, statuses, catalogue) {
    const nodes = statuses.map((status) => {
      if (!this.#cards.has(status.asset)) this.#cards.set(status.asset, this.#made());
      const card = this.#cards.get(status.asset);
      if (this.#drawn.get(card) !== status) card.show(status, catalogue);
      this.#drawn.set(card, status);
      return card;
    });
    arrange(parent, nodes);
  }

  #made() {
    return Object.assign(document.createElement("machine-card"), { level: this.#level });
  }
}

customElements.define("machine-card", MachineCard);
