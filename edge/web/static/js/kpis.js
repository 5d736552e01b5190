// Draws KPIs from what their plugins say of themselves (title, unit, headline, details, rank); no KPI is known by name.

import { arrange, h, setAttribute, setText } from "./dom.js";
import { count, duration, humanize, percent, quantity, unitOfName, UNKNOWN, wordsOf } from "./format.js";
import { hasText, language, t } from "./strings.js";

/** [[name, kpi]] of a status with what the catalogue says of it, by rank and then by name. */
export function orderedKpis(kpis, catalogue) {
  const rank = (name) => catalogue.get(name)?.rank ?? 1000;
  const sorted = Object.entries(kpis ?? {}).sort(([a], [b]) => rank(a) - rank(b) || (a < b ? -1 : 1));
  return sorted.map(([name, kpi]) => [name, { ...catalogue.get(name), ...kpi, name }]);
}

/** The value shown large: a number or null. */
export function headlineOf(kpi) {
  const value = kpi?.values?.[kpi.headline];
  return Number.isFinite(value) ? value : null;
}

/** The unit of one value of a KPI. */
export function unitOf(kpi, name) {
  return kpi?.units?.[name] ?? (unitOfName(name) || kpi?.unit || "");
}

// Seconds and counts show in their own units, whatever the unit of the KPI.
function isShare(name, unit) {
  return unit === "1" && !name.endsWith("_s") && !isCount(name);
}

function isCount(name) {
  return name.endsWith("_count") && !name.endsWith("_by_count");
}

/** A value of a KPI as text. */
export function valueText(name, value, unit) {
  if (value === null || value === undefined) return UNKNOWN;
  if (typeof value !== "number") return String(value);
  if (name.endsWith("_s")) return duration(value);
  if (isCount(name)) return count(value);
  return unit === "1" ? percent(value) : quantity(value, unit);
}

/**
 * The word for a value or a fact of a KPI (its description from the catalogue): what its plugin calls it, in other languages
 * than English the page's own word first. The names of the time model are those of the waterfall.
 */
export function valueName(name, kpi = null) {
  const own = [`value.${kpi?.name}.${name}`, `value.${name}`, `loss.${name}`].find(hasText);
  const titled = kpi?.titles?.[name];
  if (titled && (language() === "en" || !own)) return titled;
  return own ? t(own) : wordsOf(name);
}

/** What the large number of a KPI is, where the title of the KPI does not say so: "Inherent availability" of "Reliability". */
function headlineName(kpi) {
  const name = kpi.headline;
  if (!name || name === kpi.name) return "";
  const text = valueName(name, kpi);
  return text.toLowerCase() === kpi.title.toLowerCase() ? "" : text;
}

/** One sentence for a flag of a KPI. */
export function flagText(flag) {
  return t(`flag.${flag}`, {}, humanize(flag));
}

/** Large number with its unit set small: `update(kpi)`. With `pick` it is a button. */
export class KpiFigure {
  constructor(pick = null) {
    this.number = h("span", { class: "figure-number" });
    this.unit = h("span", { class: "figure-unit" });
    this.title = h("span", { class: "figure-title" });
    this.what = h("span", { class: "figure-what" });
    const parts = [this.title, h("span", { class: "figure-value" }, this.number, this.unit), this.what];
    this.node = pick ? h("button", { type: "button", class: "figure pick", click: pick }, parts) : h("div", { class: "figure" }, parts);
  }

  update(kpi) {
    const value = headlineOf(kpi);
    const unit = unitOf(kpi, kpi.headline);
    const share = isShare(kpi.headline, unit);
    const text = value === null ? UNKNOWN : share ? percent(value).replace(/\s*%$/u, "") : quantity(value, "");
    setText(this.title, kpi.title);
    setText(this.what, headlineName(kpi));
    this.what.hidden = !this.what.textContent;
    setText(this.number, text);
    setText(this.unit, value === null ? "" : share ? "%" : unit);
    setAttribute(this.node, "title", value === null ? t("kpi.unknown") : null);
  }
}

/** The details of a KPI as small bars; a share above one runs over its mark and is not capped. `pick(name)` makes them buttons. */
export class FactorBars {
  constructor(pick = null) {
    this.pick = pick;
    this.node = h("ul", { class: "factors" });
    this.rows = new Map();
  }

  update(kpi) {
    const names = (kpi.details ?? []).filter((name) => typeof (kpi.values[name] ?? 0) === "number");
    for (const name of names) {
      if (!this.rows.has(name)) this.rows.set(name, new FactorBar(name, valueName(name, kpi), this.pick));
      this.rows.get(name).update(kpi.values[name], unitOf(kpi, name));
    }
    arrange(this.node, names.map((name) => this.rows.get(name).node));
  }
}

const BAR_FULL = 1.1; // a bar shows up to 110 %, so that performance above 100 % is seen to be so

class FactorBar {
  constructor(name, title, pick) {
    this.name = name;
    this.value = h("span", { class: "factor-value" });
    this.bar = h("span", { class: "factor-bar", "aria-hidden": "true" });
    const parts = [h("span", { class: "factor-name", title }, title), this.bar, this.value];
    const button = () => h("button", { type: "button", class: "factor pick", "data-value": name, click: () => pick(name) }, parts);
    this.node = pick ? h("li", {}, button()) : h("li", { class: "factor" }, parts);
  }

  update(value, unit) {
    const share = isShare(this.name, unit) && Number.isFinite(value);
    setText(this.value, valueText(this.name, value, unit));
    this.bar.hidden = !share;
    if (!share) return;
    this.bar.style.setProperty("--share", String(Math.min(Math.max(value / BAR_FULL, 0), 1)));
    this.bar.classList.toggle("over", value > 1);
  }
}

/** Flags of all KPIs as chips, each once. */
export function flagChips(kpis) {
  const flags = new Set(Object.values(kpis ?? {}).flatMap((kpi) => kpi.flags ?? []));
  return [...flags].sort().map((flag) => h("li", { class: "chip", title: t(`flag.${flag}.why`, {}, "") || null }, flagText(flag)));
}
