// The KPIs of a machine in the shown window with their course over it; every number opens where it comes from.

import { readKpi, readRevisions } from "./api.js";
import { arrange, h } from "./dom.js";
import { openExplanation } from "./explain.js";
import { count } from "./format.js";
import { Course, stepOf } from "./course.js";
import { FactorBars, flagText, KpiFigure } from "./kpis.js";
import { isOver } from "./revisions.js";
import { t } from "./strings.js";

/** `refresh(asset, {from, to}, catalogue)`. */
export class KpiPanel {
  #cards = new Map();

  constructor() {
    this.node = h("div", { class: "kpi-cards" });
  }

  async refresh(asset, { from, to }, catalogue) {
    const kpis = [...catalogue.values()].sort((a, b) => a.rank - b.rank);
    const step = stepOf({ from, to });
    const answers = await Promise.all(kpis.map(({ name }) => readKpi(name, { asset, from, to, step })));
    kpis.forEach((kpi, i) => {
      if (!this.#cards.has(kpi.name)) this.#cards.set(kpi.name, new KpiCard(kpi.name));
      this.#cards.get(kpi.name).show(kpi, answers[i]);
    });
    arrange(this.node, kpis.map(({ name }) => this.#cards.get(name).node));
  }
}

class KpiCard {
  #shown = null;
  #key = null;

  constructor(name) {
    const pick = (value) => openExplanation(this.#shown.kpi, value, this.#shown.asset, this.#shown);
    this.figure = new KpiFigure(() => pick(null));
    this.factors = new FactorBars(pick);
    this.course = new Course((part) => openExplanation(this.#shown.kpi, null, this.#shown.asset, part));
    this.chips = h("ul", { class: "chips" });
    this.changed = h("button", { type: "button", class: "restated", hidden: true, click: () => pick(null) });
    const how = h("button", { type: "button", class: "how", click: () => pick(null) }, t("kpi.explain"));
    this.node = h("article", { class: "kpi-card", "data-kpi": name }, this.figure.node, this.factors.node, this.course.node, this.chips, this.changed, how);
  }

  show(kpi, answer) {
    this.#shown = { kpi, asset: answer.asset, from: answer.from, to: answer.to };
    this.figure.update({ ...kpi, headline: kpi.headline || kpi.name, values: answer.values });
    this.factors.update({ ...kpi, details: kpi.details ?? [], values: answer.values });
    this.course.show({ ...kpi, headline: kpi.headline || kpi.name }, answer);
    const chips = answer.flags.map((flag) => h("li", { class: "chip", title: t(`flag.${flag}.why`, {}, "") || null }, flagText(flag)));
    if (kpi.failures) chips.push(h("li", { class: "chip warn" }, t("kpi.failures", { n: count(kpi.failures), plugin: kpi.plugin })));
    this.chips.replaceChildren(...chips);
    this.chips.hidden = !chips.length;
    this.#showRestated(kpi.name, answer);
  }

  // Read once for each state of a window that is over.
  async #showRestated(name, answer) {
    const key = [answer.from, answer.to, answer.revision].join();
    if (key === this.#key) return;
    this.#key = key;
    this.changed.hidden = true;
    if (!isOver(answer)) return;
    const { revisions } = await readRevisions(name, { asset: answer.asset, from: answer.from, to: answer.to }).catch(() => ({ revisions: [] }));
    if (key !== this.#key) return;
    this.changed.textContent = t("revisions.restated", { n: revisions.length - 1 });
    this.changed.hidden = revisions.length < 2;
  }
}
