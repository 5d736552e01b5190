// Below the board of a single line: what the line lost in this shift, and why.

import { readAsset } from "./api.js";
import { h } from "./dom.js";
import "./losses.js";
import { openLoss } from "./lossparts.js";
import { t } from "./strings.js";

/** Hidden unless the board shows exactly one line; `refresh(plant)`. */
export class LineLosses {
  constructor() {
    this.waterfall = document.createElement("loss-waterfall");
    this.reasons = document.createElement("stop-reasons");
    const left = h("section", { class: "panel" }, h("h2", {}, t("losses.title")), this.waterfall);
    const right = h("section", { class: "panel" }, h("h2", {}, t("reasons.title")), this.reasons);
    this.node = h("div", { class: "panels", hidden: true }, left, right);
    this.waterfall.addEventListener("pick", ({ detail }) => openLoss(detail, ...this.shown));
  }

  async refresh(plant) {
    const [line, ...others] = plant.shownLines;
    const { from, to } = line?.status?.window ?? {};
    const losses = plant.filter && !others.length && from ? await lossesOf(line.path, from, to) : null;
    this.node.hidden = !losses;
    if (!losses) return;
    this.shown = [plant.kpis, line.path, { from: losses.from, to: losses.to }];
    this.waterfall.show(losses.time);
    this.reasons.show(losses.reasons);
  }
}

// A line whose losses cannot be answered still has its board.
async function lossesOf(path, from, to) {
  try {
    return await readAsset(path, "losses", { from, to });
  } catch (error) {
    if (error.status >= 400 && error.status < 500) return null;
    throw error;
  }
}
