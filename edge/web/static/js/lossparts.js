// What a step of the loss waterfall is the sum of: the intervals of its classes, or the ideal times of parts.

import { readExplanation } from "./api.js";
import { h } from "./dom.js";
import { countTable, intervalTable } from "./explaintables.js";
import { momentText } from "./format.js";
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
};

/** Opens a step of the waterfall of an asset in {from, to}; `kpi` is any KPI, whose explanation has all intervals and counts. */
export function openLoss(step, kpi, asset, { from, to }) {
  const sheet = new Sheet("loss", t(`loss.${step.name}`, {}, step.title));
  sheet.fill(readExplanation(kpi, { asset, from, to }), (answer) => content(step, answer));
}

function content(step, answer) {
  const { interval, parts } = STEPS[step.name] ?? {};
  const [from, to] = [answer.from, answer.to].map((text) => momentText(Date.parse(text), answer.timezone));
  return [
    h("p", { class: "explain-sum" }, h("strong", {}, plainText("_s", step.seconds))),
    h("p", { class: "quiet" }, `${from} – ${to}. ${t(`loss.${step.name}.why`, {}, "")}`),
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
