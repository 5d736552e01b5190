// What a step of the loss waterfall is the sum of: the intervals of its classes, or the ideal times of parts.

import { readExplanation } from "./api.js";
import { h } from "./dom.js";
import { countTable, intervalTable } from "./explaintables.js";
import { count, momentText } from "./format.js";
import { plainText } from "./facttable.js";
import { Sheet } from "./sheet.js";
import { t } from "./strings.js";

const BUSY = ["run", "micro", "down", "setup"];
const EXTERNAL = new Set(["starved", "blocked"]);
const of = (...classes) => ({ interval: (row) => classes.includes(row.time_class) });
const STEPS = {
  calendar_s: { interval: () => true },
  unscheduled_s: of("unscheduled"),
  scheduled_s: { interval: (row) => row.time_class !== "unscheduled" },
  planned_excluded_s: of("planned"),
  no_order_s: of("no_order"),
  unknown_s: of("unknown"),
  planned_busy_s: of(...BUSY),
  setup_s: of("setup"),
  internal_down_s: { interval: (row) => row.time_class === "down" && !EXTERNAL.has(row.state) },
  external_s: { interval: (row) => row.time_class === "down" && EXTERNAL.has(row.state) },
  run_time_s: of("run", "micro"),
  micro_s: of("micro"),
  reduced_speed_s: { ...of("run"), parts: true },
  ideal_total_s: { parts: true },
  startup_rejects_s: { parts: true },
  quality_s: { parts: true },
  ideal_good_s: { parts: true },
  parts: { parts: true },
};

/** Opens a step of the waterfall of an asset in {from, to}; any KPI of the catalogue has all intervals and counts. */
export function openLoss(step, catalogue, asset, frame) {
  open(t(`loss.${step.name}`, {}, step.title), plainText("_s", step.seconds), step.name, catalogue, asset, frame);
}

/** Opens the parts made, {total, good, bad}. */
export function openParts({ total, good, bad }, catalogue, asset, frame) {
  const text = `${count(good)} ${t("parts.good")} · ${t("parts.total", { total: count(total), bad: count(bad) })}`;
  open(t("explain.counts"), text, "parts", catalogue, asset, frame);
}

function open(title, text, name, catalogue, asset, { from, to }) {
  const [kpi] = catalogue.keys();
  if (!kpi) return;
  const sheet = new Sheet("loss", title);
  sheet.fill(readExplanation(kpi, { asset, from, to }), (answer) => content(text, name, answer));
}

function content(text, name, answer) {
  const { interval, parts } = STEPS[name] ?? {};
  const [from, to] = [answer.from, answer.to].map((text) => momentText(Date.parse(text), answer.timezone));
  return [
    h("p", { class: "explain-sum" }, h("strong", {}, text)),
    h("p", { class: "quiet" }, `${from} – ${to}. ${t(`loss.${name}.why`, {}, "")}`),
    ...answer.machines.flatMap((machine) => [
      answer.machines.length > 1 ? h("h3", { class: "explain-machine" }, machine.asset) : null,
      interval ? section("intervals", machine.intervals.filter(interval), (rows) => intervalTable(rows, answer.rulings, answer.timezone)) : null,
      parts ? section("counts", machine.counts.filter((row) => row.booked === "scheduled"), (rows) => countTable(rows, answer.timezone)) : null,
    ]),
  ];
}

function section(name, rows, draw) {
  const title = t("explain.part", { title: t(`explain.${name}`), n: rows.length });
  return h("details", { "data-part": name, open: rows.length > 0 }, h("summary", {}, title), rows.length ? draw(rows) : null);
}
