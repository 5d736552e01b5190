// A line on the board: its pooled numbers in a header, its machines below. Pooled by the server from sums, not here.

import { arrange, h, setAttribute, setText } from "./dom.js";
import { CardShelf } from "./card.js";
import { openExplanation } from "./explain.js";
import { minuteTime } from "./format.js";
import { FactorBars, headlineOf, KpiFigure, orderedKpis, unitOf, valueName, valueText } from "./kpis.js";
import { LossBar } from "./lossbar.js";
import { openParts } from "./lossparts.js";
import { PartsBar } from "./parts.js";
import { nameOf } from "./plant.js";
import { lookOf, urgency } from "./states.js";
import { t } from "./strings.js";

const MOST_CARDS = 12; // of a line; more are shown as tiles

/** Machine statuses of a line, the most urgent first or in the order of the line. */
export function machinesOf(plant, line, sort) {
  const found = line.machines.map((path) => plant.machines.get(path)).filter(Boolean);
  if (sort !== "worst") return found;
  const rank = new Map(found.map((status) => [status, machineUrgency(plant, status)]));
  return found.sort((a, b) => rank.get(b) - rank.get(a));
}

/** Urgency of a machine with its headline KPI. */
function machineUrgency(plant, status) {
  return urgency(status, headlineOf(orderedKpis(status.kpis, plant.kpis)[0]?.[1]));
}

/** Lines in the order to show them: the one with the most urgent machine first, or as the plant has them. */
export function linesInOrder(plant, sort) {
  const lines = [...plant.shownLines];
  if (sort !== "worst") return lines;
  const worst = (line) => Math.max(-1, ...machinesOf(plant, line, sort).map((status) => machineUrgency(plant, status)));
  const rank = new Map(lines.map((line) => [line, worst(line)]));
  return lines.sort((a, b) => rank.get(b) - rank.get(a));
}

/** How many machines have each tone. */
export function countTones(statuses) {
  const counts = new Map();
  for (const status of statuses) {
    const { tone } = lookOf(status);
    counts.set(tone, (counts.get(tone) ?? 0) + 1);
  }
  return counts;
}

/** <line-section>: `show(plant, line, {sort, tone, losses})`. */
class LineSection extends HTMLElement {
  #parts = null;
  #plant = null;
  #line = null;
  #first = null;
  #shelf = new CardShelf();

  show(plant, line, { sort, tone, losses }) {
    this.#parts ??= this.#build(line);
    const p = this.#parts;
    [this.#plant, this.#line] = [plant, line];
    setText(p.name, nameOf(line));
    setText(p.path, line.title ? "" : line.path); // the path of a line with a name shows where one points at it
    setAttribute(p.name, "title", line.path);
    setText(p.shift, shiftText(line.status));
    p.lost.show(losses.of(line));
    const kpis = orderedKpis(line.status?.kpis, plant.kpis);
    p.numbers.hidden = !kpis.length;
    if (kpis.length) this.#showKpis(kpis, line.status.parts);
    const machines = machinesOf(plant, line, sort).filter((status) => !tone || lookOf(status).tone === tone);
    this.hidden = !machines.length;
    p.cards.classList.toggle("dense", machines.length > MOST_CARDS);
    this.#shelf.arrange(p.cards, machines, plant.kpis);
  }

  #build(line) {
    const p = {
      name: h("a", { href: `/?${new URLSearchParams({ asset: line.path })}` }),
      path: h("span", { class: "line-path" }),
      shift: h("span", { class: "line-shift" }),
      lost: new LossBar(`/?${new URLSearchParams({ asset: line.path })}#losses`),
      figure: new KpiFigure(() => this.#explain(this.#first, null)),
      factors: new FactorBars((value) => this.#explain(this.#first, value)),
      parts: new PartsBar(() => this.#openParts()),
      others: h("dl", { class: "line-others" }),
      cards: h("div", { class: "cards" }),
    };
    const head = h("div", { class: "line-name" }, h("h2", {}, p.name), p.path, p.shift, p.others);
    p.numbers = h("div", { class: "line-numbers" }, p.figure.node, p.factors.node, p.parts.node);
    this.setAttribute("data-line", line.path);
    this.replaceChildren(h("header", { class: "line-head" }, head, p.numbers, p.lost.node), p.cards);
    return p;
  }

  #openParts() {
    const { parts, window: shift } = this.#line.status;
    openParts(parts, this.#plant.kpis, parts.of?.length === 1 ? parts.of[0] : this.#line.path, shift);
  }

  #explain(name, value) {
    const { kpis, window: shift } = this.#line.status;
    openExplanation({ name, plugin: "", version: "", ...kpis[name], ...this.#plant.kpis.get(name) }, value, this.#line.path, shift);
  }

  // What a line has and a machine has not.
  #ofLine(name, kpi) {
    const values = (this.#plant.kpis.get(name)?.of_line ?? []).filter((value) => Number.isFinite(kpi.values[value]));
    return values.map((value) => ofLine(valueName(value, kpi), value, valueText(value, kpi.values[value], unitOf(kpi, value)), () => this.#explain(name, value)));
  }

  #showKpis([[name, first], ...rest], parts) {
    const p = this.#parts;
    this.#first = name;
    p.figure.update(first);
    p.factors.update(first);
    p.parts.update(parts, whereCounted(parts, this.#plant));
    const known = rest.filter(([, kpi]) => headlineOf(kpi) !== null);
    const pooled = known.map(([other, kpi]) => pooledKpi(other, kpi, () => this.#explain(other, null)));
    const own = [[name, first], ...rest].flatMap(([other, kpi]) => this.#ofLine(other, kpi));
    p.others.replaceChildren(...pooled, ...own);
  }
}

/** "early 06:00 – 14:00": the time that the numbers of a line are of. */
export function shiftText(status) {
  if (!status?.window) return "";
  const { shift, timezone: zone } = status;
  const [from, to] = [(shift ?? status.window).from, (shift ?? status.window).to].map((text) => minuteTime(Date.parse(text), zone));
  return [shift?.name, `${from} – ${to}`].filter(Boolean).join(" ");
}

/** "at Packer 1" for parts of a line that are counted where they leave it; "" where every machine's are. */
export function whereCounted(parts, plant) {
  if (parts?.of?.length !== 1) return "";
  const [path] = parts.of;
  return t("parts.at", { machine: nameOf(plant.machines.get(path) ?? { path }) });
}

function ofLine(title, value, text, click) {
  return h("div", { "data-value": value }, h("dt", {}, title), h("dd", {}, h("button", { type: "button", class: "pick", click }, text)));
}

function pooledKpi(name, kpi, click) {
  const text = valueText(kpi.headline, headlineOf(kpi), unitOf(kpi, kpi.headline));
  return h("div", { "data-kpi": name, title: t("kpi.pooled") }, h("dt", {}, kpi.title), h("dd", {}, h("button", { type: "button", class: "pick", click }, text)));
}

/** Sections by line path, made once and kept. */
export class SectionShelf {
  #sections = new Map();

  arrange(parent, plant, lines, options) {
    const nodes = lines.map((line) => {
      if (!this.#sections.has(line.path)) this.#sections.set(line.path, document.createElement("line-section"));
      const section = this.#sections.get(line.path);
      section.show(plant, line, options);
      return section;
    });
    arrange(parent, nodes);
  }
}

customElements.define("line-section", LineSection);
