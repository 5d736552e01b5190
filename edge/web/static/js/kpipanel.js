// The KPIs of a machine in the shown window, each with every value and fact it was computed from.

import { readKpi } from "./api.js";
import { arrange, h, setText } from "./dom.js";
import { count, duration, humanize, momentText, percent, UNKNOWN } from "./format.js";
import { FactorBars, flagText, KpiFigure, valueName, valueText } from "./kpis.js";
import { t } from "./strings.js";

/** `refresh(asset, {from, to}, catalogue)`. */
export class KpiPanel {
  #cards = new Map();

  constructor() {
    this.node = h("div", { class: "kpi-cards" });
  }

  async refresh(asset, { from, to }, catalogue) {
    const kpis = [...catalogue.values()].sort((a, b) => a.rank - b.rank);
    const answers = await Promise.all(kpis.map(({ name }) => readKpi(name, { asset, from, to })));
    kpis.forEach((kpi, i) => {
      if (!this.#cards.has(kpi.name)) this.#cards.set(kpi.name, new KpiCard(kpi.name));
      this.#cards.get(kpi.name).show(kpi, answers[i]);
    });
    arrange(this.node, kpis.map(({ name }) => this.#cards.get(name).node));
  }
}

class KpiCard {
  constructor(name) {
    this.figure = new KpiFigure();
    this.factors = new FactorBars();
    this.chips = h("ul", { class: "chips" });
    this.origin = h("p", { class: "quiet" });
    this.tables = h("div", { class: "kpi-tables" });
    const details = h("details", {}, h("summary", {}, t("kpi.explain")), this.origin, this.tables);
    this.node = h("article", { class: "kpi-card", "data-kpi": name }, this.figure.node, this.factors.node, this.chips, details);
  }

  show(kpi, answer) {
    this.figure.update({ ...kpi, headline: kpi.headline || kpi.name, values: answer.values });
    this.factors.update({ ...kpi, details: kpi.details ?? [], values: answer.values });
    const chips = answer.flags.map((flag) => h("li", { class: "chip", title: t(`flag.${flag}.why`, {}, "") || null }, flagText(flag)));
    if (kpi.failures) chips.push(h("li", { class: "chip warn" }, t("kpi.failures", { n: count(kpi.failures), plugin: kpi.plugin })));
    this.chips.replaceChildren(...chips);
    this.chips.hidden = !chips.length;
    setText(this.origin, originText(answer, kpi));
    const settings = Object.keys(answer.settings ?? {}).length ? factTable(t("kpi.settings"), answer.settings, plainText) : null;
    const values = factTable(t("kpi.values"), answer.values, (name, value) => valueText(name, value, kpi.unit));
    this.tables.replaceChildren(...[values, factTable(t("kpi.facts"), answer.facts, plainText), settings].filter(Boolean));
  }
}

function originText(answer, kpi) {
  const zone = answer.timezone;
  const moments = [answer.from, answer.to, answer.as_of].map((text) => momentText(Date.parse(text), zone));
  const words = { from: moments[0], to: moments[1], asOf: moments[2], revision: answer.revision ?? UNKNOWN, coverage: percent(answer.coverage) };
  return `${t("kpi.origin", words)} ${kpi.plugin} ${kpi.version}`;
}

function factTable(title, facts, text) {
  return h("section", {}, h("h4", {}, title), h("table", { class: "facts" }, h("tbody", {}, factRows(facts, text, 0))));
}

// Nested facts (by station, by product) become indented rows.
function factRows(facts, text, depth) {
  return Object.entries(facts ?? {}).flatMap(([name, value]) => {
    const label = h("th", { scope: "row", title: name }, depth ? name : valueName(name));
    label.style.setProperty("--depth", String(depth));
    if (value !== null && typeof value === "object") {
      return [h("tr", {}, label, h("td")), ...factRows(value, text, depth + 1)];
    }
    return [h("tr", {}, label, h("td", { class: "number" }, text(name, value)))];
  });
}

function plainText(name, value) {
  if (value === null || value === undefined) return UNKNOWN;
  if (typeof value !== "number") return typeof value === "boolean" ? t(value ? "yes" : "no") : humanize(value);
  return name.endsWith("_s") && value >= 60 ? `${duration(value)} (${count(value)} s)` : count(value);
}
