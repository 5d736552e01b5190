// Values, facts and settings of a KPI as tables of name and number; whatever a plugin calls them.

import { h } from "./dom.js";
import { count, duration, humanize, quantity, unitOfName, UNKNOWN } from "./format.js";
import { valueName } from "./kpis.js";
import { t } from "./strings.js";

/** A titled table of the values, facts or settings of a KPI (or null); `text(name, value)` writes a value. */
export function factTable(title, facts, kpi, text = plainText) {
  return h("section", {}, h("h3", {}, title), h("table", { class: "facts" }, h("tbody", {}, factRows(facts, kpi, text, 0))));
}

/** A fact as text: long times in hours and in seconds, so that they can be added up. */
export function plainText(name, value) {
  if (value === null || value === undefined) return UNKNOWN;
  if (typeof value !== "number") return typeof value === "boolean" ? t(value ? "yes" : "no") : humanize(value);
  if (name.endsWith("_s") && value >= 60) return `${duration(value)} (${count(value)} s)`;
  const unit = unitOfName(name);
  return unit ? quantity(value, unit) : count(value);
}

// Nested facts (by station, by product) become indented rows; what they are nested by is no word of ours.
function factRows(facts, kpi, text, depth) {
  return Object.entries(facts ?? {}).flatMap(([name, value]) => {
    const label = h("th", { scope: "row", title: name }, depth % 2 ? name : valueName(name, kpi));
    label.style.setProperty("--depth", String(depth));
    if (value !== null && typeof value === "object") {
      return [h("tr", {}, label, h("td")), ...factRows(value, kpi, text, depth + 1)];
    }
    return [h("tr", {}, label, h("td", { class: "number" }, text(name, value)))];
  });
}
