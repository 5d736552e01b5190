// What a line lost, in one row: planned busy time as a bar, from good parts to the losses, and the largest losses by name.

import { h } from "./dom.js";
import { duration, percent } from "./format.js";
import { stateName } from "./states.js";
import { t } from "./strings.js";

const NAMED = 4;
const LEAST = 0.001; // of the busy time; less is not worth a word
const BY_REASON = new Set(["down", "setup", "micro"]);
const BY_PARTS = { reduced_speed_s: "micro", startup_rejects_s: "quality", quality_s: "quality" };
const SEGMENTS = [
  ["good", ["ideal_good_s"]],
  ["down", ["internal_down_s", "external_s"]],
  ["setup", ["setup_s"]],
  ["micro", ["micro_s", "reduced_speed_s"]],
  ["quality", ["startup_rejects_s", "quality_s"]],
];

/** `show(losses)` with an answer of the API or null; hidden where no time was planned. `href` leads to all of them. */
export class LossBar {
  constructor(href = null) {
    this.bar = h("div", { class: "lost-bar", "aria-hidden": "true" });
    this.list = h("ul", { class: "lost-list", "aria-label": t("lost.label") });
    const title = href ? h("a", { href, title: t("lost.all") }, t("lost.title")) : h("span", {}, t("lost.title"));
    this.node = h("div", { class: "lost", title: t("lost.why"), hidden: true }, title, this.bar, this.list);
  }

  show(losses) {
    const steps = new Map((losses?.time ?? []).map((step) => [step.name, step.seconds]));
    const busy = steps.get("planned_busy_s") ?? 0;
    this.node.hidden = !(busy > 0);
    if (this.node.hidden) return;
    this.bar.replaceChildren(...SEGMENTS.map(([tone, names]) => segment(tone, names, steps)));
    const rows = largest(losses.reasons, steps).filter((row) => row.seconds / busy >= LEAST);
    this.list.replaceChildren(...rows.slice(0, NAMED).map((row) => named(row, busy)));
    if (!rows.length) this.list.replaceChildren(h("li", {}, t("lost.nothing")));
  }
}

function segment(tone, names, steps) {
  const seconds = names.reduce((sum, name) => sum + Math.max(steps.get(name) ?? 0, 0), 0);
  const node = h("span", { "data-tone": tone });
  node.style.setProperty("flex-grow", String(seconds));
  return node;
}

// Stops by their reason, whatever their length; slow running and rejects by what they are.
function largest(reasons, steps) {
  const found = new Map();
  const add = (label, tone, seconds) => {
    const row = found.get(label) ?? { label, tone, seconds: 0, most: 0 };
    if (seconds > row.most) Object.assign(row, { tone, most: seconds });
    row.seconds += seconds;
    found.set(label, row);
  };
  for (const row of reasons) if (BY_REASON.has(row.time_class)) add(row.reason ?? stateName(row.state), row.time_class, row.seconds);
  for (const [name, tone] of Object.entries(BY_PARTS)) add(t(`loss.${name}`), tone, steps.get(name) ?? 0);
  return [...found.values()].sort((a, b) => b.seconds - a.seconds);
}

function named({ label, tone, seconds }, busy) {
  const swatch = h("span", { class: "swatch", "aria-hidden": "true" });
  return h("li", { "data-tone": tone, title: duration(seconds) }, swatch, h("span", {}, label), h("strong", {}, percent(seconds / busy)));
}
