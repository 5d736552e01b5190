// Where a number comes from: its sum in one line, then everything it is the sum of, down to the messages.

import { readExplanation } from "./api.js";
import { h } from "./dom.js";
import { momentText, percent, UNKNOWN } from "./format.js";
import { correctionTable, countTable, intervalTable, unitTable } from "./explaintables.js";
import { factTable, plainText } from "./facttable.js";
import { flagText, valueName, valueText, unitOf } from "./kpis.js";
import { isOver, revisionPart } from "./revisions.js";
import { Sheet } from "./sheet.js";
import { t } from "./strings.js";

const NEAR = 1e-9; // a sum that does not come to the number is not shown as its origin

/** Opens the explanation of one value of a KPI (its description from the catalogue) in {from, to}. */
export function openExplanation(kpi, value, asset, { from, to }) {
  const name = value || kpi.headline || kpi.name;
  const title = name === (kpi.headline || kpi.name) ? kpi.title : `${kpi.title}: ${valueName(name, kpi)}`;
  const sheet = new Sheet("explain", title);
  sheet.fill(readExplanation(kpi.name, { asset, from, to }), (answer) => content(kpi, name, answer));
}

function content(kpi, name, answer) {
  const text = valueText(name, answer.values[name], unitOf(kpi, name));
  const sum = sumLine(kpi, name, answer, text);
  const flags = answer.flags.map((flag) => h("li", {}, h("strong", { class: "chip warn" }, flagText(flag)), ` ${t(`flag.${flag}.why`, {}, "")}`));
  const values = factTable(t("kpi.values"), answer.values, kpi, (key, value) => valueText(key, value, unitOf(kpi, key)));
  return [
    h("p", { class: "explain-sum" }, sum ?? h("strong", {}, text)),
    h("p", { class: "quiet" }, originText(answer, kpi)),
    isOver(answer) ? revisionPart(kpi, name, answer) : null,
    flags.length ? h("ul", { class: "explain-flags" }, flags) : null,
    h(
      "details",
      { "data-part": "facts", open: !sum },
      h("summary", {}, t("explain.facts")),
      h("div", { class: "explain-facts" }, values, factTable(t("kpi.facts"), answer.facts, kpi)),
    ),
    ...answer.machines.flatMap((machine) => machineParts(machine, answer)),
  ];
}

// "Ideal time of good parts 2:09 h / planned busy time 3:06 h = 69.4 %", where the plugin says of what it is the quotient.
function sumLine(kpi, name, answer, text) {
  const [upper, lower] = kpi.quotients?.[name] ?? [];
  const [above, below] = [answer.facts[upper], answer.facts[lower]];
  const fits = Number.isFinite(above) && below > 0 && Math.abs(above / below - answer.values[name]) <= NEAR * Math.max(1, above / below);
  if (!fits) return null;
  const part = (key, value) => h("span", {}, valueName(key, kpi), " ", h("b", {}, plainText(key, value)));
  return [part(upper, above), h("span", {}, "/"), part(lower, below), h("span", {}, "="), h("strong", {}, text)];
}

function originText(answer, kpi) {
  const moments = [answer.from, answer.to, answer.as_of].map((text) => momentText(Date.parse(text), answer.timezone));
  const words = { from: moments[0], to: moments[1], asOf: moments[2], revision: answer.revision ?? UNKNOWN, coverage: percent(answer.coverage) };
  const provisional = answer.provisional ? ` ${t("explain.provisional")}` : "";
  return `${t("kpi.origin", words)}${provisional} ${kpi.plugin} ${kpi.version}`;
}

function machineParts(machine, { timezone: zone, rulings, machines }) {
  const flags = Object.entries(machine.flags).map(([flag, n]) => h("li", { class: "chip" }, `${flagText(flag)}: ${n}`));
  return [
    machines.length > 1 ? h("h3", { class: "explain-machine" }, machine.asset) : null,
    flags.length ? h("ul", { class: "chips" }, flags) : null,
    section("intervals", machine.intervals, () => intervalTable(machine.intervals, rulings, zone), true),
    section("counts", machine.counts, () => countTable(machine.counts, zone), true),
    section("units", machine.units, () => unitTable(machine.units, zone)),
    section("corrections", machine.corrections, () => correctionTable(machine.corrections, zone), true),
    h("details", { "data-part": "settings" }, h("summary", {}, t("kpi.settings")), factTable("", machine.settings, null)),
  ];
}

// Nothing is left out silently: an empty part says so in its heading.
function section(name, rows, draw, open = false) {
  const title = t("explain.part", { title: t(`explain.${name}`), n: rows.length });
  return h("details", { "data-part": name, open: open && rows.length > 0 }, h("summary", {}, title), rows.length ? draw() : null);
}
