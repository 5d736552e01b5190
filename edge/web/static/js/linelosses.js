// What lines lost in this shift, and why: read for all that are shown, and in full below the board of a single line.

import { readAsset } from "./api.js";
import { monotonic } from "./clock.js";
import { h, setText } from "./dom.js";
import "./losses.js";
import { openLoss } from "./lossparts.js";
import { t } from "./strings.js";

const AGAIN_MS = 30_000;
const AT_ONCE = 3;

/** Hidden unless the board shows exactly one line; `refresh(plant)`. */
export class LineLosses {
  constructor() {
    this.wanted = window.location.hash === "#losses"; // there is nothing to go to before it is filled
    this.waterfall = document.createElement("loss-waterfall");
    this.reasons = document.createElement("stop-reasons");
    this.summed = h("p", { class: "quiet" });
    const left = h("section", { class: "panel", id: "losses" }, h("h2", {}, t("losses.title")), this.summed, this.waterfall);
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
    setText(this.summed, t("losses.machines", { n: line.machines.length }));
    this.summed.hidden = line.machines.length < 2;
    this.waterfall.show(losses.time);
    this.reasons.show(losses.reasons);
    if (this.wanted) this.node.scrollIntoView();
    this.wanted = false;
  }
}

/** The losses of each line in its shift, read again now and then: they move slowly. */
export class LossReader {
  #read = new Map(); // line -> {at, shift, losses}

  /** Of a line, null where they are not known (yet). */
  of(line) {
    return this.#read.get(line.path)?.losses ?? null;
  }

  /** Reads what is due, of a few lines at once. */
  async refresh(lines) {
    const waiting = lines.filter((line) => this.#isDue(line));
    const next = async () => {
      for (let line = waiting.shift(); line; line = waiting.shift()) await this.#readOne(line);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, next));
  }

  #isDue({ path, status }) {
    const known = this.#read.get(path);
    return Boolean(status?.window) && (known?.shift !== status.window.from || monotonic() - known.at > AGAIN_MS);
  }

  async #readOne({ path, status: { window: shift } }) {
    const losses = await lossesOf(path, shift.from, shift.to);
    this.#read.set(path, { at: monotonic(), shift: shift.from, losses });
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
